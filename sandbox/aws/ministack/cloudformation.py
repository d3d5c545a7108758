"""MiniStack's CloudFormation."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any

from sandbox.aws.ministack import modules
from sandbox.aws.ministack.gateway import Response

Properties = dict[str, Any]
Handlers = dict[str, dict[str, Any]]
"""By type: the functions that create, update and delete a resource."""
Outcome = tuple[str, dict[str, Any]]
"""A resource's physical id and its attributes."""


def find_stack(name: str) -> dict[str, Any] | None:
    """Return a stack of the current account."""
    return modules.cloudformation._stacks.get(name)


def events_of(stack_id: str) -> Sequence[Mapping[str, Any]]:
    """Return the events of a stack."""
    return modules.cloudformation._stack_events.get(stack_id, [])


def call(operation: str, params: Mapping[str, list[str]]) -> Response:
    """Answer a request for an operation."""
    return modules.cloudformation._ACTION_HANDLERS[operation](params)


def error(code: str, message: str, status: int) -> Response:
    """Return an error as CloudFormation answers it."""
    return modules.helpers._error(code, message, status)


def parse_template(text: str) -> Mapping[str, Any]:
    """Read a template.

    Raises:
        Exception: it is not one.
    """
    return modules.engine._parse_template(text)


def parse_templates_once() -> None:
    """Cache parsed templates: while MiniStack parses one it answers nobody, and many stacks have the same one.

    Twenty launches at once held all other requests up for so long that functions gave up on theirs.
    """
    parse_text = lru_cache(maxsize=64)(modules.engine._parse_template)

    def parse_template_once(text: str) -> Any:
        # Whoever gets a template may change it.
        return deepcopy(parse_text(text))

    modules.engine._parse_template = parse_template_once
    modules.stack_handlers._parse_template = parse_template_once


def replace_templates(body: Callable[[], str | None], url: Callable[[str], str]) -> None:
    """Read templates from elsewhere.

    `body` returns a template that a service keeps itself, or None; `url` returns the URL by which MiniStack finds the
    template of another URL.
    """
    resolve = modules.helpers._resolve_document

    def resolve_document(params: Any, body_key: str, url_key: str, label: str) -> Any:
        text = body()
        if text is not None and body_key == "TemplateBody":
            return text, None
        given = modules.helpers._p(params, url_key)
        if given:
            params = {**params, url_key: [url(given)]}
        return resolve(params, body_key, url_key, label)

    modules.helpers._resolve_document = resolve_document


def add_types(handlers: Callable[[Handlers], Handlers], tagged: Sequence[str]) -> None:
    """Add resource types, or replace them; those of `tagged` get the stack's tags.

    `handlers` gets the types that there are and returns the new ones.
    """
    own: Handlers = modules.provisioners._RESOURCE_HANDLERS
    own |= handlers(own)
    modules.provisioners._STACK_TAG_PROPERTY |= dict.fromkeys(tagged, ("Tags", "list"))


def check_creations(check: Callable[[str, str, Properties, str], None]) -> None:
    """Check resources before they are created: the type, the logical id, the properties, the stack's name."""
    provision = modules.stacks._provision_resource

    def provision_resource(kind: str, logical_id: str, props: Properties, stack_name: str) -> Outcome:
        check(kind, logical_id, props, stack_name)
        return provision(kind, logical_id, props, stack_name)

    modules.stacks._provision_resource = provision_resource


def check_updates(check: Callable[[str, str, str, Properties, Properties, str], None]) -> None:
    """Check resources before they are updated.

    `check` gets the type, the logical and the physical id, the old and the new properties, and the stack's name.
    """
    update = modules.stacks._update_resource

    def update_resource(
        kind: str,
        physical_id: str,
        old_props: Properties,
        new_props: Properties,
        stack_name: str,
        logical_id: str | None = None,
        old_attrs: dict[str, Any] | None = None,
    ) -> Outcome:
        check(kind, logical_id or "", physical_id, old_props, new_props, stack_name)
        return update(kind, physical_id, old_props, new_props, stack_name, logical_id, old_attrs)

    modules.stacks._update_resource = update_resource


def check_deletions(check: Callable[[str, str, str, Properties, str], None]) -> None:
    """Check resources before they are deleted.

    `check` gets the type, the logical and the physical id, the properties, and the stack's name.
    """
    delete = modules.stacks._delete_resource

    def delete_resource(
        kind: str, physical_id: str, props: Properties, stack_name: str | None = None, logical_id: str | None = None
    ) -> None:
        check(kind, logical_id or "", physical_id, props, stack_name or "")
        delete(kind, physical_id, props, stack_name, logical_id)

    modules.stacks._delete_resource = delete_resource


