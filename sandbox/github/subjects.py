"""Subjects of the tokens of jobs, as repositories and the organization have them made.

Source: GitHub Docs, "OpenID Connect reference": *Immutable subject claims*, *Customizing the subject claims for an organization
or repository*.
"""

from collections.abc import Mapping

from sandbox.github.state import Repository
from sandbox.github.store import Store

DEFAULT = ["repo", "context"]


class Subjects:
    """The subjects of one GitHub."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def beginning(self, repository: Repository) -> str:
        """Return the part that names the repository; a rename gives it ids, too."""
        immutable = self.opted_in(repository) or repository.renamed
        if not immutable:
            return f"repo:{repository.full_name}"
        owner = f"{repository.owner}@{self._store.seed.owner_id(repository.owner)}"
        return f"repo:{owner}/{repository.name}@{repository.id}"

    def opted_in(self, repository: Repository) -> bool:
        """Return whether the repository is new enough for ids, or somebody chose them."""
        return self._store.seed.subjects == "immutable" or repository.subject_template.use_immutable_subject

    def claims(self, repository: Repository) -> list[str]:
        """Return the claims that its subjects are made of."""
        template = repository.subject_template
        if template.use_default:
            return DEFAULT
        return template.include_claim_keys or self._store.state.subject_claims

    def subject(self, repository: Repository, context: str, told: Mapping[str, object]) -> str:
        """Return the subject of a job; `told` has the other claims of its token."""

        def part(claim: str) -> str:
            if claim == "repo":
                return self.beginning(repository)
            return context if claim == "context" else f"{claim}:{str(told.get(claim, '')).replace(':', '%3A')}"

        return ":".join(map(part, self.claims(repository)))
