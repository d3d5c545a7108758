"""Checks of what bootstrap created in the account: the state's bucket and key, the identity provider and the roles."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from bootstrap.account import Account, error_code, refusal_reason
from bootstrap.names import Names
from bootstrap.stack import Stack
from bootstrap.up import AUDIENCE, provider_audiences

ROLES_OF_A_PROJECT = 7
"""The most roles that a launch makes in one account."""
PROJECTS_TO_COME = 20
"""Projects for which an account should have room: as many as are launched at once."""
_ROLES_QUOTA = "L-FE177D64"
"""Code of the quota *Roles per account*: 1,000 unless more were requested, 5,000 at most. IAM's quotas are kept in us-east-1.

Source: AWS General Reference, "AWS Identity and Access Management endpoints and quotas".
"""


def parts(stack: Stack, wanted: str, again: str) -> tuple[bool, str]:
    """Check that the deploy role may make the roles of the parts that the settings have, and no others."""
    found = stack.parameters.get("Parts")
    if found == wanted:
        return True, f"those of {wanted}, as in the settings"
    present = f"those of {found}" if found else "any that it names"
    return False, f"the deploy role may make {present}, the settings have {wanted}; {again}"


def state_bucket(account: Account, names: Names, again: str) -> tuple[bool, str]:
    """Check that the state's bucket is private, versioned and encrypted; `again` says how to restore it."""
    bucket = names.state_bucket(account.account_id, account.region)
    s3 = account.client("s3")
    try:
        versioning = s3.get_bucket_versioning(Bucket=bucket).get("Status", "off")
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        public = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if error_code(error) in (
            "NoSuchBucket",
            "NoSuchPublicAccessBlockConfiguration",
            "ServerSideEncryptionConfigurationNotFoundError",
        ):
            return False, f"{bucket}: {refusal_reason(error)}; {again}"
        raise
    algorithms = {rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules}
    missing = [
        *(["versioning"] if versioning != "Enabled" else []),
        *(["encryption by its key"] if algorithms != {"aws:kms"} else []),
        *(["the block of public access"] if not all(public.values()) else []),
    ]
    if missing:
        return False, f"{bucket} lost {', '.join(missing)}; {again}"
    return True, f"{bucket}: private, versioned, encrypted"


def state_key(account: Account, names: Names, again: str) -> tuple[bool, str]:
    """Check that the state's key exists, is enabled and rotates."""
    kms = account.client("kms")
    try:
        key = kms.describe_key(KeyId=names.state_alias)["KeyMetadata"]
    except ClientError as error:
        if error_code(error) == "NotFoundException":
            return False, f"{names.state_alias} points to no key; {again}"
        raise
    if key["KeyState"] != "Enabled":
        return False, (
            f"{key['Arn']} is {key['KeyState']}: the state cannot be read. Enable it "
            f"(aws kms cancel-key-deletion, aws kms enable-key --key-id {key['KeyId']}) before anything else"
        )
    if not kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]:
        return False, f"{key['Arn']} does not rotate; run: aws kms enable-key-rotation --key-id {key['KeyId']}"
    return True, f"{names.state_alias}: enabled, rotating"


def identity_provider(account: Account, stack: Stack, again: str) -> tuple[bool, str]:
    """Check that the identity provider exists and accepts AWS's audience."""
    arn = stack.outputs.get("OidcProviderArn", "")
    audiences = provider_audiences(account.client("iam"), arn)
    if audiences is None:
        return False, f"{arn} does not exist, so no workflow can log in; {again}"
    if AUDIENCE not in audiences:
        return False, (
            f"{arn} does not accept {AUDIENCE}; run: aws iam add-client-id-to-open-id-connect-provider "
            f"--client-id {AUDIENCE} --open-id-connect-provider-arn {arn}"
        )
    return True, arn


def role(account: Account, name: str, again: str) -> tuple[bool, str]:
    """Check that a role exists and has its permissions boundary."""
    try:
        found = account.client("iam").get_role(RoleName=name)["Role"]
    except ClientError as error:
        if error_code(error) == "NoSuchEntity":
            return False, f"{name} does not exist; {again}"
        raise
    if "PermissionsBoundary" not in found:
        return False, f"{name} lost its permissions boundary; {again}"
    return True, f"{found['Arn']} for {', '.join(_subjects(found['AssumeRolePolicyDocument']))}"


def room_for_projects(account: Account) -> tuple[bool, str]:
    """Check that the account's quota of roles, the first of its quotas that projects use up, has room for further projects."""
    summary = account.client("iam").get_account_summary()["SummaryMap"]
    used, quota = summary["Roles"], summary["RolesQuota"]
    projects = (quota - used) // ROLES_OF_A_PROJECT
    said = f"{used} of {quota} roles are in use, which leaves room for {projects} projects"
    if projects >= PROJECTS_TO_COME:
        return True, said
    return False, (
        f"{said}; run: aws service-quotas request-service-quota-increase --region us-east-1 --service-code iam "
        f"--quota-code {_ROLES_QUOTA} --desired-value {min(2 * quota, 5000)}"
    )


def _subjects(trust: Mapping[str, Any]) -> Sequence[str]:
    found: list[str] = []
    for statement in trust.get("Statement", []):
        for key, value in statement.get("Condition", {}).get("StringEquals", {}).items():
            if key.endswith(":sub"):
                found.extend([value] if isinstance(value, str) else value)
    return found
