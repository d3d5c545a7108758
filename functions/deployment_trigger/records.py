"""What is remembered about each approval: one object in the project's bucket, written only under a condition."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

from functions.deployment_trigger.package import Approval

State = Literal["claimed", "dispatched", "refused", "superseded", "unchanged"]
"""`unchanged`: the package was changed after its approval, which is no approval of its own."""

FOLDER = "deployments/"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What became of an approval."""

    model_package_arn: str
    state: State
    owner: str
    """Id of the request that wrote it; Lambda keeps it when it tries again."""
    since: float
    """Seconds since 1970."""
    reason: str = ""
    run_url: str | None = None

    def to_json(self) -> str:
        """The object's content."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Record":
        """Read the object's content."""
        return cls(**json.loads(text))


@dataclass(frozen=True, kw_only=True)
class StoredRecord:
    """A record as it was found, by which it can be replaced if nobody else did."""

    record: Record
    etag: str


def key(approval: Approval) -> str:
    """Key of the approval's record."""
    return f"{FOLDER}{approval.version}/{approval.at}.json"


def approval_of(key: str) -> Approval | None:
    """The approval whose record has the key; None when the object is something else."""
    version, _, name = key.removeprefix(FOLDER).partition("/")
    at = name.removesuffix(".json")
    return Approval(version=int(version), at=int(at)) if version.isdecimal() and at.isdecimal() else None
