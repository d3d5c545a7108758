"""The rest of the local GitHub, as far as runs of workflows need it."""

from dataclasses import dataclass
from pathlib import Path

from sandbox.github.issuer import Issuer
from sandbox.github.store import Store


@dataclass(frozen=True, kw_only=True)
class ActionsContext:
    """The store, the issuer of tokens, and the addresses that jobs get."""

    store: Store
    issuer: Issuer
    aws_url: str
    """The AWS endpoint of jobs."""
    authority: Path
    """The certificate authority that jobs trust besides the machine's own, PEM."""
