"""Repositories and organization rulesets."""

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from sandbox.plugins.github.client import NOT_FOUND, GitHub, GitHubError
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, Resource
from sandbox.plugins.values import list_of, mapping_of


class GitHubResource(Resource[GitHub]):
    """The base of GitHub resource types."""

    def is_gone(self, error: Exception) -> bool:
        """Return whether GitHub does not know the resource."""
        return isinstance(error, GitHubError) and error.status == NOT_FOUND


class Repository(GitHubResource):
    """A repository of the organization; its id is its name."""

    type_name = "github:index/repository:Repository"
    _switches: ClassVar = {
        "deleteBranchOnMerge": "delete_branch_on_merge",
        "hasIssues": "has_issues",
        "hasProjects": "has_projects",
        "hasWiki": "has_wiki",
        "isTemplate": "is_template",
    }
    inputs = Inputs(
        *_switches,
        "archiveOnDestroy autoInit description",
        computed="name visibility",
    )
    outputs = (
        "defaultBranch",
        "fullName",
        "gitCloneUrl",
        "htmlUrl",
        "httpCloneUrl",
        "nodeId",
        "repoId",
        "sshCloneUrl",
        "svnUrl",
    )
    changing_outputs = ("fullName", "gitCloneUrl", "htmlUrl", "httpCloneUrl", "sshCloneUrl", "svnUrl")
    auto_name = AutoName(longest=100)

    def create(self, cloud: GitHub, wanted: Values) -> str:
        """Create the repository."""
        visibility = wanted.get("visibility", "public")
        answer = cloud.post(
            f"/orgs/{cloud.owner}/repos",
            {
                **self._body(wanted),
                "auto_init": bool(wanted.get("autoInit")),
                "visibility": visibility,
                "private": visibility != "public",
            },
        )
        return answer["name"]

    def _body(self, wanted: Values) -> Values:
        return {
            "name": wanted["name"],
            "description": wanted.get("description", ""),
            **{github_name: bool(wanted.get(name)) for name, github_name in self._switches.items()},
        }

    def read(self, cloud: GitHub, identifier: str, state: Values) -> Values | None:
        """Read the repository; only the state knows `autoInit`."""
        repository = cloud.get(f"/repos/{cloud.owner}/{quote(identifier)}")
        names = {
            "defaultBranch": "default_branch",
            "description": "description",
            "fullName": "full_name",
            "gitCloneUrl": "git_url",
            "htmlUrl": "html_url",
            "httpCloneUrl": "clone_url",
            "name": "name",
            "nodeId": "node_id",
            "repoId": "id",
            "sshCloneUrl": "ssh_url",
            "svnUrl": "svn_url",
            "visibility": "visibility",
            **self._switches,
        }
        seen = {name: repository.get(github_name) for name, github_name in names.items() if github_name in repository}
        return {**seen, "id": repository["name"]}

    def update(self, cloud: GitHub, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the repository; a renamed one keeps its content and its id at GitHub."""
        body = self._body(wanted)
        if "visibility" in changed:
            body["visibility"] = wanted["visibility"]
        cloud.patch(f"/repos/{cloud.owner}/{quote(identifier)}", body)

    def delete(self, cloud: GitHub, identifier: str, state: Values) -> None:
        """Delete the repository, or archive it if the program asks for it (`archiveOnDestroy`)."""
        path = f"/repos/{cloud.owner}/{quote(identifier)}"
        if not state.get("archiveOnDestroy"):
            cloud.delete(path)
        elif not cloud.get(path).get("archived"):
            cloud.patch(path, {"archived": True})


_NAMES = Inputs(ordered="excludes includes")
_PULL_REQUEST: Mapping[str, str] = {
    "dismissStaleReviewsOnPush": "dismiss_stale_reviews_on_push",
    "requireCodeOwnerReview": "require_code_owner_review",
    "requireLastPushApproval": "require_last_push_approval",
    "requiredApprovingReviewCount": "required_approving_review_count",
    "requiredReviewThreadResolution": "required_review_thread_resolution",
}
_SIMPLE_RULES: Mapping[str, str] = {"deletion": "deletion", "nonFastForward": "non_fast_forward"}
_CONDITIONS: Mapping[str, str] = {"refName": "ref_name", "repositoryName": "repository_name"}


class OrganizationRuleset(GitHubResource):
    """Branch rules of an organization; its id is its number."""

    type_name = "github:index/organizationRuleset:OrganizationRuleset"
    inputs = Inputs(
        "enforcement target",
        computed="name",
        ordered="bypassActors",
        objects={
            "bypassActors": Inputs("actorId actorType bypassMode"),
            "conditions": Inputs(objects=dict.fromkeys(_CONDITIONS, _NAMES)),
            "rules": Inputs(
                *_SIMPLE_RULES,
                objects={
                    "pullRequest": Inputs(
                        defaults={**dict.fromkeys(_PULL_REQUEST, False), "requiredApprovingReviewCount": 0}
                    )
                },
            ),
        },
    )
    outputs = ("nodeId", "rulesetId")
    auto_name = AutoName(longest=100)

    def create(self, cloud: GitHub, wanted: Values) -> str:
        """Create the ruleset."""
        return str(cloud.post(f"/orgs/{cloud.owner}/rulesets", self._body(wanted))["id"])

    @staticmethod
    def _body(wanted: Values) -> Values:
        rules: list[Values] = [
            {"type": github_name} for name, github_name in _SIMPLE_RULES.items() if wanted["rules"].get(name)
        ]
        pull_request = wanted["rules"].get("pullRequest")
        if pull_request is not None:
            parameters = {github_name: pull_request[name] for name, github_name in _PULL_REQUEST.items()}
            rules.append({"type": "pull_request", "parameters": parameters})
        conditions = mapping_of(wanted.get("conditions"))
        return {
            "name": wanted["name"],
            "target": wanted["target"],
            "enforcement": wanted["enforcement"],
            "bypass_actors": [
                {
                    "actor_id": actor.get("actorId"),
                    "actor_type": actor["actorType"],
                    "bypass_mode": actor["bypassMode"],
                }
                for actor in list_of(wanted.get("bypassActors"))
            ],
            "conditions": {
                github_name: {"include": conditions[name]["includes"], "exclude": conditions[name]["excludes"]}
                for name, github_name in _CONDITIONS.items()
                if conditions.get(name)
            },
            "rules": rules,
        }

    def read(self, cloud: GitHub, identifier: str, state: Values) -> Values | None:
        """Read the ruleset."""
        ruleset = cloud.get(f"/orgs/{cloud.owner}/rulesets/{identifier}")
        rules = {rule["type"]: mapping_of(rule.get("parameters")) for rule in list_of(ruleset.get("rules"))}
        seen_rules: Values = {name: github_name in rules for name, github_name in _SIMPLE_RULES.items()}
        if "pull_request" in rules:
            parameters = rules["pull_request"]
            seen_rules["pullRequest"] = {
                name: parameters.get(github_name) for name, github_name in _PULL_REQUEST.items()
            }
        conditions = mapping_of(ruleset.get("conditions"))
        return {
            "name": ruleset["name"],
            "target": ruleset["target"],
            "enforcement": ruleset["enforcement"],
            "bypassActors": [
                {
                    "actorId": actor.get("actor_id"),
                    "actorType": actor["actor_type"],
                    "bypassMode": actor["bypass_mode"],
                }
                for actor in list_of(ruleset.get("bypass_actors"))
            ],
            "conditions": {
                name: {
                    "includes": list_of(conditions[github_name].get("include")),
                    "excludes": list_of(conditions[github_name].get("exclude")),
                }
                for name, github_name in _CONDITIONS.items()
                if conditions.get(github_name)
            },
            "rules": seen_rules,
            "nodeId": ruleset.get("node_id"),
            "rulesetId": ruleset["id"],
        }

    def update(self, cloud: GitHub, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Replace the ruleset."""
        cloud.put(f"/orgs/{cloud.owner}/rulesets/{identifier}", self._body(wanted))

    def delete(self, cloud: GitHub, identifier: str, state: Values) -> None:
        """Delete the ruleset."""
        cloud.delete(f"/orgs/{cloud.owner}/rulesets/{identifier}")


TYPES = (Repository(), OrganizationRuleset())
