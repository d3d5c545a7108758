"""Repositories and rulesets."""

from tests.sandbox_plugins.cases.case import Case
from tests.sandbox_plugins.cases.dependencies import Dependencies
from tests.sandbox_plugins.cases.documents import Inputs


def ruleset(deps: Dependencies) -> Inputs:
    """Return a ruleset of an organization."""
    return {
        "name": "probe",
        "target": "branch",
        "enforcement": "active",
        "conditions": {
            "repositoryName": {"includes": ["probe-*"], "excludes": []},
            "refName": {"includes": ["~DEFAULT_BRANCH"], "excludes": []},
        },
        "bypassActors": [{"actorType": "OrganizationAdmin", "bypassMode": "always"}],
        "rules": {
            "creation": True,
            "deletion": True,
            "nonFastForward": True,
            "update": True,
            "pullRequest": {
                "requiredApprovingReviewCount": 1,
                "requiredReviewers": [
                    {
                        "reviewer": {"id": int(deps.id("team")), "type": "Team"},
                        "filePatterns": ["*"],
                        "minimumApprovals": 1,
                    }
                ],
            },
            "requiredStatusChecks": {
                "doNotEnforceOnCreate": True,
                "requiredChecks": [{"context": "Checks", "integrationId": 15368}],
            },
        },
    }


def team(_: Dependencies) -> Inputs:
    """Return a team."""
    return {"name": "Probe", "description": "Probed"}


GITHUB: dict[str, Case] = {
    "github:index/repository:Repository": Case(
        inputs=lambda _: {
            "name": "mlops-template-probe",
            "description": "Probe",
            "visibility": "private",
            "isTemplate": True,
            "autoInit": True,
            "hasIssues": False,
            "deleteBranchOnMerge": True,
        },
        change=lambda _: {"description": "Probed", "hasIssues": True},
        id="mlops-template-probe",
        outputs={"fullName": "acme/mlops-template-probe", "defaultBranch": "main"},
        unread=frozenset({"autoInit", "archiveOnDestroy"}),
    ),
    "github:index/organizationRuleset:OrganizationRuleset": Case(
        inputs=ruleset,
        change=lambda _: {"enforcement": "disabled", "rules": {"deletion": True}},
        id="[0-9]+",
    ),
    "github:index/team:Team": Case(
        inputs=team,
        change=lambda _: {"description": "Probed again"},
        id="[0-9]+",
        outputs={"slug": "probe"},
    ),
    "github:index/teamMembership:TeamMembership": Case(
        inputs=lambda deps: {"teamId": deps.id("team"), "username": "grace"},
        change=lambda _: {"role": "maintainer"},
        replace={"username": "ada"},
        id="[0-9]+:grace",
    ),
    "github:index/actionsOrganizationWorkflowPermissions:ActionsOrganizationWorkflowPermissions": Case(
        inputs=lambda _: {"organizationSlug": "acme"},
        change=lambda _: {"canApprovePullRequestReviews": True},
        id="acme",
        # They are set to GitHub's own defaults.
        stays=True,
    ),
}
