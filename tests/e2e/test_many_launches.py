"""Twenty launches at once among two hundred projects, with the limits of GitHub's that the local GitHub enforces.

The tests run in this order; each continues from the state that the ones before it left.
"""

import re
import tomllib
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.demo import launch
from sandbox.demo.catalog import Order
from tests.e2e.actors import connected
from tests.e2e.many_projects import FIRST_RUNS, SEEDED, ManyProjects, Progress
from tests.e2e.sandbox import CHECKOUT, UNIT, Sandbox, prepared
from tests.e2e.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

SEEDED_PROJECTS = 180
TRAINING = "MLOps template for model building and training"
DEPLOYMENT = "MLOps template for model building, training, and deployment"
PROMOTION = "MLOps template for promotion of the whole pipeline"
ORDERED: Sequence[tuple[int, str, Mapping[str, str]]] = (
    (4, DEPLOYMENT, {}),
    (3, DEPLOYMENT, {"Inference": "batch"}),
    (7, PROMOTION, {}),
    (6, TRAINING, {}),
)
"""Numbers of launches, their products, and the parameters that are not the default's."""
LAUNCHED = sum(count for count, _, _ in ORDERED)
ENVIRONMENTS = {
    "model-training": {"dev"},
    "model-deployment-realtime": {"preprod", "prod"},
    "model-deployment-batch": {"preprod", "prod"},
    "pipeline-promotion": {"dev", "preprod", "prod"},
}
"""By kinds of repositories: the environments that their jobs enter."""
OTHER_REQUESTS = ("/dispatches", "/generate")
"""Ends of the paths of requests that create no content, or none in the repository of their path."""


@dataclass(frozen=True, kw_only=True)
class Launches:
    """Twenty launches, and what was seen of them."""

    orders: Sequence[Order]
    shared_before: dict[str, Any]
    """Everything that all projects share, before."""
    while_waiting: dict[str, str]
    """States of all projects when GitHub had refused a request."""
    ended: Sequence[Progress]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyProjects]:
    folder = tmp_path_factory.mktemp("many") / "sandbox"
    with prepared(folder, "platform") as sandbox, connected(sandbox):
        found = ManyProjects(Sandbox(folder))
        found.start_nothing()
        found.seed(SEEDED_PROJECTS)
        yield found


@pytest.fixture(scope="module")
def launches(many: ManyProjects) -> Launches:
    before, orders = many.shared(), many.orders(ORDERED)
    with ThreadPoolExecutor() as pool:
        ending = pool.submit(many.launch, orders)
        wait_until(many.waits_for_github, "a launch that waits for GitHub", pause=1)
        statuses = many.statuses()
        return Launches(orders=orders, shared_before=before, while_waiting=statuses, ended=ending.result())


def test_launches_that_wait_for_githubs_limits_are_seen_as_being_created(launches: Launches) -> None:
    statuses = launches.while_waiting
    assert len(statuses) == SEEDED_PROJECTS + LAUNCHED
    launched = {status for name, status in statuses.items() if not name.startswith(SEEDED)}
    assert "CreateInProgress" in launched
    assert launched <= {"CreateInProgress", "CreateCompleted"}


def test_no_launch_is_lost(launches: Launches) -> None:
    assert [each for each in launches.ended if each.status != "CreateCompleted"] == []
    assert len(launches.ended) == LAUNCHED


def test_no_launch_is_half_made(many: ManyProjects, launches: Launches) -> None:
    made = Counter[str]()
    for each in launches.ended:
        for repository in many.owner.repositories("acme", each.repositories):
            kind, place = (
                str(repository["full_name"]).removeprefix(each.repositories),
                f"/repos/{repository['full_name']}",
            )
            made[kind] += 1
            text = b64decode(many.owner.get(f"{place}/contents/project.toml")["content"]).decode()
            assert tomllib.loads(text)["project"]["id"] == each.id
            environments = many.owner.get(f"{place}/environments")["environments"]
            assert {environment["name"] for environment in environments} == ENVIRONMENTS[kind]
            for environment in ENVIRONMENTS[kind]:
                admitted = many.owner.get(f"{place}/environments/{environment}/deployment-branch-policies")
                assert [policy["name"] for policy in admitted["branch_policies"]] == ["main"]
            for login in launch.PEOPLE.values():
                assert many.owner.get(f"{place}/collaborators/{login}/permission")["permission"] == "write"
            runs = many.owner.get(f"{place}/actions/workflows/{FIRST_RUNS[kind]}/runs")
            assert runs["total_count"] == 1, kind
    kinds = {"model-training": 13, "model-deployment-realtime": 4, "model-deployment-batch": 3, "pipeline-promotion": 7}
    assert made == kinds


def test_projects_that_deploy_have_their_roles_in_both_accounts_and_others_have_none(
    many: ManyProjects, launches: Launches
) -> None:
    deploying = {each.id for each, order in zip(launches.ended, launches.orders, strict=True) if _deploys(order)}
    assert len(deploying) == 14
    for environment in ("preprod", "prod"):
        own = re.compile(rf"{UNIT}-{environment}-(p-[a-z0-9]{{12}})-deployment")
        found = {match[1] for role in many.roles(environment) if (match := own.fullmatch(role))}
        assert {each for each in found if not each.startswith("p-seeded")} == deploying


def test_a_launch_takes_as_many_of_githubs_requests_for_content_as_the_readme_says(
    many: ManyProjects, launches: Launches
) -> None:
    repositories = [str(each["path"]).split("/")[5] for each in many.requests_of_platform() if _creates_content(each)]
    taken = {title: set[int]() for title in (TRAINING, DEPLOYMENT, PROMOTION)}
    for each, order in zip(launches.ended, launches.orders, strict=True):
        own = [name for name in repositories if f"acme/{name}".startswith(each.repositories)]
        # The request that made a repository names its template in its path.
        taken[order.product.title].add(len(own) + len(set(own)))
    assert taken == {TRAINING: {6}, DEPLOYMENT: {14}, PROMOTION: {10}}
    table = (CHECKOUT / "README.md").read_text().partition("| launches an hour |")[2].partition("\n\n")[0]
    assert re.findall(r"\| (\d+) \| (\d+) \|", table) == [(str(each), str(500 // each)) for each in (6, 14, 10)]


def test_launches_that_wait_for_a_limit_do_not_ask_again_and_again(many: ManyProjects, launches: Launches) -> None:
    refused = [each for each in many.requests_of_platform() if each["status"] in (403, 429)]
    assert 0 < len(refused) < 20 * len(launches.ended)


def test_a_launch_adds_to_no_policy_and_no_rule_that_projects_share(many: ManyProjects, launches: Launches) -> None:
    assert many.shared() == launches.shared_before


@pytest.mark.usefixtures("launches")
def test_the_sweep_for_lost_approvals_has_time_for_every_project(many: ManyProjects) -> None:
    assert len(many.awaiting_approvals()) == SEEDED_PROJECTS + 7
    assert many.sweep() == []
    assert not many.logged("deployment-trigger", "left to the next sweeps")


def _deploys(order: Order) -> bool:
    return order.product.title != TRAINING


def _creates_content(request: Mapping[str, Any]) -> bool:
    """Return whether a request created content in a project's repository."""
    path, written = str(request["path"]), request["method"] in ("POST", "PUT", "PATCH")
    return "/repos/acme/mlops-" in path and written and request["status"] < 300 and not path.endswith(OTHER_REQUESTS)
