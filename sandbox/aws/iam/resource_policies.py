"""Policies of resources of all accounts: across accounts, a caller's policies and a resource's must agree.

MiniStack looks for a resource's policy in the caller's account only, exempts every root from it, and opens another
account's bucket to whatever principal the bucket's policy names, without a look at the principal's own policies.

Source: IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic"; Amazon S3 User Guide,
"Bucket policies" (the owner's root may always repair the policy).
"""

import json
from collections.abc import Callable

from sandbox.aws.ministack import request_authorization, s3, scope
from sandbox.aws.ministack.request_authorization import Policy
from sandbox.aws.sagemaker.registry import model_package_groups

ALWAYS_ALLOWED_TO_ROOT = frozenset({"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"})
"""Actions that no bucket policy can deny to the root of the bucket's account."""

AWS_IMAGES = ":repository/sagemaker-"
"""Part of the ARN of every repository in which AWS offers SageMaker's images."""

PULLED_BY_ALL_ACCOUNTS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            }
        ],
    }
)
"""Policy of those repositories. Source: SageMaker AI Developer Guide, "Docker registry paths and example code"."""


def install() -> None:
    """Let the policies of all accounts' resources decide."""
    request_authorization.intercept_resource_policies(_find)
    request_authorization.explain_refusals_by_resources()
    request_authorization.hold_roots_to_resource_policies(ALWAYS_ALLOWED_TO_ROOT)
    s3.intercept_foreign_requests(_is_open)


def owner_of(resource: str) -> tuple[str, str]:
    """Return the account and the region of a resource; those that its ARN leaves open are the current ones."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return scope.account_id(), scope.region()
    account, region = parts[4], parts[3]
    if parts[2] == "s3":
        account = s3.owner_of(parts[5].partition("/")[0]) or account
    return account or scope.account_id(), region or scope.region()


def _find(service: str, resource: str, in_current_account: Callable[[], Policy | None]) -> Policy | None:
    known = service == "sagemaker" or request_authorization.keeps_policies(service)
    if not resource.startswith("arn:") or not known:
        return in_current_account()
    account, region = owner_of(resource)
    foreign = account != scope.account_id()
    if foreign and service == "ecr" and AWS_IMAGES in resource:
        return PULLED_BY_ALL_ACCOUNTS, account
    with scope.request_scope(account, region):
        found = model_package_groups.policy_of(resource) if service == "sagemaker" else in_current_account()
    # Whether another account has such a resource stays its secret unless a policy there says otherwise.
    return found or (("", account) if foreign else None)


def _is_open(owner: str, bucket: str) -> bool:
    # By now the caller's policies and the bucket's have decided.
    return not s3.is_closed_to_foreign_accounts(owner, bucket)
