"""IAM's resource types: boundaries of roles, names that are taken, and OIDC providers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from sandbox.aws.errors import message_of
from sandbox.aws.ministack import iam, scope
from sandbox.aws.ministack.cloudformation import Handlers


def handlers(ministack: Handlers) -> Handlers:
    """Return the types' handlers, around MiniStack's own where it has one."""
    return {
        "AWS::IAM::Role": _role(ministack["AWS::IAM::Role"]),
        "AWS::IAM::ManagedPolicy": _managed_policy(ministack["AWS::IAM::ManagedPolicy"]),
        "AWS::IAM::OIDCProvider": {
            "create": _create_provider,
            "update": _update_provider,
            "delete": _delete_provider,
        },
    }


def _role(own: dict[str, Any]) -> dict[str, Any]:
    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        name = props.get("RoleName")
        if name and name in iam.roles:
            raise ValueError(f"Role with name {name} already exists.")
        _check_boundary(props)
        physical_id, attributes = own["create"](logical_id, props, stack_name)
        _set_boundary(physical_id, props)
        return physical_id, attributes

    def update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, logical_id: str | None = None
    ) -> Any:
        _check_boundary(new)
        outcome = own["update"](physical_id, old, new, stack_name, logical_id)
        _set_boundary(outcome[0], new)
        return outcome

    def delete(physical_id: str, props: dict[str, Any]) -> None:
        role: Mapping[str, Any] = iam.roles.get(physical_id) or {}
        declared = {policy["PolicyName"] for policy in props.get("Policies", [])}
        strange = set[str](role.get("InlinePolicies", {})) - declared
        if strange:
            raise ValueError(f"Cannot delete entity, must delete policies first: {', '.join(sorted(strange))}")
        own["delete"](physical_id, props)

    return {**own, "create": create, "update": update, "delete": delete}


def _managed_policy(own: dict[str, Any]) -> dict[str, Any]:
    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        name = props.get("ManagedPolicyName")
        arn = f"arn:aws:iam::{scope.account_id()}:policy{props.get('Path', '/')}{name}"
        if name and arn in iam.policies:
            raise ValueError(f"A policy called {name} already exists. Duplicate names are not allowed.")
        return own["create"](logical_id, props, stack_name)

    return {**own, "create": create}


def _check_boundary(props: dict[str, Any]) -> None:
    boundary = props.get("PermissionsBoundary")
    if boundary and not iam.policy_exists(boundary, scope.account_id()):
        raise ValueError(f"Scope ARN: {boundary} does not exist or is not attachable.")


def _set_boundary(role_name: str, props: dict[str, Any]) -> None:
    role = iam.roles[role_name]
    if props.get("PermissionsBoundary"):
        role["PermissionsBoundary"] = props["PermissionsBoundary"]
    else:
        role.pop("PermissionsBoundary", None)


def _create_provider(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    del logical_id, stack_name
    form = {"Url": props["Url"]}
    form |= {f"ClientIDList.member.{n}": value for n, value in enumerate(props.get("ClientIdList", []), 1)}
    form |= {f"ThumbprintList.member.{n}": value for n, value in enumerate(props.get("ThumbprintList", []), 1)}
    for number, tag in enumerate(props.get("Tags", []), 1):
        form |= {f"Tags.member.{number}.Key": tag["Key"], f"Tags.member.{number}.Value": tag["Value"]}
    status, _, body = iam.create_oidc_provider(parse_qs(urlencode(form)))
    if status != 200:
        raise ValueError(message_of(body))
    arn = f"arn:aws:iam::{scope.account_id()}:oidc-provider/{props['Url'].partition('://')[2].rstrip('/')}"
    return arn, {"Arn": arn}


def _update_provider(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str) -> Any:
    if old["Url"] != new["Url"]:
        return _create_provider("", new, stack_name)
    provider = iam.oidc_providers[physical_id]
    provider["ClientIDList"] = list(new.get("ClientIdList", []))
    provider["ThumbprintList"] = list(new.get("ThumbprintList", []))
    provider["Tags"] = list(new.get("Tags", []))
    return physical_id, {"Arn": physical_id}


def _delete_provider(physical_id: str, props: dict[str, Any]) -> None:
    del props
    iam.oidc_providers.pop(physical_id, None)
