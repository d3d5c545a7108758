"""The rulesets of an organization: nobody alone changes what deploys.

Rulesets hold for repositories from their first second, and cost a launch no request of its own. Where several apply, each
holds for itself: who may bypass one has to keep the others.
Source: GitHub Docs, "Available rules for rulesets", "About rulesets".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

PROJECTS = ("mlops-*",)
"""Repositories of projects, and the templates that they are made from."""
MAIN = "main"
"""The branch on which projects train and deploy."""
RELEASE_BRANCH = "production"
"""The branch of a deployment repository that says what production serves, where models are released by pull request."""
PLATFORMS_BRANCHES = "refs/heads/mlops/**/*"
"""Branches on which the platform proposes changes."""
DEPENDABOTS_BRANCHES = "refs/heads/dependabot/**/*"


@dataclass(frozen=True, kw_only=True)
class Ruleset:
    """Rules for branches of some repositories."""

    repositories: Sequence[str]
    excluded: Sequence[str] = ()
    branches: str = "~DEFAULT_BRANCH"
    other_branches: Sequence[str] = ()
    """Branches that the rules leave out."""
    rules: Mapping[str, Any]
    bypass: Sequence[Mapping[str, object]] = ()
    """The only actors that need not keep the rules."""
    bypass_mode: Literal["always", "exempt"] = "always"
    """Whether each of their exceptions is recorded as a bypass, or the rules are not about them."""

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of the resource, besides its name."""
        return {
            "target": "branch",
            "enforcement": "active",
            "conditions": {
                "repository_name": {"includes": list(self.repositories), "excludes": list(self.excluded)},
                "ref_name": {"includes": [self.branches], "excludes": list(self.other_branches)},
            },
            "bypass_actors": [{**actor, "bypass_mode": self.bypass_mode} for actor in self.bypass],
            "rules": self.rules,
        }


def team(team_id: pulumi.Input[int]) -> dict[str, Any]:
    """Return the members of a team as actors; rulesets of an organization know no single user."""
    return {"actor_type": "Team", "actor_id": team_id}


def app(app_id: int) -> dict[str, Any]:
    """Return an app as an actor."""
    return {"actor_type": "Integration", "actor_id": app_id}


PEOPLE: Sequence[Mapping[str, object]] = (
    {"actor_type": "OrganizationAdmin"},
    *({"actor_type": "RepositoryRole", "actor_id": role} for role in (2, 4, 5)),
)
"""Whoever may write to a repository: owners of the organization, and the roles maintain, write and admin.

The tokens of jobs have permissions, and none of these roles. Source of the ids: the documentation of `actor_id` of the
provider's `github_organization_ruleset`.
"""


def reviewed(required_approvals: int) -> dict[str, Any]:
    """Return rules by which every change is approved by somebody who has not pushed it."""
    return {
        "deletion": True,
        "non_fast_forward": True,
        "pull_request": {
            "required_approving_review_count": required_approvals,
            "dismiss_stale_reviews_on_push": True,
            "require_last_push_approval": True,
            "required_review_thread_resolution": True,
        },
    }


def released(team_id: pulumi.Input[int]) -> dict[str, Any]:
    """Return rules by which every change is approved by one of a team, who has not pushed it.

    Approvals of its members count only if the team may write, so a launch gives it that permission.
    Source: GitHub Docs, "Available rules for rulesets", required reviewers.
    """
    rules = reviewed(1)
    rules["pull_request"]["required_reviewers"] = [
        {
            "reviewer": {"id": team_id, "type": "Team"},
            # They are patterns of .gitignore, by which the first is all files. The second is, were they those of fnmatch.
            "file_patterns": ["*", "**/*"],
            "minimum_approvals": 1,
        }
    ]
    return rules


def checked(context: str, app_id: int | None) -> dict[str, Any]:
    """Return a rule by which a check has to succeed, reported by an app; by anything that may write, without one."""
    check: dict[str, object] = {"context": context}
    if app_id is not None:
        check["integration_id"] = app_id
    # A branch that is new has no checks yet.
    return {"required_status_checks": {"required_checks": [check], "do_not_enforce_on_create": True}}


OPENED_BY_PLATFORM: Mapping[str, Any] = {"creation": True}
"""Rules by which only those who may bypass them create branches."""
CLOSED: Mapping[str, Any] = {"creation": True, "update": True}
"""Rules by which only those who may bypass them write branches.

On a bot's branch a person would be neither the author nor, by a job of their own, the last to push, and could approve what
the job wrote. So could they on a colleague's branch, if jobs wrote that.
Source: Cider Security, "Bypassing required reviews using GitHub Actions".
"""
