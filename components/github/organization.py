"""The template repositories and rules that all projects of a GitHub organization share."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_github as github

from components.github import rulesets
from components.github.connection import GitHubConnection
from components.github.rulesets import Ruleset

PLATFORM_CHECK = "Checks"
"""The job of `.github/workflows/pull-request.yml` that tests a change to the platform."""
TEAM = "mlops-platform-account"
"""Name of the team that the platform's user alone is a member of."""
RELEASE_MANAGERS = "mlops-release-managers"
"""Name of the team of those who release by pull request."""


@dataclass(frozen=True, kw_only=True)
class GitHubOrganizationArgs:
    """Kinds of templates, and the protection of what deploys."""

    organization: str
    checks: Mapping[str, str]
    """Kinds of project repository, such as `model-training`, each with the job that checks a change to it."""
    platform_repository: str
    """Name of the platform's own repository, which deploys production."""
    platform_user: str
    """Login of the account that the platform acts as, which alone commits to main without a review."""
    required_approvals: int
    """Approvals by others that a change needs."""
    release_managers: Sequence[str] = ()
    """Logins of those whose approval a release by pull request needs; none where nothing is released so."""
    actions_app_id: int | None
    """The app that reports checks; None where its id is not known."""
    dependabot_app_id: int | None
    """The app that proposes updates; None where its id is not known."""
    keep_on_destroy: bool = True
    """Archive the template repositories instead of deleting them."""


class GitHubOrganization(pulumi.ComponentResource):
    """Template repositories, and rules by which nobody alone changes a project's main, or the platform's."""

    template_repositories: dict[str, pulumi.Output[str]]
    """Full name of each template repository, by kind."""

    def __init__(self, name: str, args: GitHubOrganizationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:GitHubOrganization", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.template_repositories = {
            kind: github.Repository(
                f"{name}-template-{kind}",
                name=_template(kind),
                description=f"Template of {kind} repositories; its content is published by the platform",
                visibility="private",
                is_template=True,
                auto_init=True,
                has_issues=False,
                has_projects=False,
                has_wiki=False,
                delete_branch_on_merge=True,
                archive_on_destroy=args.keep_on_destroy,
                opts=child,
            ).full_name
            for kind in args.checks
        }
        platform = github.Team(
            f"{name}-platform-account",
            name=TEAM,
            description="The account that the platform acts as: rulesets let it past, and nobody else; never add a person",
            # A secret team bypasses nothing. Source: GitHub Docs, "Creating rulesets for a repository", bypass permissions.
            privacy="closed",
            opts=child,
        )
        github.TeamMembership(
            f"{name}-platform-account-member",
            team_id=platform.id,
            username=args.platform_user,
            # What GitHub makes of an owner of the organization in any case.
            role="maintainer",
            opts=child,
        )
        found = _rulesets(args, rulesets.team(platform.id.apply(int)))
        if args.release_managers:
            found |= _release_rulesets(_release_managers(name, args, child), rulesets.team(platform.id.apply(int)))
        for key, ruleset in found.items():
            github.OrganizationRuleset(f"{name}-{key}", name=f"mlops-{key}", **ruleset.arguments, opts=child)
        github.ActionsOrganizationWorkflowPermissions(
            f"{name}-workflow-permissions",
            organization_slug=args.organization,
            default_workflow_permissions="read",
            # A job would be the second person that approves its author's change.
            can_approve_pull_request_reviews=False,
            opts=child,
        )
        self.register_outputs({"template_repositories": self.template_repositories})


def _template(kind: str) -> str:
    """Return the name of the template repository of a kind."""
    return f"mlops-template-{kind}"


