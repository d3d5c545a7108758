"""The whole function: GitHub is a real HTTP server, AWS is in memory behind boto3."""

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from functions.deployment_trigger import credential_end, handler
from functions.deployment_trigger.github import GitHub
from functions.deployment_trigger.package import Approval
from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import CredentialError, ExplainedError
from sandbox.aws.cloudwatch import embedded_format
from tests.functions.deployment_trigger.fakes import PROJECT_ID, REPOSITORY, TRAINING, Fakes, arn
from tests.functions.shared.server import Reply, Server, serving

TOKEN = "ghp_a-token-that-no-log-may-show"
RUN = "https://github.com/acme/runs/7"
BOT = "mlops-bot"
"""The platform's account."""


@dataclass
class Context:
    """A Lambda context."""

    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 240_000


class Secrets:
    """The credential."""

    def __init__(self) -> None:
        self.value = json.dumps({"token": TOKEN})
        self.read = 0

    def get_secret_value(self, **arguments: str) -> dict[str, str]:
        assert arguments == {"SecretId": "arn:secret"}
        self.read += 1
        return {"SecretString": self.value}


@pytest.fixture
def github() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, github: Server, secrets: Secrets) -> Fakes:
    fakes = Fakes()
    fakes.sagemaker.register(1)
    fakes.approve()

    def client(service: str, config: object) -> Any:
        return {"sagemaker": fakes.sagemaker, "ssm": fakes.ssm, "s3": fakes.s3, "secretsmanager": secrets}[service]

    monkeypatch.setattr(boto3, "client", client)
    handler.services.cache_clear()
    for name, value in {
        "GITHUB_API_URL": f"{github.url}/",
        "GITHUB_CREDENTIAL_SECRET_ARN": "arn:secret",
        "PARAMETER_PATH": "/mlops/analytics/dev",
        "PLATFORM_PREFIX": "analytics-dev",
        "ACCOUNT_ID": "111111111111",
        "AWS_REGION": "eu-west-1",
        "LIFE_CYCLE_ROLE": "analytics-dev-model-life-cycle",
        "UNIT": "analytics",
        "RETRAINING_ACCOUNTS": '{"prod": "333333333333"}',
    }.items():
        monkeypatch.setenv(name, value)
    return fakes


def an_event(version: int = 1, **detail: object) -> dict[str, object]:
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Package State Change",
        "detail": {"ModelPackageArn": arn(version), "ModelApprovalStatus": "Approved", **detail},
    }


def a_run(approval: str, **changes: object) -> dict[str, object]:
    """Return a run that the platform's account started on main, unless `changes` say otherwise."""
    return {
        "display_title": f"Deploy {arn(1)} {approval}",
        "html_url": RUN,
        "event": "workflow_dispatch",
        "head_branch": "main",
        "head_sha": "7e57ed",
        "actor": {"login": BOT},
        **changes,
    }


ACCOUNT = Reply(body={"login": BOT})
MAIN = Reply(body={"commit": {"sha": "newest"}})


def ancestry(status: str = "ahead") -> Reply:
    """Return GitHub's comparison of a commit with main: main is ahead of it."""
    return Reply(body={"status": status})


def found(*runs: dict[str, object]) -> tuple[Reply, ...]:
    """Return the answers by which an approval's run is found among others."""
    return (ACCOUNT, Reply(body={"workflow_runs": list(runs)}), MAIN, ancestry())


def test_an_approval_becomes_a_run(fakes: Fakes, github: Server) -> None:
    approval = "1-1000000000"
    github.reply(Reply(status=204), *found(a_run("1-999"), a_run(approval)))

    [made] = handler.handler(an_event(), Context())

    assert made == {
        "model_package_arn": arn(1),
        "decision": "dispatched",
        "reason": "it was approved",
        "run_url": RUN,
    }
    workflow = f"/repos/{REPOSITORY}/actions/workflows/deploy.yml"
    assert github.asked == [
        f"POST {workflow}/dispatches",
        "GET /user",
        f"GET {workflow}/runs?event=workflow_dispatch&branch=main&actor={BOT}&per_page=100",
        f"GET /repos/{REPOSITORY}/branches/main",
        f"GET /repos/{REPOSITORY}/compare/7e57ed...newest",
    ]
    assert github.requests[0].json == {
        "ref": "main",
        "return_run_details": True,
        "inputs": {"model_package_arn": arn(1), "approval": approval},
    }


def test_an_alarm_about_drift_becomes_a_run_of_the_training(fakes: Fakes, github: Server) -> None:
    github.reply(Reply(status=200, body={"html_url": RUN}))
    alarm = f"arn:aws:cloudwatch:eu-west-1:333333333333:alarm:analytics-prod-{PROJECT_ID}-drift"
    event = {"source": "aws.cloudwatch", "alarmArn": alarm, "alarmData": {"state": {"value": "OK", "reason": "a lie"}}}

    [made] = handler.handler(event, Context())

    assert (made["alarm_arn"], made["decision"], made["run_url"]) == (alarm, "dispatched", RUN)
    assert github.asked == [f"POST /repos/{TRAINING}/actions/workflows/train.yml/dispatches"]
    assert github.requests[0].json == {
        "ref": "main",
        "return_run_details": True,
        "inputs": {"reason": f"Drift: prod-{datetime.fromtimestamp(time.time(), UTC):%Y-%m-%d}"},
    }


