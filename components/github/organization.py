"""The template repositories and rules that all projects of a GitHub organization share."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_github as github

from components.github.connection import GitHubConnection


@dataclass(frozen=True, kw_only=True)
class GitHubOrganizationArgs:
    """Kinds of templates, and the protection of main."""

    template_kinds: Sequence[str]
    """Kinds of project repository, such as `model-training`: one template repository each."""
    required_approvals: int = 0
    """Reviews by somebody else before a pull request may be merged; 0 lets a person who works alone merge."""
    keep_on_destroy: bool = True
    """Archive the template repositories instead of deleting them."""


class GitHubOrganization(pulumi.ComponentResource):
    """Template repositories, and the ruleset that protects main of every project repository from its first second."""

    template_repositories: dict[str, pulumi.Output[str]]
    """Full name of each template repository, by kind."""

    def __init__(self, name: str, args: GitHubOrganizationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:GitHubOrganization", name, None, opts)
        self.template_repositories = {
            kind: github.Repository(
                f"{name}-template-{kind}",
                name=f"mlops-template-{kind}",
                description=f"Template of {kind} repositories; its content is published by the platform",
                visibility="private",
                is_template=True,
                auto_init=True,
                has_issues=False,
                has_projects=False,
                has_wiki=False,
                delete_branch_on_merge=True,
                archive_on_destroy=args.keep_on_destroy,
                opts=pulumi.ResourceOptions(parent=self),
            ).full_name
            for kind in args.template_kinds
        }
        # A ruleset of the organization costs a launch no request of its own, and holds before the first commit.
        github.OrganizationRuleset(
            f"{name}-protect-main",
            name="mlops-protect-main",
            target="branch",
            enforcement="active",
            conditions={
                "repository_name": {"includes": ["mlops-*"], "excludes": []},
                "ref_name": {"includes": ["~DEFAULT_BRANCH"], "excludes": []},
            },
            # The template cloner and the publisher of templates act as an owner of the organization. GitHub ignores an
            # id of these and returns none, so each preview would show one as a change.
            # Source: https://github.com/integrations/terraform-provider-github/issues/2536
            bypass_actors=[{"actor_type": "OrganizationAdmin", "bypass_mode": "always"}],
            rules={
                "deletion": True,
                "non_fast_forward": True,
                "pull_request": {
                    "required_approving_review_count": args.required_approvals,
                    "dismiss_stale_reviews_on_push": True,
                    "require_last_push_approval": args.required_approvals > 0,
                    "required_review_thread_resolution": True,
                },
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"template_repositories": self.template_repositories})


def organization_provider(connection: GitHubConnection) -> github.Provider:
    """Declare the provider of an organization; its plugin takes the token from the environment variable GITHUB_TOKEN."""
    # The provider's SDK would copy the token from the program's environment into the state; the plugin has its own.
    os.environ.pop("GITHUB_TOKEN", None)
    return github.Provider("github", owner=connection.organization, base_url=f"{connection.api_url}/")
