"""Deployment environments of a repository, whose protection rules decide which jobs enter them."""

from dataclasses import dataclass

from functions.shared.github_api.client import Client
from functions.shared.github_api.errors import GitHubError
from functions.shared.github_api.values import Json, items, nested, number, quoted, reason, text


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The protection rules of a deployment environment."""

    reviewers: frozenset[tuple[str, int]] = frozenset()
    """Type (`User` or `Team`) and id of the reviewers, one of whom must approve a job; none is needed without any."""
    prevents_self_review: bool = False
    """Whether reviewers cannot approve jobs that they started themselves."""
    administrators_bypass: bool = False
    """Whether administrators of the repository need no approval; False in an environment without reviewers."""
    admits: frozenset[tuple[str, str]] | None
    """Type (`branch` or `tag`) and name pattern of the refs whose jobs enter it; None when GitHub admits by another rule."""


class Environments(Client):
    """The deployment environments of an organization's repositories."""

    def environment(self, full_name: str, name: str) -> Environment | None:
        """Return the repository's deployment environment as it is; None when it has none of this name."""
        place = f"/repos/{full_name}/environments/{quoted(name)}"
        found = self.get(place)
        if found is None:
            return None
        by_name = nested(found.get("deployment_branch_policy")).get("custom_branch_policies") is True
        rules = items(found.get("protection_rules"))
        none: Json = {}
        review = next((rule for rule in rules if text(rule, "type") == "required_reviewers"), none)
        return Environment(
            reviewers=frozenset(
                (text(each, "type"), number(nested(each.get("reviewer")), "id"))
                for each in items(review.get("reviewers"))
            ),
            prevents_self_review=review.get("prevent_self_review") is True,
            # Older Enterprise Servers do not say.
            administrators_bypass=bool(review) and found.get("can_admins_bypass") is True,
            admits=frozenset(_admitted(policy) for policy in self._branch_policies(place)) if by_name else None,
        )

    def write_environment(self, full_name: str, name: str, wanted: Environment) -> None:
        """Create the deployment environment, or change it, but not the refs that it admits: a new one admits none.

        Raises:
            GitHubError: also when the organization's plan has no environments for private repositories.
        """
        body: dict[str, object] = {
            # "Protected branches" would be every branch: rulesets protect ours, and GitHub counts only branch
            # protection rules. Source: GitHub Docs, "Deployments and environments".
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
            "can_admins_bypass": False,
        }
        # A plan without reviewers refuses even an empty list of them.
        if wanted.reviewers:
            body["reviewers"] = [{"type": kind, "id": number} for kind, number in sorted(wanted.reviewers)]
            body["prevent_self_review"] = wanted.prevents_self_review
        path = f"/repos/{full_name}/environments/{quoted(name)}"
        status, answer = self.send("PUT", path, body, accept=(200, 404, 422))
        if status == 422 and (not wanted.reviewers or "can_admins_bypass" in reason(answer)):
            # Neither does such a plan take this, which bypasses reviewers, nor do older Enterprise Servers.
            # Source: go-github's CreateUpdateEnvironment; terraform-provider-github, issue 1804.
            del body["can_admins_bypass"]
            status, answer = self.send("PUT", path, body, accept=(200, 404, 422))
        if status != 200:
            raise GitHubError(
                f"GitHub refuses the environment {name} of {full_name} ({status}: {reason(answer)}); environments "
                "of private repositories need the plan GitHub Team or Enterprise, reviewers GitHub Enterprise (on GitHub Team release "
                "by workload.release: branch), and the credential must administer the repository",
                status,
            )

    def admit(self, full_name: str, name: str, admits: frozenset[tuple[str, str]]) -> None:
        """Admit exactly these refs to the environment, which has to admit by name.

        AWS trusts every job in the environment: a workflow on any other branch could be one.

        Raises:
            GitHubError: the environment is gone, or admits by another rule.
        """
        place = f"/repos/{full_name}/environments/{quoted(name)}"
        path = f"{place}/deployment-branch-policies"
        policies = self._branch_policies(place)
        for policy in policies:
            if _admitted(policy) not in admits:
                self.send("DELETE", f"{path}/{number(policy, 'id')}", accept=(204, 404))
        for kind, pattern in sorted(admits.difference(map(_admitted, policies))):
            # 303: it exists already, because another request was faster.
            status, answer = self.send("POST", path, {"name": pattern, "type": kind}, accept=(200, 303, 404))
            if status == 404:
                raise GitHubError(
                    f"GitHub does not let the {kind} {pattern} into the environment {name} of {full_name} "
                    f"({status}: {reason(answer)}); the environment is gone, or was changed to admit by another rule "
                    "than by name",
                    status,
                )

    def _branch_policies(self, environment: str) -> list[Json]:
        # As many as a page holds; a launch that finds more of them fails.
        found = self.get(f"{environment}/deployment-branch-policies?per_page=100")
        return [] if found is None else items(found.get("branch_policies"))


def _admitted(policy: Json) -> tuple[str, str]:
    # Older Enterprise Servers know branches only, and do not say so.
    return text(policy, "type") or "branch", text(policy, "name")
