"""The rules of a branch, as GitHub enforces them now, whichever rulesets they come from."""

from dataclasses import dataclass
from typing import cast

from functions.shared.github_api.client import Client
from functions.shared.github_api.values import Json, items, nested, number, quoted, text


@dataclass(frozen=True, kw_only=True)
class BranchRules:
    """The needs of a change of a branch. Where several rules demand the same, the strictest counts."""

    approvals: int = 0
    """Approvals of others."""
    dismisses_stale: bool = False
    """Whether a push takes approvals away."""
    last_push: bool = False
    """Whether somebody else than the last pusher has to approve."""
    resolved_threads: bool = False
    """Whether what reviewers ask has to be resolved."""
    stays: bool = False
    """Whether the branch can be neither deleted nor replaced by a push of another history."""
    approving_teams: frozenset[int] = frozenset()
    """Ids of the teams of each of which a member has to approve, whatever the change."""
    closing: frozenset[int] = frozenset()
    """Ids of the rulesets, of more than this repository, by which only those open the branch whom the ruleset lets past.

    GitHub lists rules whoever is let past them, and shows that to the owners of the organization alone.
    """

    def lacks(self, required_approvals: int) -> list[str]:
        """Return what is missing so that nobody changes the branch alone."""
        wanted = {
            f"{required_approvals} approvals (found: {self.approvals})": self.approvals >= required_approvals,
            "dismissal of stale approvals": self.dismisses_stale,
            "approval of the last push": self.last_push,
            "resolution of conversations": self.resolved_threads,
            "no deletion and no force push": self.stays,
        }
        return [what for what, found in wanted.items() if not found]


class Rules(Client):
    """The rules of branches."""

    def branch_rules(self, full_name: str, branch: str) -> BranchRules:
        """Return the active rules of the branch.

        Raises:
            GitHubError: also when the organization's plan has no rules for private repositories.
        """
        # As many as a page holds: a rule that is on a further one counts as missing.
        path = f"/repos/{full_name}/rules/branches/{quoted(branch)}?per_page=100"
        _, answer = self.send("GET", path, accept=(200,))
        rules = items(answer.get(""))
        types = {text(rule, "type") for rule in rules}
        closing = [rule for rule in rules if text(rule, "type") == "creation" and _is_shared(rule)]
        reviews = [nested(rule.get("parameters")) for rule in rules if text(rule, "type") == "pull_request"]
        return BranchRules(
            approvals=max((number(each, "required_approving_review_count") for each in reviews), default=0),
            dismisses_stale=_any(reviews, "dismiss_stale_reviews_on_push"),
            last_push=_any(reviews, "require_last_push_approval"),
            resolved_threads=_any(reviews, "required_review_thread_resolution"),
            stays={"deletion", "non_fast_forward"} <= types,
            approving_teams=frozenset(
                number(nested(each.get("reviewer")), "id")
                for review in reviews
                for each in items(review.get("required_reviewers"))
                if _approves_everything(each)
            ),
            closing=frozenset(number(rule, "ruleset_id") for rule in closing),
        )


def _is_shared(rule: Json) -> bool:
    """Return whether a rule comes from a ruleset that administrators of the repository do not change."""
    return text(rule, "ruleset_source_type") in ("Organization", "Enterprise")


def _approves_everything(required: Json) -> bool:
    patterns = required.get("file_patterns")
    everything = isinstance(patterns, list) and {"*", "**/*"} <= set(cast("list[object]", patterns))
    return (
        everything
        and text(nested(required.get("reviewer")), "type") == "Team"
        and number(required, "minimum_approvals") > 0
    )


def _any(rules: list[Json], parameter: str) -> bool:
    return any(rule.get(parameter) is True for rule in rules)
