"""The outcome of each approval: one object in the project's bucket, written only under a condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from functions.deployment_trigger.conditional_records import ConditionalRecords, Stored
from functions.deployment_trigger.package import Approval

State = Literal["claimed", "dispatched", "proposed", "refused", "superseded", "unchanged"]
"""`unchanged`: the package was changed after its approval, which is no approval of its own."""

FOLDER = "deployments/"


@dataclass(frozen=True, kw_only=True)
class Record:
    """The outcome of an approval."""

    model_package_arn: str
    state: State
    owner: str
    """Id of the request that wrote it; Lambda keeps it when it tries again."""
    since: float
    """Seconds since 1970."""
    reason: str = ""
    reports: Mapping[str, str] = field(default_factory=dict[str, str])
    """Registered SHA-256 of each report that could be read before the approval, by its address."""
    run_url: str | None = None
    pull_url: str | None = None
    """Address of the pull request that proposes it to production, if it is released so."""


class ApprovalStore:
    """Records of approvals in the buckets of projects, where no other role writes them."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self._records = ConditionalRecords(s3, Record)

    def create(self, bucket: str, approval: Approval, record: Record) -> Stored[Record] | None:
        """Write the approval's first record; None when it has one."""
        return self._records.create(bucket, key(approval), record)

    def replace(self, bucket: str, approval: Approval, found: Stored[Record], record: Record) -> Stored[Record] | None:
        """Write the record over the one that was found; None when another request has."""
        return self._records.replace(bucket, key(approval), found, record)

    def read(self, bucket: str, approval: Approval) -> Stored[Record]:
        """Return the record of an approval that has one."""
        return self._records.read(bucket, key(approval))

    def approvals(self, bucket: str) -> Sequence[Approval]:
        """Return every approval that has a record, the newest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=FOLDER)
        found = [approval_of(item["Key"]) for page in pages for item in page.get("Contents", [])]
        return sorted((each for each in found if each is not None), key=lambda each: each.at, reverse=True)


def key(approval: Approval) -> str:
    """Return the key of the approval's record."""
    return f"{FOLDER}{approval.version}/{approval.at}.json"


def approval_of(key: str) -> Approval | None:
    """Return the approval whose record has the key; None when the object is something else."""
    version, _, name = key.removeprefix(FOLDER).partition("/")
    at = name.removesuffix(".json")
    return Approval(version=int(version), at=int(at)) if version.isdecimal() and at.isdecimal() else None
