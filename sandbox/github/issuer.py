"""OpenID Connect tokens, which identify a job of a repository.

Source: GitHub Docs, "OpenID Connect reference".
"""

import json
import time
import uuid
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from sandbox.github.state import Repository
from sandbox.github.store import Store
from sandbox.github.subjects import Subjects

VALID_SECONDS = 300


class Issuer:
    """Signs tokens with a key that survives a restart, and publishes the key's public half."""

    def __init__(self, key_file: Path, url: str, store: Store) -> None:
        self.url = url
        self._seed = store.seed
        self._subjects = Subjects(store)
        self._key = _key(key_file)
        document: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        self._key_id = str(uuid.uuid5(uuid.NAMESPACE_URL, str(document["n"])))
        self._public = {"kty": "RSA", "n": document["n"], "e": document["e"], "alg": "RS256", "use": "sig"}

    def configuration(self) -> dict[str, object]:
        """Return the discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "claims_supported": ["sub", "aud", "exp", "iat", "iss", "jti", "nbf", "ref", "sha", "repository"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }

    def keys(self) -> dict[str, object]:
        """Return the key set."""
        return {"keys": [{**self._public, "kid": self._key_id}]}

    def token(
        self,
        repository: Repository,
        *,
        audience: str | None,
        environment: str | None,
        event: str,
        ref: str,
        claims: dict[str, object],
    ) -> str:
        """Sign a token for one job.

        Args:
            repository: the repository whose workflow runs.
            audience: audience of the token; by default the URL of the repository's owner.
            environment: the deployment environment of the job.
            event: the event that started the run.
            ref: the full ref of the run.
            claims: further claims about the run.
        """
        moment = int(time.time())
        chosen = {} if environment is None else {"environment": environment}
        told: dict[str, object] = {
            "repository": repository.full_name,
            "repository_id": str(repository.id),
            "repository_owner": repository.owner,
            "repository_owner_id": str(self._seed.owner_id(repository.owner)),
            "repository_visibility": "private" if repository.private else "public",
            "event_name": event,
            "ref": ref,
            "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
            "runner_environment": "github-hosted",
            **chosen,
            **claims,
        }
        return jwt.encode(
            {
                "iss": self.url,
                "aud": audience or f"{self.url.removesuffix('/_services/token')}/{repository.owner}",
                "sub": self._subjects.subject(repository, _context(environment, event, ref), told),
                "jti": str(uuid.uuid4()),
                "iat": moment,
                "nbf": moment - 5,
                "exp": moment + VALID_SECONDS,
                **told,
            },
            self._key,
            algorithm="RS256",
            headers={"kid": self._key_id},
        )


def _context(environment: str | None, event: str, ref: str) -> str:
    """Return what a subject says besides the repository: environment, pull_request or ref."""
    if environment is not None:
        # A colon would end the subject's field.
        return f"environment:{environment.replace(':', '%3A')}"
    return "pull_request" if event == "pull_request" else f"ref:{ref}"


def _key(file: Path) -> rsa.RSAPrivateKey:
    if file.exists():
        # The key is our own, and checking its primes takes longer than most requests.
        loaded = serialization.load_pem_private_key(
            file.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
        if isinstance(loaded, rsa.RSAPrivateKey):
            return loaded
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.touch(mode=0o600)
    file.write_bytes(
        made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made