def test_the_run_that_github_names_is_the_approvals_and_none_is_searched(fakes: Fakes, github: Server) -> None:
    github.reply(Reply(status=200, body={"workflow_run_id": 7, "html_url": RUN}))

    [made] = handler.handler(an_event(), Context())

    assert (made["decision"], made["run_url"]) == ("dispatched", RUN)
    assert len(github.requests) == 1


def test_the_sweep_does_the_same_for_a_lost_event(fakes: Fakes, github: Server) -> None:
    github.reply(Reply(status=204), *found(a_run("1-1000000000")))

    assert [made["decision"] for made in handler.handler({"sweep": True}, Context())] == ["dispatched"]


def test_the_sweep_reports_the_days_that_github_leaves_the_credential(
    fakes: Fakes, github: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = datetime.now(UTC) + timedelta(days=20)
    told = {"GitHub-Authentication-Token-Expiration": f"{ends:%Y-%m-%d %H:%M:%S UTC}"}
    fakes.sagemaker.packages.clear()
    github.reply(Reply(body={"login": BOT}, headers=told))

    assert handler.handler({"sweep": True}, Context()) == []

    [line] = capsys.readouterr().out.splitlines()
    [(namespace, datum)] = embedded_format.metrics(json.loads(line), time.time())
    assert (namespace, datum["MetricName"]) == (credential_end.NAMESPACE, credential_end.METRIC)
    assert datum["Dimensions"] == [{"Name": "Platform", "Value": "analytics-dev"}]
    [value] = datum["Values"]
    assert 19.9 < value < 20


@pytest.mark.parametrize("reply", [Reply(body={"login": BOT}), Reply(status=401, body={"message": "Bad credentials"})])
def test_a_credential_without_an_end_or_that_github_rejects_has_no_such_metric_and_fails_no_sweep(
    fakes: Fakes, github: Server, capsys: pytest.CaptureFixture[str], reply: Reply
) -> None:
    fakes.sagemaker.packages.clear()
    github.reply(reply)
    assert handler.handler({"sweep": True}, Context()) == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"detail": {"ModelPackageArn": 1}}, {"sweep": "yes"}])
def test_an_event_that_says_nothing_is_refused(fakes: Fakes, event: dict[str, object]) -> None:
    assert [made["decision"] for made in handler.handler(event, Context())] == ["refused"]


def test_the_changed_fields_are_read_from_the_event(fakes: Fakes, github: Server) -> None:
    event = an_event(UpdatedModelPackageFields=["CustomerMetadataProperties"])

    [made] = handler.handler(event, Context())

    assert made["reason"] == "the change was not its approval"
    assert github.asked == []