def _rulesets(args: GitHubOrganizationArgs, platform: Mapping[str, object]) -> dict[str, Ruleset]:
    """Return all rulesets by their names; `platform` may bypass those of projects, and not that of the platform's main."""
    everywhere = (*rulesets.PROJECTS, args.platform_repository)
    # Where the app is not known, no ruleset of their own closes these branches to jobs.
    dependabots = () if args.dependabot_app_id is None else (rulesets.DEPENDABOTS_BRANCHES,)
    found = {
        "only-people-push": Ruleset(
            repositories=everywhere,
            branches="~ALL",
            # Nothing reaches the default branch without a pull request; that a person merges one is no bypass.
            other_branches=(*dependabots, "~DEFAULT_BRANCH"),
            rules=rulesets.CLOSED,
            bypass=rulesets.PEOPLE,
            bypass_mode="exempt",
        ),
        # The template cloner commits a project's settings at its launch, and the publisher commits templates.
        "protect-main": Ruleset(
            repositories=rulesets.PROJECTS, rules=rulesets.reviewed(args.required_approvals), bypass=[platform]
        ),
        "protect-platform": Ruleset(
            repositories=(args.platform_repository,),
            rules={
                **rulesets.reviewed(args.required_approvals),
                **rulesets.checked(PLATFORM_CHECK, args.actions_app_id),
            },
        ),
        "platform-branches": Ruleset(
            repositories=everywhere,
            branches=rulesets.PLATFORMS_BRANCHES,
            rules=rulesets.CLOSED,
            bypass=[platform],
        ),
    }
    for kind, check in args.checks.items():
        found[f"check-{kind}"] = Ruleset(
            repositories=(f"mlops-*-{kind}",),
            # By its whole name: a project may be called template, too.
            excluded=(_template(kind),),
            rules=rulesets.checked(check, args.actions_app_id),
            bypass=[platform],
        )
    if args.dependabot_app_id is not None:
        found["dependabot-branches"] = Ruleset(
            repositories=everywhere,
            branches=rulesets.DEPENDABOTS_BRANCHES,
            rules=rulesets.CLOSED,
            bypass=[rulesets.app(args.dependabot_app_id)],
        )
    return found


def _release_managers(name: str, args: GitHubOrganizationArgs, child: pulumi.ResourceOptions) -> pulumi.Output[int]:
    """Declare the team of release managers and return its id; no member maintains it, who could add others."""
    team = github.Team(
        f"{name}-release-managers",
        name=RELEASE_MANAGERS,
        description="Those whose approval a release to production needs; the platform's settings name them",
        privacy="closed",
        opts=child,
    )
    for login in args.release_managers:
        github.TeamMembership(
            f"{name}-release-manager-{login.lower()}", team_id=team.id, username=login, role="member", opts=child
        )
    return team.id.apply(int)


def _release_rulesets(managers: pulumi.Input[int], platform: Mapping[str, object]) -> dict[str, Ruleset]:
    """Return the rulesets of the branch that releases; nobody bypasses the one by which a release manager approves.

    Rules of pull requests do not keep anybody from opening a branch (alphagov/govuk-frontend, issue 7077), so the second one does, which
    counts beside `only-people-push`: that lets past everybody who writes. All repositories of projects
    have them, so that a launch finds them missing before its first repository exists.
    """
    branch = f"refs/heads/{rulesets.RELEASE_BRANCH}"
    return {
        "protect-production": Ruleset(
            repositories=rulesets.PROJECTS, branches=branch, rules=rulesets.released(managers)
        ),
        "open-production": Ruleset(
            repositories=rulesets.PROJECTS, branches=branch, rules=rulesets.OPENED_BY_PLATFORM, bypass=[platform]
        ),
    }


def organization_provider(connection: GitHubConnection) -> github.Provider:
    """Declare the provider of an organization; its plugin takes the token from the environment variable GITHUB_TOKEN."""
    # The provider's SDK would copy the token from the program's environment into the state; the plugin has its own.
    os.environ.pop("GITHUB_TOKEN", None)
    return github.Provider("github", owner=connection.organization, base_url=f"{connection.api_url}/")