def keep_what_failed_deletions_need() -> None:
    """Leave alone what a resource depends on that could not be deleted; MiniStack deletes it all the same."""
    delete_one, delete_all = modules.stacks._delete_resource, modules.stack_handlers._delete_stack_async
    kept: dict[str, dict[str, Any]] = {}

    def delete_resource(
        kind: str, physical_id: str, props: Properties, stack_name: str | None = None, logical_id: str | None = None
    ) -> None:
        try:
            delete_one(kind, physical_id, props, stack_name, logical_id)
        except Exception:
            stack = find_stack(stack_name or "")
            if stack is not None and stack["StackStatus"] == "DELETE_IN_PROGRESS":
                left: dict[str, Any] = stack["_resources"]
                needed = modules.stacks._with_dependencies([logical_id], stack["_template"]["Resources"], set(left))
                kept.setdefault(stack["StackId"], {}).update({name: left.pop(name) for name in needed - {logical_id}})
            raise

    async def delete_stack_async(
        stack_name: str, stack_id: str, retain_resources: Sequence[str] = (), force: bool = False
    ) -> None:
        stack = find_stack(stack_name)
        await delete_all(stack_name, stack_id, retain_resources, force)
        if stack is not None:
            stack["_resources"] |= kept.pop(stack_id, {})

    modules.stacks._delete_resource = delete_resource
    modules.stack_handlers._delete_stack_async = delete_stack_async


def delete_what_failed_creations_left() -> None:
    """Delete in a rollback the custom resource whose creation failed, by the id in its answer; MiniStack leaves it.

    Its provider may have made a part of it. Source: aws/aws-cdk, pull request 5525.
    """
    deliver, request = modules.custom_resource.deliver_response, modules.custom_resource.invoke_custom_resource
    roll_back = modules.stacks._roll_back_operation
    answered: dict[tuple[str, str], str] = {}
    failed: dict[tuple[str, str], dict[str, Any]] = {}

    def deliver_response(token: str, response: Mapping[str, Any]) -> bool:
        place = str(response.get("StackId")), str(response.get("LogicalResourceId"))
        answered[place] = str(response.get("PhysicalResourceId") or "")
        return bool(deliver(token, response))

    def invoke_custom_resource(
        request_type: str,
        logical_id: str,
        props: Properties,
        stack_name: str,
        stack_id: str,
        resource_type: str,
        physical_id: str | None = None,
        old_props: Properties | None = None,
    ) -> Outcome:
        try:
            return request(request_type, logical_id, props, stack_name, stack_id, resource_type, physical_id, old_props)
        except RuntimeError:
            if request_type == "Create" and (made := answered.get((stack_id, logical_id))):
                own = {"LogicalResourceId": logical_id, "ResourceType": resource_type, "Properties": props}
                failed[stack_id, logical_id] = {**own, "PhysicalResourceId": made, "Attributes": {}}
            raise

    async def roll_back_operation(
        stack_name: str, stack_id: str, stack: dict[str, Any], operation: dict[str, Any], reason_override: str = ""
    ) -> None:
        name = operation.get("failed_logical_id")
        if (resource := failed.pop((stack_id, str(name)), None)) is not None:
            stack["_resources"][name] = resource
            operation = {**operation, "created": [*operation.get("created", []), name]}
        await roll_back(stack_name, stack_id, stack, operation, reason_override)

    modules.custom_resource.deliver_response = deliver_response
    modules.custom_resource.invoke_custom_resource = invoke_custom_resource
    modules.stacks._roll_back_operation = roll_back_operation


def check_dynamic_references(check: Callable[[str], None]) -> None:
    """Check dynamic references, `{{resolve:…}}`, before they are resolved."""
    resolve = modules.stacks._resolve_dynamic_references

    def resolve_dynamic_references(
        value: Any, previous: Mapping[str, str] | None = None, reuse_ssm: bool = False, reuse_secrets: bool = False
    ) -> Any:
        found: set[str] = set()
        modules.engine._find_dynamic_references(value, found)
        for reference in sorted(found - set(previous or {})):
            check(reference)
        return resolve(value, previous, reuse_ssm, reuse_secrets)

    modules.stacks._resolve_dynamic_references = resolve_dynamic_references
