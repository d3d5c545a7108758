"""Copy a model's artifact into the account where it is deployed, under the name of its digest.

The approved artifact was set aside with its SHA-256 when it was approved. AWS copies it from there, and the copy has the
same digest or is not used. From then on the model needs nothing of the account that trained it.
"""

import base64
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.project.aws import error_code
from mlops_platform.release import DeploymentError
from mlops_platform.release.package import ModelVersion
from mlops_platform.release.project import Environment, Project

LARGEST_BYTES = 5 * 1024**3
"""Largest object that S3 copies in one request; larger ones have no single digest."""
NOT_THERE = ("403", "404", "AccessDenied", "NoSuchKey", "NotFound")
"""Error codes of a missing key; S3 answers 403 to a role that may not list the bucket."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """The copy in the account of an environment."""

    uri: str
    sha256: str
    """In hexadecimal digits."""
    copied: bool
    """False when it was there already."""


def copy(s3: Any, project: Project, environment: Environment, model: ModelVersion) -> Artifact:
    """Copy the approved artifact into the environment's account, unless it is there.

    Raises:
        DeploymentError: it was not set aside for this version, or the copy is not the same.
    """
    source = {"Bucket": project.models_bucket, "Key": f"approved/{model.version}/model.tar.gz"}
    approved = _head(s3, source)
    place = f"s3://{source['Bucket']}/{source['Key']}"
    if approved is None:
        raise DeploymentError(f"{place} is missing or unreadable: it is set aside when {model.arn} is approved")
    belongs_to = approved.get("Metadata", {}).get("model-package-arn")
    if belongs_to != model.arn:
        raise DeploymentError(f"{place} was set aside for {belongs_to}, not for {model.arn}")
    checksum = approved.get("ChecksumSHA256", "")
    if not checksum or "-" in checksum:
        raise DeploymentError(f"{place} has no SHA-256 of the whole object")
    if approved["ContentLength"] > LARGEST_BYTES:
        raise DeploymentError(f"{place} has {approved['ContentLength']} bytes; at most {LARGEST_BYTES} can be copied")
    sha256 = base64.b64decode(checksum).hex()
    target = {"Bucket": environment.artifacts_bucket, "Key": f"{project.id}/models/{sha256}/model.tar.gz"}
    uri = f"s3://{target['Bucket']}/{target['Key']}"
    present = _head(s3, target)
    if present is not None and present.get("ChecksumSHA256") == checksum:
        return Artifact(uri=uri, sha256=sha256, copied=False)
    answer = s3.copy_object(
        **target,
        CopySource=source,
        # Refuses an object that was overwritten since it was checked.
        CopySourceIfMatch=approved["ETag"],
        ChecksumAlgorithm="SHA256",
        # Tags would need a permission of their own to be read.
        TaggingDirective="REPLACE",
    )
    copied = answer["CopyObjectResult"].get("ChecksumSHA256")
    if copied != checksum:
        raise DeploymentError(f"the copy {uri} has the SHA-256 {copied}, approved was {checksum}")
    return Artifact(uri=uri, sha256=sha256, copied=True)


def _head(s3: Any, place: dict[str, str]) -> Any:
    try:
        return s3.head_object(**place, ChecksumMode="ENABLED")
    except ClientError as error:
        if error_code(error) in NOT_THERE:
            return None
        raise
