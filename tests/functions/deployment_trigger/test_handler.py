"""The whole function: GitHub is a real HTTP server, AWS is in memory behind boto3."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from functions.deployment_trigger import handler
from functions.deployment_trigger.github import GitHub
from functions.deployment_trigger.package import Approval
from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import CredentialError, ExplainedError
from tests.functions.deployment_trigger.fakes import REPOSITORY, Fakes, arn
from tests.functions.shared.server import Reply, Server, serving

TOKEN = "ghp_a-token-that-no-log-may-show"
RUN = "https://github.com/acme/runs/7"


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
    }.items():
        monkeypatch.setenv(name, value)
    return fakes


def an_event(version: int = 1, **detail: object) -> dict[str, object]:
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Package State Change",
        "detail": {"ModelPackageArn": arn(version), "ModelApprovalStatus": "Approved", **detail},
    }


def a_run(approval: str) -> dict[str, object]:
    return {"display_title": f"Deploy {arn(1)} {approval}", "html_url": RUN}


def test_an_approval_becomes_a_run(fakes: Fakes, github: Server) -> None:
    approval = "1-1000000000"
    github.reply(Reply(status=204), Reply(body={"workflow_runs": [a_run("1-999"), a_run(approval)]}))

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
        f"GET {workflow}/runs?event=workflow_dispatch&per_page=100",
    ]
    assert github.requests[0].json == {
        "ref": "main",
        "inputs": {"model_package_arn": arn(1), "approval": approval},
    }


def test_the_sweep_does_the_same_for_a_lost_event(fakes: Fakes, github: Server) -> None:
    github.reply(Reply(status=204), Reply(body={"workflow_runs": [a_run("1-1000000000")]}))

    assert [made["decision"] for made in handler.handler({"sweep": True}, Context())] == ["dispatched"]


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
    github.reply(
        Reply(body={"workflow_runs": []}), Reply(status=204), Reply(body={"workflow_runs": [a_run("1-1000000000")]})
    )
    assert [made["decision"] for made in handler.handler(an_event(), Context())] == ["dispatched"]


def test_no_log_shows_the_token_or_the_event(fakes: Fakes, github: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    github.reply(Reply(status=204), Reply(body={"workflow_runs": [a_run("1-1000000000")]}))

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
    github.reply(reply)

    client = GitHub(github.url, TOKEN, Deadline(at=Deadline(at=0).now() + 60))

    assert client.run_of(REPOSITORY, "deploy.yml", Approval(version=1, at=5)) is None


def client(github: Server) -> GitHub:
    return GitHub(github.url, TOKEN, Deadline(at=Deadline(at=0).now() + 60))


@pytest.mark.parametrize(
    ("conclusion", "url", "commit"),
    [
        ("success", "https://github.com/run", "7e57ed"),
        ("success", None, "7e57ed"),
        ("success", "https://github.com/another", None),
        ("failure", "https://github.com/run", None),
        (None, "https://github.com/run", None),
    ],
)
def test_the_tested_commit_is_that_of_the_runs_success(
    github: Server, conclusion: str | None, url: str | None, commit: str | None
) -> None:
    approval = Approval(version=1, at=5)
    run = {"html_url": "https://github.com/run", "display_title": f"Deploy {approval.id}", "head_sha": "7e57ed"}
    github.reply(Reply(body={"workflow_runs": [{**run, "conclusion": conclusion}]}))

    assert client(github).tested_commit(REPOSITORY, "deploy.yml", approval, url) == commit


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
