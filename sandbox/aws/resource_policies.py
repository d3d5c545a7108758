"""Policies of resources, whichever account owns them: across accounts a caller's policies and a resource's must agree.

MiniStack looks for a resource's policy in the caller's account only, exempts every root from it, and lets into another
account's bucket whomever the bucket's policy lets in, without asking the caller's own policies.

Source: IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic"; Amazon S3 User Guide,
"Bucket policies" (the owner's root may always mend the policy).
"""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.aws import emulator
from sandbox.aws.sagemaker import registry

Found = tuple[str, str]
"""A resource's policy, empty if it has none, and the account that owns the resource."""

MENDING = frozenset({"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"})
"""What no bucket policy can deny to the root of the bucket's account."""

AWS_IMAGES = ":repository/sagemaker-"
"""In the ARN of every repository in which AWS offers SageMaker's images."""

EVERYBODY_PULLS = json.dumps(
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
    _find_in_every_account()
    _explain_refusals()
    _bind_roots()
    _open_buckets()


def of(service: str, resource: str) -> Found | None:
    """The policy that the resource itself has; None where the service keeps none."""
    return emulator.evaluator._resource_policy(service, resource)


def owner_of(resource: str) -> tuple[str, str]:
    """Account and region of a resource; what its ARN leaves open is the current one's."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return emulator.account_id(), emulator.region()
    account, region = parts[4], parts[3]
    if parts[2] == "s3":
        account = emulator.s3._bucket_owner_account(parts[5].partition("/")[0]) or account
    return account or emulator.account_id(), region or emulator.region()


def _find_in_every_account() -> None:
    lookup = emulator.evaluator._resource_policy
    kept_by = emulator.evaluator._RESOURCE_POLICY_LOOKUPS

    def resource_policy(service: str, resource: str) -> Found | None:
        if not resource.startswith("arn:") or (service != "sagemaker" and service not in kept_by):
            return lookup(service, resource)
        account, region = owner_of(resource)
        foreign = account != emulator.account_id()
        if foreign and service == "ecr" and AWS_IMAGES in resource:
            return EVERYBODY_PULLS, account
        with emulator.responses.request_scope(account, region):
            found = registry.policy_of(resource) if service == "sagemaker" else lookup(service, resource)
        # What another account has, or has not, is nobody's business unless a policy there says so.
        return found or (("", account) if foreign else None)

    emulator.evaluator._resource_policy = resource_policy


def _explain_refusals() -> None:
    combine = emulator.evaluator.combine_resource_policy
    respond = emulator.actions.access_denied_response

    def combine_resource_policy(identity: Any, context: Any, *arguments: Any, **options: Any) -> Any:
        result = combine(identity, context, *arguments, **options)
        if identity.decision == "Allow" and result.decision != "Allow":
            result.resource_policy_arn = context.resource_arn
        return result

    def access_denied_response(
        service: str, action: str, principal_arn: str, request_id: str, **options: Any
    ) -> emulator.Response:
        resource = options.get("resource_policy_arn")
        if resource and not options.get("explicit_deny") and not options.get("message"):
            shown = f'"{resource}"' if service == "s3" else resource
            options["message"] = (
                f"User: {principal_arn} is not authorized to perform: {action} on resource: {shown} "
                f"because no resource-based policy allows the {action} action"
            )
        return respond(service, action, principal_arn, request_id, **options)

    emulator.evaluator.combine_resource_policy = combine_resource_policy
    emulator.actions.access_denied_response = access_denied_response


def _bind_roots() -> None:
    enforce = emulator.evaluator.enforce

    def enforce_on_roots(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if denied is not None or not access_key_id or not emulator.evaluator.is_root_access_key(access_key_id):
            return denied
        found = of(service, resource_arn)
        account = emulator.account_id()
        if found is None or (iam_action in MENDING and found[1] == account):
            return None
        root = f"arn:aws:iam::{account}:root"
        context = emulator.evaluator.EvalContext(
            principal_arn=root,
            principal_type="Root",
            principal_account=account,
            action=iam_action,
            resource_arn=resource_arn,
            region=region,
            service_context={key.lower(): value for key, value in (service_context or {}).items()},
        )
        result = emulator.evaluator.combine_resource_policy(
            emulator.evaluator.EvalResult("Allow", root),
            context,
            *found,
            required=service in emulator.evaluator._POLICY_REQUIRED,
        )
        return None if result.decision == "Allow" else result

    emulator.evaluator.enforce = enforce_on_roots


def _open_buckets() -> None:
    allows = emulator.s3._foreign_bucket_allows

    def foreign_bucket_allows(
        owner: str,
        bucket: str,
        key: str,
        method: str,
        query: Mapping[str, list[str]],
        caller: str,
        headers: Mapping[str, str] | None = None,
    ) -> bool:
        path = f"/{bucket}/{key}" if key else f"/{bucket}"
        if not caller or emulator.actions._s3_action(method, path, query) is None:
            return allows(owner, bucket, key, method, query, caller, headers)
        # By now the caller's policies and the bucket's have been asked.
        restricted = emulator.s3._public_access_blocked(owner, bucket, "RestrictPublicBuckets")
        policy = emulator.s3._bucket_policies.get_scoped(owner, None, bucket)
        return not (restricted and policy and emulator.s3._policy_is_public(policy))

    emulator.s3._foreign_bucket_allows = foreign_bucket_allows
