"""Resources of stacks: every change is checked against the acting principal before MiniStack makes it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.aws import authorization, emulator
from sandbox.aws.cloudformation import acting, buckets, identity, machine_learning
from sandbox.aws.cloudformation.resource_types import Check, Resource, check_properties, resource_type
from sandbox.aws.errors import AccessDeniedError, ServiceError

Outcome = tuple[str, dict[str, Any]]
"""A resource's physical id and its attributes."""

TAGGED = ("AWS::S3::Bucket", "AWS::SageMaker::CodeRepository", "AWS::SageMaker::ModelPackageGroup")
"""Types that get the stack's tags on AWS, and not from MiniStack."""


def install() -> None:
    """Check MiniStack's resource handlers, complete those that fall short, and add those that it lacks."""
    handlers = emulator.provisioners._RESOURCE_HANDLERS
    handlers |= {**buckets.handlers(handlers), **identity.handlers(handlers), **machine_learning.handlers()}
    emulator.provisioners._STACK_TAG_PROPERTY |= dict.fromkeys(TAGGED, ("Tags", "list"))
    provision = emulator.stacks._provision_resource
    update = emulator.stacks._update_resource
    delete = emulator.stacks._delete_resource
    resolve = emulator.stacks._resolve_dynamic_references

    def provision_resource(resource_type_name: str, logical_id: str, props: dict[str, Any], stack_name: str) -> Outcome:
        resource = Resource(type=resource_type_name, logical_id=logical_id, stack_name=stack_name, properties=props)
        _check(resource, lambda: resource_type(resource.type).to_create(resource))
        return provision(resource_type_name, logical_id, props, stack_name)

    def update_resource(
        resource_type_name: str,
        physical_id: str,
        old_props: dict[str, Any],
        new_props: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
        old_attrs: dict[str, Any] | None = None,
    ) -> Outcome:
        resource = Resource(
            type=resource_type_name,
            logical_id=logical_id or "",
            stack_name=stack_name,
            properties=new_props,
            physical_id=physical_id,
        )
        custom = resource.type.startswith("Custom::") and old_props != new_props
        known = resource_type(resource.type)
        _check(resource, lambda: known.to_create(resource) if custom else known.to_update(resource, old_props))
        return update(resource_type_name, physical_id, old_props, new_props, stack_name, logical_id, old_attrs)

    def delete_resource(
        resource_type_name: str,
        physical_id: str,
        props: dict[str, Any],
        stack_name: str | None = None,
        logical_id: str | None = None,
    ) -> None:
        resource = Resource(
            type=resource_type_name,
            logical_id=logical_id or "",
            stack_name=stack_name or "",
            properties=props,
            physical_id=physical_id,
        )
        _check(resource, lambda: resource_type(resource.type).to_delete(resource))
        delete(resource_type_name, physical_id, props, stack_name, logical_id)

    def resolve_dynamic_references(
        value: Any, previous: Mapping[str, str] | None = None, reuse_ssm: bool = False, reuse_secrets: bool = False
    ) -> Any:
        found: set[str] = set()
        emulator.engine._find_dynamic_references(value, found)
        for reference in sorted(found - set(previous or {})):
            _raise_as_handler(_reference_check(reference))
        return resolve(value, previous, reuse_ssm, reuse_secrets)

    emulator.stacks._provision_resource = provision_resource
    emulator.stacks._update_resource = update_resource
    emulator.stacks._delete_resource = delete_resource
    emulator.stacks._resolve_dynamic_references = resolve_dynamic_references


def _check(resource: Resource, checks: Callable[[], Iterable[Check]]) -> None:
    try:
        check_properties(resource)
    except ServiceError as error:
        raise ValueError(error.message) from None
    _raise_as_handler(checks())


def _raise_as_handler(checks: Iterable[Check]) -> None:
    somebody = acting.principal()
    for check in checks:
        try:
            authorization.require(somebody, check.action, check.resource, check.context)
        except AccessDeniedError as denied:
            raise ValueError(
                f'Resource handler returned message: "{denied.message}" (HandlerErrorCode: AccessDenied)'
            ) from None


def _reference_check(reference: str) -> Iterable[Check]:
    service, _, rest = reference.removeprefix("{{resolve:").removesuffix("}}").partition(":")
    place = f"{emulator.region()}:{emulator.account_id()}"
    if service in ("ssm", "ssm-secure"):
        name = rest.partition(":")[0].lstrip("/")
        yield Check(action="ssm:GetParameters", resource=f"arn:aws:ssm:{place}:parameter/{name}", context={})
    else:
        secret = rest if rest.startswith("arn:") else f"arn:aws:secretsmanager:{place}:secret:{rest.partition(':')[0]}"
        yield Check(action="secretsmanager:GetSecretValue", resource=secret, context={})