def test_requests_of_one_process_share_its_clients(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")
    handler.handler(an_event(), Context())
    monkeypatch.setattr(boto3, "client", None)

    assert [made["decision"] for made in handler.handler(an_event(), Context())] == ["refused"]


def test_the_credential_is_read_only_for_a_deployment(fakes: Fakes, secrets: Secrets) -> None:
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")

    handler.handler(an_event(), Context())

    assert secrets.read == 0


def test_without_a_credential_the_request_fails_and_is_tried_again(
    fakes: Fakes, secrets: Secrets, github: Server
) -> None:
    given, secrets.value = secrets.value, "{}"
    with pytest.raises(CredentialError, match="python -m bootstrap github-token"):
        handler.handler(an_event(), Context())

    secrets.value = given
    github.reply(ACCOUNT, Reply(body={"workflow_runs": []}), Reply(status=204), *found(a_run("1-1000000000"))[1:])
    assert [made["decision"] for made in handler.handler(an_event(), Context())] == ["dispatched"]


def test_no_log_shows_the_token_or_the_event(fakes: Fakes, github: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    github.reply(Reply(status=204), *found(a_run("1-1000000000")))

    handler.handler(an_event(Confidential="a-detail"), Context())

    assert '"decision": "dispatched"' in caplog.text
    for secret in (TOKEN, "a-detail", "detail-type"):
        assert secret not in caplog.text


def test_a_function_that_is_not_configured_says_so(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARAMETER_PATH")
    monkeypatch.setenv("ACCOUNT_ID", "")

    with pytest.raises(ExplainedError, match="not configured: PARAMETER_PATH, ACCOUNT_ID; deploy the platform again"):
        handler.handler(an_event(), Context())


@pytest.mark.parametrize(
    "reply",
    [Reply(status=404, body={}), Reply(body={"workflow_runs": []}), Reply(body=["nonsense"])],
    ids=["no workflow yet", "no run", "nonsense"],
)
def test_a_run_that_is_not_there_is_not_found(github: Server, reply: Reply) -> None:
    github.reply(ACCOUNT, reply)

    assert client(github).run_of(REPOSITORY, "deploy.yml", "main", Approval(version=1, at=5).id) is None


def client(github: Server) -> GitHub:
    return GitHub(github.url, TOKEN, Deadline(at=Deadline(at=0).now() + 60))


FOREIGN: dict[str, dict[str, object]] = {
    "of another branch": {"head_branch": "hers"},
    "of somebody else": {"actor": {"login": "ada"}},
    "of nobody": {"actor": "nobody"},
    "of a push": {"event": "push"},
}
"""Runs that carry an approval's id, and are none of the platform's."""


@pytest.mark.parametrize("changes", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_run_that_the_platform_did_not_start_on_main_is_no_approvals(
    github: Server, changes: dict[str, object]
) -> None:
    approval, forged = Approval(version=1, at=5), "https://github.com/acme/runs/8"
    github.reply(*found(a_run(approval.id, html_url=forged, **changes), a_run(approval.id)))

    assert client(github).run_of(REPOSITORY, "deploy.yml", "main", approval.id) == RUN


@pytest.mark.parametrize("changes", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_run_that_was_recorded_although_it_is_not_the_platforms_tested_nothing(
    github: Server, changes: dict[str, object]
) -> None:
    approval = Approval(version=1, at=5)
    github.reply(Reply(body=a_run(approval.id, conclusion="success", **changes)), ACCOUNT)

    assert client(github).tested_commit(REPOSITORY, "deploy.yml", "main", approval, RUN) is None


@pytest.mark.parametrize("url", [None, RUN])
@pytest.mark.parametrize(
    ("comparison", "commit"), [("ahead", "7e57ed"), ("identical", "7e57ed"), ("behind", None), ("diverged", None)]
)
def test_only_a_commit_of_main_was_tested_and_not_that_of_a_tag_of_this_name(
    github: Server, url: str | None, comparison: str, commit: str | None
) -> None:
    approval = Approval(version=1, at=5)
    run = a_run(approval.id, conclusion="success")
    first = (ACCOUNT, Reply(body={"workflow_runs": [run]})) if url is None else (Reply(body=run), ACCOUNT)
    github.reply(*first, MAIN, ancestry(comparison))

    assert client(github).tested_commit(REPOSITORY, "deploy.yml", "main", approval, url) == commit


def test_a_run_that_a_colleague_repeated_stays_the_platforms(github: Server) -> None:
    approval = Approval(version=1, at=5)
    run = a_run(approval.id, conclusion="success", triggering_actor={"login": "ada"})
    github.reply(Reply(body=run), ACCOUNT, MAIN, ancestry())

    assert client(github).tested_commit(REPOSITORY, "deploy.yml", "main", approval, RUN) == "7e57ed"


@pytest.mark.parametrize(
    ("conclusion", "there", "commit"),
    [
        ("success", RUN, "7e57ed"),
        ("success", "https://github.com/acme/another/runs/7", None),
        ("failure", RUN, None),
        (None, RUN, None),
    ],
)
def test_the_tested_commit_is_that_of_the_runs_success(
    github: Server, conclusion: str | None, there: str, commit: str | None
) -> None:
    approval = Approval(version=1, at=5)
    run = a_run(approval.id, html_url=there, conclusion=conclusion)
    github.reply(Reply(body=run), *([ACCOUNT, MAIN, ancestry()] if there == RUN else []))

    assert client(github).tested_commit(REPOSITORY, "deploy.yml", "main", approval, RUN) == commit
    assert github.asked[0] == f"GET /repos/{REPOSITORY}/actions/runs/7"


def test_a_commit_changes_one_file_of_another_commits_tree(github: Server) -> None:
    tree, made = Reply(status=201, body={"sha": "tree"}), Reply(status=201, body={"sha": "commit"})
    github.reply(Reply(body={"tree": {"sha": "base"}}), tree, made)

    sha = client(github).commit_file(REPOSITORY, "release.json", "{}", "Release", tree_of="main", parents=["a", "main"])

    assert sha == "commit"
    assert [each.json for each in github.requests[1:]] == [
        {
            "base_tree": "base",
            "tree": [{"path": "release.json", "mode": "100644", "type": "blob", "content": "{}"}],
        },
        {"message": "Release", "tree": "tree", "parents": ["a", "main"]},
    ]


def test_pull_requests_to_a_branch_are_listed_and_closed(github: Server) -> None:
    github.reply(Reply(body=[{"number": 3}]), Reply(body={}))

    assert client(github).pull_requests(REPOSITORY, "production", "all") == [{"number": 3}]
    client(github).close_pull_request(REPOSITORY, 3)

    assert [f"{each.method} {each.path}" for each in github.requests] == [
        f"GET /repos/{REPOSITORY}/pulls?state=all&base=production&per_page=100",
        f"PATCH /repos/{REPOSITORY}/pulls/3",
    ]
