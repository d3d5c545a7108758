"""Identities of jobs: a job exchanges a bearer token for an OpenID Connect token about itself."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.github.issuer import Issuer
from sandbox.github.state import Run
from sandbox.github.store import Store


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A job that may ask for a token."""

    run_id: int
    workflow: str
    """Path of the file that has the job: that of the run, or a reusable one."""
    environment: str | None
    """None: the job has none."""


class Identities:
    """The jobs that may ask for a token now, by their bearer tokens."""

    def __init__(self, store: Store, issuer: Issuer) -> None:
        self._store = store
        self._issuer = issuer
        self._identities: dict[str, Identity] = {}

    def register(self, identity: Identity) -> str:
        """Return the bearer token with which a job asks for its OpenID Connect token."""
        bearer = secrets.token_urlsafe(32)
        with self._store.lock:
            self._identities[bearer] = identity
        return bearer

    def forget(self, bearer: str) -> None:
        """Make a bearer token invalid, if it is one."""
        with self._store.lock:
            self._identities.pop(bearer, None)

    def token(self, bearer: str, query: Mapping[str, str]) -> str | None:
        """Return the OpenID Connect token of a job; None if the bearer token is unknown."""
        with self._store.lock:
            identity = self._identities.get(bearer)
            if identity is None:
                return None
            run = self._store.state.runs[identity.run_id]
            return self._issuer.token(
                self._store.state.repositories[run.repository_id],
                audience=query.get("audience"),
                environment=identity.environment,
                event=run.event,
                ref=run.ref,
                claims=self._claims(run, identity.workflow),
            )

    def _claims(self, run: Run, workflow: str) -> dict[str, object]:
        repository = self._store.state.repositories[run.repository_id]
        return {
            "sha": run.sha,
            "actor": run.actor,
            "actor_id": str(self._store.user(run.actor).id),
            "workflow": run.name,
            "workflow_ref": f"{repository.full_name}/{run.workflow}@{run.ref}",
            "workflow_sha": run.sha,
            "job_workflow_ref": f"{repository.full_name}/{workflow}@{run.ref}",
            "job_workflow_sha": run.sha,
            "run_id": str(run.id),
            "run_number": str(run.number),
            "run_attempt": str(run.attempt),
            "head_ref": run.head_ref,
            "base_ref": run.base_ref,
        }
