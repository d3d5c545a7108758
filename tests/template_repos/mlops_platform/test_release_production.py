"""The file that says what production serves, and the pull requests by which people change it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_platform.release import DeploymentError
from mlops_platform.release.production import workflow_outputs
from mlops_platform.release.pull_request import propose_retirement, propose_version
from mlops_platform.release.rollback import Repository
from mlops_platform.release.testing.example import PROJECT
from tests.functions.shared.server import Reply, Server, serving

ARN = PROJECT.package_arn(1)
DIGEST = "5" * 64
CONTENT = {"model_package_arn": ARN, "artifact_sha256": DIGEST}
PLACE = "/repos/acme/mlops-abalone"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def outputs(folder: Path, content: object) -> list[str]:
    file = folder / "release.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return workflow_outputs(file).splitlines()


def test_a_version_is_deployed_with_its_digest(tmp_path: Path) -> None:
    assert outputs(tmp_path, CONTENT) == ["action=deploy", f"model_package_arn={ARN}", f"artifact_sha256={DIGEST}"]


def test_a_retirement_is_told_from_a_branch_that_was_just_opened(tmp_path: Path) -> None:
    assert workflow_outputs(tmp_path / "release.json") == "action=nothing\n"
    assert outputs(tmp_path, {"retired": True}) == ["action=retire"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        {},
        {"retired": False},
        {"model_package_arn": ARN},
        {**CONTENT, "retired": True},
        {**CONTENT, "artifact_sha256": DIGEST[:-1]},
        {**CONTENT, "model_package_arn": f"{ARN}\nprod_role=mine"},
        {**CONTENT, "artifact_sha256": f"{DIGEST}\nprod_role=mine"},
        {**CONTENT, "model_package_arn": 1},
    ],
)
def test_anything_else_is_refused_and_becomes_no_output(tmp_path: Path, content: object) -> None:
    with pytest.raises(DeploymentError, match=r"release\.json must name a version by model_package_arn"):
        outputs(tmp_path, content)


def file(content: object) -> Reply:
    encoded = base64.b64encode(json.dumps(content).encode()).decode()
    return Reply(body={"sha": "blob", "content": encoded})


MISSING = Reply(status=404, body={"message": "Not Found"})
TAKEN = Reply(status=422, body={"message": "Reference already exists"})


def proposing(server: Server) -> tuple[Repository, dict[str, str]]:
    repository = Repository(name="acme/mlops-abalone", server_url="https://github.com", api_url=server.url)
    return repository, {"GITHUB_TOKEN": "token"}


PROPOSED = (
    Reply(body={"object": {"sha": "0123456789abcdef"}}),
    Reply(status=201, body={}),
    file({}),
    Reply(body={}),
    Reply(status=201, body={"html_url": "https://github.com/pull/5"}),
)
"""GitHub's answers to a proposal."""


def test_an_earlier_version_is_proposed_as_it_was_released(server: Server) -> None:
    newer = file({**CONTENT, "model_package_arn": PROJECT.package_arn(2)})
    server.reply(Reply(body=[{"sha": "second"}, {"sha": "first"}]), newer, file(CONTENT), *PROPOSED)
    repository, environment = proposing(server)

    assert propose_version(repository, "production", ARN, environment) == "https://github.com/pull/5"

    assert [f"{each.method} {each.path.removeprefix(PLACE)}" for each in server.requests] == [
        "GET /commits?sha=production&path=release.json&per_page=100",
        "GET /contents/release.json?ref=second",
        "GET /contents/release.json?ref=first",
        "GET /git/ref/heads/production",
        "POST /git/refs",
        "GET /contents/release.json?ref=release-1-0123456789ab",
        "PUT /contents/release.json",
        "POST /pulls",
    ]
    *_, written, opened = [each.json for each in server.requests if each.body]
    assert isinstance(written, dict)
    assert isinstance(opened, dict)
    assert json.loads(base64.b64decode(written["content"])) == CONTENT
    assert (opened["head"], opened["base"]) == ("release-1-0123456789ab", "production")


def test_a_version_that_was_never_released_is_nothing_to_go_back_to(server: Server) -> None:
    server.reply(Reply(body=[{"sha": "first"}]), file({"retired": True}))
    repository, environment = proposing(server)

    with pytest.raises(DeploymentError, match="a lead sets it to Rejected and then to Approved in the model registry"):
        propose_version(repository, "production", ARN, environment)
    assert {each.method for each in server.requests} == {"GET"}


def test_a_commit_without_a_version_is_passed_over(server: Server) -> None:
    history = Reply(body=[{"sha": "unversioned"}, {"sha": "deleted"}, {"sha": "first"}])
    server.reply(history, file([]), MISSING, file(CONTENT), *PROPOSED)
    repository, environment = proposing(server)

    assert propose_version(repository, "production", ARN, environment) == "https://github.com/pull/5"


def test_a_retirement_is_proposed(server: Server) -> None:
    server.reply(*PROPOSED)
    repository, environment = proposing(server)

    assert propose_retirement(repository, "production", environment) == "https://github.com/pull/5"

    written = server.requests[3].json
    assert isinstance(written, dict)
    assert json.loads(base64.b64decode(written["content"])) == {"retired": True}


def test_a_retirement_is_proposed_before_anything_was_released_by_the_branch(server: Server) -> None:
    head, begun, _, *rest = PROPOSED
    server.reply(head, begun, MISSING, *rest)
    repository, environment = proposing(server)

    assert propose_retirement(repository, "production", environment) == "https://github.com/pull/5"

    written = server.requests[3].json
    assert isinstance(written, dict)
    assert "sha" not in written


def test_whoever_proposes_again_is_shown_the_pull_request_that_waits(server: Server) -> None:
    server.reply(PROPOSED[0], TAKEN, Reply(body=[{"html_url": "https://github.com/pull/4"}]))
    repository, environment = proposing(server)

    assert propose_retirement(repository, "production", environment) == "https://github.com/pull/4"

    name = "release-retire-production-0123456789ab"
    assert server.asked[2] == f"GET {PLACE}/pulls?state=open&base=production&head=acme:{name}"


def test_a_proposal_that_was_closed_or_interrupted_is_made_anew(server: Server) -> None:
    head, *rest = PROPOSED
    server.reply(head, TAKEN, Reply(body=[]), *rest)
    repository, environment = proposing(server)

    assert propose_retirement(repository, "production", environment) == "https://github.com/pull/5"

    opened = server.requests[-1].json
    assert isinstance(opened, dict)
    assert opened["head"] == "release-retire-production-0123456789ab-2"


def test_twenty_branches_of_one_name_are_enough(server: Server) -> None:
    server.reply(PROPOSED[0], *[TAKEN, Reply(body=[])] * 20)
    repository, environment = proposing(server)

    with pytest.raises(DeploymentError, match="and 19 more branches of that name exist: delete"):
        propose_retirement(repository, "production", environment)


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (Reply(status=422, body={"message": "Object does not exist"}), "422: Object does not exist"),
        (Reply(status=403, body={"message": "Resource not accessible"}), "403: Resource not accessible"),
    ],
)
def test_another_refusal_is_told(server: Server, refusal: Reply, message: str) -> None:
    server.reply(PROPOSED[0], refusal)
    repository, environment = proposing(server)

    with pytest.raises(DeploymentError, match=message):
        propose_retirement(repository, "production", environment)
