"""Condition keys that depend on the principal or the resource, where MiniStack finds none or another value."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.iam.service_authorization.kms import aliases_of
from sandbox.aws.ministack import ec2, evaluator, s3
from sandbox.aws.sagemaker import tags as sagemaker_tags
from sandbox.aws.scheduler import groups as schedule_groups

S3_ARN = "arn:aws:s3:::"
RESOURCE_TAG = "aws:resourcetag/"


def install() -> None:
    """Let MiniStack use these condition keys."""
    evaluator.intercept_condition_keys(_resolve)


def _resolve(key: str, context: Any, go_on: Callable[[], Any]) -> Any:
    # Of a role's session AWS gives the role here, MiniStack the session.
    if key == "aws:principalarn" and context.principal_type == "AssumedRole":
        account, name = context.principal_arn.split(":")[4], context.principal_arn.split("/")[1]
        return f"arn:aws:iam::{account}:role/{name}"
    if key in ("aws:resourceaccount", "s3:resourceaccount") and context.resource_arn.startswith(S3_ARN):
        bucket = context.resource_arn.removeprefix(S3_ARN).partition("/")[0]
        return s3.owner_of(bucket) or context.principal_account
    if key == "kms:resourcealiases":
        return aliases_of(context.resource_arn)
    value = go_on()
    if value is None and key.startswith(RESOURCE_TAG):
        # MiniStack looks tags up only where a role's own policies use them, not where its boundary does.
        return _resource_tags(context.resource_arn).get(key[len(RESOURCE_TAG) :])
    return value


def _resource_tags(arn: str) -> Mapping[str, str]:
    """Return the tags of a resource by their keys in lower case: condition keys are compared without regard to case.

    Source: IAM User Guide, "IAM JSON policy elements: Condition".
    """
    if ":ec2:" in arn:
        tags = ec2.tags_of(arn.rpartition("/")[2])
    else:
        tags = sagemaker_tags.of(arn) if ":sagemaker:" in arn else schedule_groups.tags_of(arn)
    ours = {tag["Key"]: tag["Value"] for tag in tags}
    return {key.lower(): value for key, value in (ours or evaluator.resource_tags(arn)).items()}
