"""The platform's own workflows, as they ship, for a change that reaches all three stacks.

The tests run in this order; each continues from the state that the ones before it left.
"""

import itertools
from typing import Any

import pytest

from sandbox.http_client import RefusedError
from tests.e2e.actors import Actors
from tests.e2e.platform_repository import PlatformRepository
from tests.e2e.sandbox import ENVIRONMENTS, UNIT, Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EMAIL = "oncall@example.com"
CREATED = "+ aws:sns/topicSubscription:TopicSubscription: (create)"


@pytest.fixture(scope="module")
def actors(demonstrated: Sandbox) -> Actors:
    return Actors(demonstrated)


@pytest.fixture(scope="module")
def platform(actors: Actors, tmp_path_factory: pytest.TempPathFactory) -> PlatformRepository:
    found = PlatformRepository(actors, tmp_path_factory.mktemp("platform"))
    found.publish()
    found.protect()
    return found


@pytest.fixture(scope="module")
def proposed(platform: PlatformRepository) -> int:
    return platform.propose("Send alarms to those on call", "alarms", {"emails": [EMAIL]})


@pytest.fixture(scope="module")
def previewed(platform: PlatformRepository, proposed: int) -> dict[str, Any]:
    return platform.run("pull-request.yml")


@pytest.fixture(scope="module")
def merged(platform: PlatformRepository, proposed: int, previewed: dict[str, Any]) -> dict[str, Any]:
    """The deployment of the change, which waits for the reviewer of prod."""
    platform.merge(proposed)
    return platform.run("deploy.yml")


@pytest.fixture(scope="module")
def deployed(platform: PlatformRepository, merged: dict[str, Any]) -> dict[str, Any]:
    platform.release(merged)
    return platform.run("deploy.yml")


def _logs(platform: PlatformRepository, run: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {job['conclusion']}\n{platform.log(job)}" for name, job in platform.jobs(run).items())


def test_a_pull_request_is_checked_and_shows_what_every_stack_would_change(
    platform: PlatformRepository, previewed: dict[str, Any]
) -> None:
    assert previewed["conclusion"] == "success", _logs(platform, previewed)
    jobs = platform.jobs(previewed)
    assert jobs.keys() == {"Checks", "Find the stacks", *(f"Preview {name}" for name in ENVIRONMENTS)}
    for name in ENVIRONMENTS:
        log = platform.log(jobs[f"Preview {name}"])
        assert platform.role(jobs[f"Preview {name}"]) == f"{UNIT}-{name}-preview"
        assert CREATED in log
        assert "+ 1 to create" in log
        assert f"<h3>{name}</h3>" in platform.page(previewed)


def test_an_owner_merges_no_change_that_nobody_else_approved(
    platform: PlatformRepository, proposed: int, previewed: dict[str, Any]
) -> None:
    assert previewed["conclusion"] == "success"
    with pytest.raises(RefusedError, match="At least 1 approving review is required"):
        platform.merge_alone(proposed)


def test_a_merge_deploys_dev_then_preprod_and_waits_before_prod(
    platform: PlatformRepository, merged: dict[str, Any]
) -> None:
    assert merged["status"] == "waiting", _logs(platform, merged)
    jobs = platform.jobs(merged)
    ended = ["Find the stacks", "Deploy dev (dev) / Deploy dev", "Deploy preprod (preprod) / Deploy preprod"]
    assert [jobs[name]["conclusion"] for name in ended] == ["success"] * 3
    for before, after in itertools.pairwise(ended):
        assert jobs[before]["completed_at"] <= jobs[after]["started_at"]
    (waiting,) = jobs.keys() - set(ended)
    assert (waiting, jobs[waiting]["status"]) == ("Deploy prod (prod) / Deploy prod", "waiting")


def test_each_environment_is_deployed_with_its_own_role_after_the_review(
    platform: PlatformRepository, deployed: dict[str, Any]
) -> None:
    assert deployed["conclusion"] == "success", _logs(platform, deployed)
    jobs = platform.jobs(deployed)
    for name in ENVIRONMENTS:
        log = platform.log(jobs[f"Deploy {name} ({name}) / Deploy {name}"])
        assert CREATED in log
        assert "+ 1 created" in log
        assert platform.role(jobs[f"Deploy {name} ({name}) / Deploy {name}"]) == f"{UNIT}-{name}-deploy"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_change_is_in_each_account(actors: Actors, deployed: dict[str, Any], environment: str) -> None:
    assert deployed["conclusion"] == "success"
    subscriptions = actors.root(environment, "sns").list_subscriptions()["Subscriptions"]
    assert EMAIL in [one["Endpoint"] for one in subscriptions]


def test_what_somebody_changed_beside_the_program_is_an_issue_of_its_stack_alone(
    platform: PlatformRepository, actors: Actors, deployed: dict[str, Any]
) -> None:
    assert deployed["conclusion"] == "success"
    group = {"logGroupName": f"/aws/lambda/{UNIT}-preprod-model-release"}
    logs = actors.root("preprod", "logs")
    [before] = logs.describe_log_groups(logGroupNamePrefix=group["logGroupName"])["logGroups"]
    logs.put_retention_policy(**group, retentionInDays=3)

    platform.dispatch("drift.yml")
    run = platform.run("drift.yml")
    logs.put_retention_policy(**group, retentionInDays=before["retentionInDays"])

    assert run["conclusion"] == "success", _logs(platform, run)
    for name in ENVIRONMENTS:
        assert platform.role(platform.jobs(run)[f"Compare {name}"]) == f"{UNIT}-{name}-drift"
    [issue] = platform.issues()
    assert (issue["title"], issue["user"]["login"]) == ("Drift of preprod", "github-actions[bot]")
    assert "\n- update `aws:cloudwatch/logGroup:LogGroup` `model-release-logs`: `retentionInDays`\n" in issue["body"]


def test_the_token_of_the_organization_is_in_no_log(
    platform: PlatformRepository, actors: Actors, previewed: dict[str, Any], deployed: dict[str, Any]
) -> None:
    texts = [_logs(platform, previewed), _logs(platform, deployed), platform.page(deployed)]
    tokens = actors.servers.tokens.values()
    assert [token for token in tokens for text in texts if token in text] == []
