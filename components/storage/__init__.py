"""Buckets: private, encrypted, versioned, reached by TLS alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.environment import Environment
from components.parameters import Values
from components.storage.access_log_bucket import PURPOSE as ACCESS_LOGS
from components.storage.access_log_bucket import AccessLogBucket, AccessLogBucketArgs
from components.storage.folders import Folder, SharedFolder
from components.storage.private_bucket import PrivateBucket, PrivateBucketArgs

PUBLISHED = ("artifacts", "data")
"""Purposes of the buckets whose names are published to projects."""


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """Purposes and key of the buckets."""

    environment: Environment
    purposes: Sequence[str]
    """Purposes of the buckets, such as data."""
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts every object."""
    keep_on_destroy: bool
    """Whether they outlive the stack, and cannot be deleted by mistake."""
    one_writer: Mapping[str, Folder]
    """Folders that one role alone writes, by the purpose of their bucket."""
    write_once: Mapping[str, Folder]
    """Folders whose objects are never replaced or deleted, by the purpose of their bucket."""
    named_writers: Mapping[str, SharedFolder]
    """Folders that named roles alone write, by the purpose of their bucket."""
    expiring: Mapping[str, Sequence[str]]
    """Folders with requests of callers, which expire, by the purpose of their bucket."""


class Storage(pulumi.ComponentResource):
    """A bucket for each purpose, and one for their access logs."""

    buckets: Mapping[str, PrivateBucket]
    """The buckets by purpose."""
    parameters: Values

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Storage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        access_logs = AccessLogBucket(
            f"{name}-{ACCESS_LOGS}",
            AccessLogBucketArgs(environment=args.environment, keep_on_destroy=args.keep_on_destroy),
            child,
        )
        self.buckets = {
            purpose: PrivateBucket(
                f"{name}-{purpose}",
                PrivateBucketArgs(
                    environment=args.environment,
                    purpose=purpose,
                    kms_key_arn=args.kms_key_arn,
                    access_log_bucket_name=access_logs.bucket_name,
                    keep_on_destroy=args.keep_on_destroy,
                    one_writer=args.one_writer.get(purpose),
                    write_once=args.write_once.get(purpose),
                    named_writers=args.named_writers.get(purpose),
                    expiring=args.expiring.get(purpose, ()),
                ),
                child,
            )
            for purpose in args.purposes
        }
        self.parameters = {
            f"storage/{purpose}-bucket": bucket.bucket_name
            for purpose, bucket in self.buckets.items()
            if purpose in PUBLISHED
        }
        self.register_outputs({})
