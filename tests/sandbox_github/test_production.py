"""The branch `production` of a project under the platform's rulesets, as a launch reads them and a writer meets them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import GitHubError
from functions.shared.github_api.values import Json, parsed
from functions.template_cloner.github import GitHub
from functions.template_cloner.github_environments import Environment
from tests.sandbox_github.client import MEMBER, OWNER, WITHOUT_SCOPES, Client, encoded, repository, seed, start

NAME = "acme/mlops-model"
PATH = f"/repos/{NAME}"
PRODUCTION = "refs/heads/production"


class LaunchesGitHub(GitHub):
    """The client of a launch, which sends its requests to a GitHub in this process."""

    def __init__(self, call: Client) -> None:
        super().__init__("", "", Deadline(at=0, now=lambda: 0, sleep=lambda _: None))
        self._call = call

    def send(self, method: str, path: str, body: Json | None = None, *, accept: tuple[int, ...]) -> tuple[int, Json]:
        """Send a request, and return what is answered."""
        answer = self._call(method, path, body)
        assert answer.status in accept, answer.content
        return answer.status, parsed(answer.content)


def closing(call: Client, branches: str, *kinds: str, bypass: list[dict[str, Any]]) -> int:
    """Create a ruleset of the organization, and return its id."""
    body: dict[str, Any] = {
        "name": f"closing {branches}",
        "enforcement": "active",
        "target": "branch",
        "conditions": {
            "ref_name": {"include": [branches], "exclude": ["~DEFAULT_BRANCH"] if branches == "~ALL" else []},
            "repository_name": {"include": ["mlops-*"], "exclude": []},
        },
        "bypass_actors": bypass,
        "rules": [{"type": kind} for kind in kinds],
    }
    made = call("POST", "/orgs/acme/rulesets", body)
    assert made.status == 201, made.content
    return int(made.json["id"])


@pytest.fixture
def layered(call: Client) -> tuple[int, int]:
    """Two rulesets: all branches are closed to jobs, and `production` to everybody but the platform's account."""
    repository(call, "mlops-model")
    call("PUT", f"{PATH}/collaborators/mia", {"permission": "push"})
    people: dict[str, Any] = {"actor_type": "RepositoryRole", "actor_id": 4, "bypass_mode": "exempt"}
    team = call("POST", "/orgs/acme/teams", {"name": "platform", "privacy": "closed"}).json["id"]
    platform: dict[str, Any] = {"actor_type": "Team", "actor_id": team, "bypass_mode": "always"}
    return closing(call, "~ALL", "creation", "update", bypass=[people]), closing(
        call, PRODUCTION, "creation", bypass=[platform]
    )


def open_branch(person: Client, ref: str) -> int:
    main = person("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"]
    return person("POST", f"{PATH}/git/refs", {"ref": ref, "sha": main}).status


def test_a_launch_tells_who_closes_production_from_who_closes_all_branches(
    call: Client, layered: tuple[int, int]
) -> None:
    github, (people_push, open_production) = LaunchesGitHub(call), layered

    assert github.branch_rules(NAME, "production").closing == {people_push, open_production}
    assert github.branch_rules(NAME, "ordinary").closing == {people_push}
    assert open_branch(call.by(MEMBER), PRODUCTION) == 422
    assert open_branch(call.by(MEMBER), "refs/heads/ordinary") == 201


def test_without_its_own_ruleset_a_writer_opens_production_and_a_launch_sees_the_lack(
    call: Client, layered: tuple[int, int]
) -> None:
    people_push, open_production = layered
    call("PUT", f"/orgs/acme/rulesets/{open_production}", {"enforcement": "disabled"})

    assert LaunchesGitHub(call).branch_rules(NAME, "production").closing == {people_push}
    assert open_branch(call.by(MEMBER), PRODUCTION) == 201


def test_a_launch_tells_a_branch_that_main_went_on_from_from_one_that_main_never_was(call: Client) -> None:
    repository(call, "mlops-model")
    github = LaunchesGitHub(call)
    assert open_branch(call, PRODUCTION) == 201

    def head(branch: str) -> str:
        return str(call("GET", f"{PATH}/git/ref/heads/{branch}").json["object"]["sha"])

    assert github.is_part(NAME, head("production"), "main")
    call("PUT", f"{PATH}/contents/new", {"message": "m", "content": encoded("m"), "branch": "main"})
    assert github.is_part(NAME, head("production"), "main")
    call("PUT", f"{PATH}/contents/attack", {"message": "a", "content": encoded("a"), "branch": "production"})
    assert not github.is_part(NAME, head("production"), "main")
    assert call("GET", f"{PATH}/compare/main...production").json == {
        "status": "diverged",
        "ahead_by": 1,
        "behind_by": 1,
        "total_commits": 1,
    }
    assert not github.is_part(NAME, "0" * 40, "main")


def test_a_comparison_of_forks_is_not_there(call: Client) -> None:
    repository(call, "mlops-model")

    assert call("GET", f"{PATH}/compare/main...mia:main").status == 501


@pytest.mark.parametrize(("token", "plan"), [(OWNER, "team"), (MEMBER, None), (WITHOUT_SCOPES, None)])
def test_the_plan_is_shown_to_owners_whose_token_administers_the_organization(
    tmp_path: Path, token: str, plan: str | None
) -> None:
    call = start(tmp_path, seed(plan="team"))
    assert LaunchesGitHub(replace(call, token=token)).plan("acme") == plan
    call.github.close()


def test_a_launch_that_does_not_see_the_plan_learns_it_when_reviewers_are_refused(tmp_path: Path) -> None:
    call = start(tmp_path, seed(plan="team"))
    repository(call, "mlops-model")
    reviewed = Environment(reviewers=frozenset({("User", 14)}), admits=frozenset({("branch", "main")}))
    with pytest.raises(GitHubError, match=r"on GitHub Team release by workload\.release: branch"):
        LaunchesGitHub(call).write_environment(NAME, "prod", reviewed)
    assert call("GET", f"{PATH}/environments/prod").status == 404
    call.github.close()
