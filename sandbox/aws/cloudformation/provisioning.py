"""Resources of stacks: every change is checked against the stack's principal before MiniStack makes it."""

from collections.abc import Callable, Iterable

from sandbox.aws.cloudformation import (
    iam_resources,
    lambda_resources,
    s3_resources,
    sagemaker_resources,
    scheduler_resources,
    stack_principal,
)
from sandbox.aws.cloudformation.resource import Check, Resource
from sandbox.aws.cloudformation.resource_types import check_properties, resource_type
from sandbox.aws.errors import AccessDeniedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import cloudformation, scope
from sandbox.aws.ministack.cloudformation import Handlers, Properties

TAGGED = ("AWS::S3::Bucket", "AWS::SageMaker::CodeRepository", "AWS::SageMaker::ModelPackageGroup")
"""Types that get the stack's tags on AWS, and not from MiniStack."""


def install() -> None:
    """Check MiniStack's resource handlers, complete those that fall short, and add those that it lacks."""
    cloudformation.add_types(_handlers, TAGGED)
    cloudformation.check_creations(_check_creation)
    cloudformation.check_updates(_check_update)
    cloudformation.check_deletions(_check_deletion)
    # A resource goes after everything that depends on it. Source: CloudFormation User Guide, "DependsOn attribute".
    cloudformation.keep_what_failed_deletions_need()
    cloudformation.delete_what_failed_creations_left()
    cloudformation.check_dynamic_references(lambda reference: _raise_as_handler(_reference_check(reference)))


def _handlers(own: Handlers) -> Handlers:
    return {
        **s3_resources.handlers(own),
        **iam_resources.handlers(own),
        **lambda_resources.handlers(own),
        **sagemaker_resources.handlers(),
        **scheduler_resources.handlers(),
    }


def _check_creation(kind: str, logical_id: str, props: Properties, stack_name: str) -> None:
    resource = Resource(type=kind, logical_id=logical_id, stack_name=stack_name, properties=props)
    _check(resource, lambda: resource_type(resource.type).to_create(resource))


def _check_update(
    kind: str, logical_id: str, physical_id: str, old: Properties, new: Properties, stack_name: str
) -> None:
    resource = Resource(
        type=kind, logical_id=logical_id, stack_name=stack_name, properties=new, physical_id=physical_id
    )
    custom = resource.type.startswith("Custom::") and old != new
    known = resource_type(resource.type)
    _check(resource, lambda: known.to_create(resource) if custom else known.to_update(resource, old))


def _check_deletion(kind: str, logical_id: str, physical_id: str, props: Properties, stack_name: str) -> None:
    resource = Resource(
        type=kind, logical_id=logical_id, stack_name=stack_name, properties=props, physical_id=physical_id
    )
    _check(resource, lambda: resource_type(resource.type).to_delete(resource))


def _check(resource: Resource, checks: Callable[[], Iterable[Check]]) -> None:
    try:
        check_properties(resource)
    except ServiceError as error:
        raise ValueError(error.message) from None
    _raise_as_handler(checks())


def _raise_as_handler(checks: Iterable[Check]) -> None:
    principal = stack_principal.current()
    for check in checks:
        try:
            authorization.require(principal, check.action, check.resource, check.context)
        except AccessDeniedError as denied:
            raise ValueError(
                f'Resource handler returned message: "{denied.message}" (HandlerErrorCode: AccessDenied)'
            ) from None


def _reference_check(reference: str) -> Iterable[Check]:
    service, _, rest = reference.removeprefix("{{resolve:").removesuffix("}}").partition(":")
    name = rest.partition(":")[0]
    if service in ("ssm", "ssm-secure"):
        parameter = scope.arn("ssm", f"parameter/{name.lstrip('/')}")
        yield Check(action="ssm:GetParameters", resource=parameter, context={})
    else:
        secret = rest if rest.startswith("arn:") else scope.arn("secretsmanager", f"secret:{name}")
        yield Check(action="secretsmanager:GetSecretValue", resource=secret, context={})
