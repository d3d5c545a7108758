"""The owners of secrets, and the values that jobs get.

Source: GitHub Docs, "Secrets reference": of secrets with the same name, that of the environment precedes that of the
repository, which precedes that of the organization.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.github.sealing import SealingKeys
from sandbox.github.state import Environment, Repository, Secret, State


@dataclass(frozen=True, kw_only=True)
class JobSecrets:
    """The values of the secrets of a job, by name."""

    shared: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those of the organization and the repository."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those of its environment, which hide the others."""


def owner(repository: Repository | None, environment: Environment | None) -> str:
    """Return the name of the key to which secrets are sealed: of an environment, a repository or the organization."""
    if environment is not None:
        return f"environment {environment.id}"
    return "organization" if repository is None else f"repository {repository.id}"


def kept(state: State, repository: Repository | None, environment: Environment | None) -> dict[str, Secret]:
    """Return the secrets of an environment, a repository or the organization, by name."""
    if environment is not None:
        return environment.secrets
    return state.secrets if repository is None else repository.secrets


def of_organization(state: State, repository: Repository) -> list[Secret]:
    """Return the secrets of the organization that all jobs of a repository see, in the order of their names."""
    return [
        secret
        for _, secret in sorted(state.secrets.items())
        if secret.visibility == "all"
        or (secret.visibility == "private" and repository.private)
        or (secret.visibility == "selected" and repository.id in secret.selected_repository_ids)
    ]


def of_repository(state: State, keys: SealingKeys, repository: Repository) -> dict[str, str]:
    """Return the values that all jobs of a repository see; its own hide those of the organization."""
    shared = {each.name: each for each in of_organization(state, repository)}
    return _opened(keys, owner(None, None), shared) | _opened(keys, owner(repository, None), repository.secrets)


def of_environment(keys: SealingKeys, environment: Environment) -> dict[str, str]:
    """Return the values that only jobs of an environment see."""
    return _opened(keys, owner(None, environment), environment.secrets)


def _opened(keys: SealingKeys, of: str, secrets: dict[str, Secret]) -> dict[str, str]:
    return {secret.name: keys.open(of, secret.sealed) for secret in secrets.values()}
