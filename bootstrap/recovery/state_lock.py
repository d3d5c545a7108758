"""The lock of a stack: an object beside the state, which an engine that is killed leaves behind."""

import getpass
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bootstrap.account import Client
from bootstrap.names import PROJECT


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A lock and its holder."""

    key: str
    """Key of its object in the state's bucket."""
    user: str
    host: str
    process: int
    since: datetime

    def __str__(self) -> str:
        return f"{self.user} on {self.host}, process {self.process}, since {self.since:%Y-%m-%d %H:%M:%S %Z}"


def find(s3: Client, bucket: str, stack: str) -> Sequence[Lock]:
    """Return the locks of a stack: none, one, or several if two updates began at the same moment."""
    prefix = f".pulumi/locks/organization/{PROJECT}/{stack}/"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return [_read(s3, bucket, entry["Key"]) for entry in listed]


def release(s3: Client, bucket: str, lock: Lock) -> None:
    """Delete one lock; the bucket keeps its content as an old version."""
    s3.delete_object(Bucket=bucket, Key=lock.key)


def left_behind(lock: Lock, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the caller held the lock on this machine and the process is gone.

    Always false in a workflow: runners share the names of users and hosts.
    """
    if environment.get("CI") or (lock.user, lock.host) != (getpass.getuser(), platform.node()):
        return False
    try:
        os.kill(lock.process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _read(s3: Client, bucket: str, key: str) -> Lock:
    content = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return Lock(
        key=key,
        user=content["username"],
        host=content["hostname"],
        process=content["pid"],
        since=datetime.fromisoformat(content["timestamp"]),
    )
