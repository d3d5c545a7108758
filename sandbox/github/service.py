"""The composition of a local GitHub."""

from pathlib import Path

from sandbox.github.actions.context import ActionsContext
from sandbox.github.actions.service import Actions
from sandbox.github.downloads import Downloads
from sandbox.github.faults import Faults, RequestLog
from sandbox.github.issuer import Issuer
from sandbox.github.limits import RateLimits
from sandbox.github.refs import Refs
from sandbox.github.seed import Seed
from sandbox.github.store import Store


class GitHub:
    """The parts of one GitHub; each knows only the parts that it is given here."""

    def __init__(self, folder: Path, url: str, seed: Seed, *, aws_url: str, authority: Path) -> None:
        self.store = Store(folder, url, seed)
        self.issuer = Issuer(folder / "issuer.pem", f"{url}/_services/token", self.store)
        self.actions = Actions(
            ActionsContext(store=self.store, issuer=self.issuer, aws_url=aws_url, authority=authority)
        )
        self.refs = Refs(self.store, self.actions.triggers)
        self.limits = RateLimits(seed.limits)
        self.downloads = Downloads(url)
        self.faults = Faults()
        self.requests = RequestLog()
        self.actions.scheduler.schedule()

    def close(self) -> None:
        """Stop every job and write the state to disk."""
        self.actions.scheduler.close()
        with self.store.lock:
            self.store.save()
