"""Rulesets of an organization."""

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.plugins.github.client import GitHub
from sandbox.plugins.github.resource import GitHubResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName
from sandbox.plugins.values import list_of, mapping_of

_NAMES = Inputs(ordered="excludes includes")
_PULL_REQUEST: Mapping[str, str] = {
    "dismissStaleReviewsOnPush": "dismiss_stale_reviews_on_push",
    "requireCodeOwnerReview": "require_code_owner_review",
    "requireLastPushApproval": "require_last_push_approval",
    "requiredApprovingReviewCount": "required_approving_review_count",
    "requiredReviewThreadResolution": "required_review_thread_resolution",
}
_STATUS_CHECKS: Mapping[str, str] = {
    "doNotEnforceOnCreate": "do_not_enforce_on_create",
    "strictRequiredStatusChecksPolicy": "strict_required_status_checks_policy",
}
_SIMPLE_RULES: Mapping[str, str] = {
    "creation": "creation",
    "deletion": "deletion",
    "nonFastForward": "non_fast_forward",
    "update": "update",
}
_ACTORS = ("RepositoryRole", "Team", "Integration", "OrganizationAdmin", "DeployKey", "EnterpriseOwner")
"""Types of actor that the official provider accepts. Source: its github/resource_github_organization_ruleset.go."""
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
                        defaults={**dict.fromkeys(_PULL_REQUEST, False), "requiredApprovingReviewCount": 0},
                        objects={
                            "requiredReviewers": Inputs(
                                "filePatterns minimumApprovals", objects={"reviewer": Inputs("id type")}
                            )
                        },
                    ),
                    "requiredStatusChecks": Inputs(
                        defaults=dict.fromkeys(_STATUS_CHECKS, False),
                        objects={"requiredChecks": Inputs("context integrationId")},
                    ),
                },
            ),
        },
    )
    outputs = ("nodeId", "rulesetId")
    auto_name = AutoName(longest=100)

    def refusals(self, wanted: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Refuse types of actor that rulesets of organizations do not have, such as `User`."""
        types = [actor.get("actorType") for actor in list_of(wanted.get("bypassActors"))]
        if unknown := [each for each in types if isinstance(each, str) and each not in _ACTORS]:
            yield "bypassActors", f"expected actor_type to be one of {', '.join(_ACTORS)}, got {', '.join(unknown)}"

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
            if teams := list_of(pull_request.get("requiredReviewers")):
                parameters["required_reviewers"] = [
                    {
                        "reviewer": {"id": each["reviewer"]["id"], "type": each["reviewer"]["type"]},
                        "file_patterns": each["filePatterns"],
                        "minimum_approvals": each["minimumApprovals"],
                    }
                    for each in teams
                ]
            rules.append({"type": "pull_request", "parameters": parameters})
        checks = wanted["rules"].get("requiredStatusChecks")
        if checks is not None:
            parameters = {github_name: checks[name] for name, github_name in _STATUS_CHECKS.items()}
            parameters["required_status_checks"] = [_check(check) for check in checks["requiredChecks"]]
            rules.append({"type": "required_status_checks", "parameters": parameters})
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
            if teams := list_of(parameters.get("required_reviewers")):
                seen_rules["pullRequest"]["requiredReviewers"] = [
                    {
                        "reviewer": each["reviewer"],
                        "filePatterns": each["file_patterns"],
                        "minimumApprovals": each["minimum_approvals"],
                    }
                    for each in teams
                ]
        if "required_status_checks" in rules:
            parameters = rules["required_status_checks"]
            seen_rules["requiredStatusChecks"] = {
                **{name: parameters.get(github_name, False) for name, github_name in _STATUS_CHECKS.items()},
                "requiredChecks": [
                    {"context": check["context"], "integrationId": check.get("integration_id")}
                    for check in list_of(parameters["required_status_checks"])
                ],
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


def _check(check: Values) -> Values:
    found: Values = {"context": check["context"]}
    return found | ({"integration_id": check["integrationId"]} if check.get("integrationId") else {})
