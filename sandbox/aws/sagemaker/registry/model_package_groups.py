"""Groups of model packages, and their resource policies."""

import json

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.sagemaker.registry import store
from sandbox.aws.service import Call, Members, now

_policies = scope.scoped_store()


def create(members: Members) -> Members:
    """Create a group of model packages."""
    name = members["ModelPackageGroupName"]
    arn = names.arn("model-package-group", name)
    if name in store.groups:
        raise ServiceError("ValidationException", f"Model Package Group already exists: {arn}")
    store.groups[name] = {
        **names.pick(members, "ModelPackageGroupName", "ModelPackageGroupDescription"),
        "ModelPackageGroupArn": arn,
        "ModelPackageGroupStatus": "Completed",
        "CreationTime": now(),
        "CreatedBy": {},
    }
    tags.put(arn, members.get("Tags", []))
    return {"ModelPackageGroupArn": arn}


def delete(name: str) -> None:
    """Delete a group, which must be empty."""
    group = store.group(name)
    if store.versions(group["ModelPackageGroupName"]):
        raise ServiceError(
            "ConflictException",
            f"Model Package Group cannot be deleted because it still contains Model Packages: "
            f"{group['ModelPackageGroupArn']}",
        )
    tags.forget(group["ModelPackageGroupArn"])
    set_policy(group["ModelPackageGroupName"], None)
    store.groups.pop(group["ModelPackageGroupName"])


def set_policy(name: str, policy: object) -> None:
    """Set the resource policy of a group, or remove it."""
    if policy is None:
        _policies.pop(name, None)
    else:
        _policies[name] = policy if isinstance(policy, str) else json.dumps(policy)


def policy_of(arn: str) -> tuple[str, str] | None:
    """Return the resource policy that decides about a group or a package of the current account, and this account.

    None where the ARN is that of another resource.
    """
    kind, _, name = arn.split(":", 5)[5].partition("/")
    if kind not in ("model-package-group", "model-package"):
        return None
    group = name.partition("/")[0]
    policies = (policy for owner, policy in _policies.items() if owner.lower() == group.lower())
    return next(policies, ""), scope.account_id()


def _create(call: Call) -> Members:
    return create(call.members)


def _describe(call: Call) -> Members:
    with store.owner_of(call.members["ModelPackageGroupName"]):
        group = store.group(call.members["ModelPackageGroupName"])
    return {key: value for key, value in group.items() if key != "_last"}


def _delete(call: Call) -> Members:
    delete(names.name_of(call.members["ModelPackageGroupName"]))
    return {}


def _list(call: Call) -> Members:
    wanted = call.members.get("NameContains", "")
    records = [group for group in store.groups.values() if wanted in group["ModelPackageGroupName"]]
    return names.page(
        call.members,
        "ModelPackageGroupSummaryList",
        records,
        lambda record: names.pick(
            record,
            "ModelPackageGroupName",
            "ModelPackageGroupArn",
            "ModelPackageGroupDescription",
            "CreationTime",
            "ModelPackageGroupStatus",
        ),
    )


def _put_policy(call: Call) -> Members:
    group = store.group(call.members["ModelPackageGroupName"])
    _policies[group["ModelPackageGroupName"]] = call.members["ResourcePolicy"]
    return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}


def _get_policy(call: Call) -> Members:
    name = store.group(call.members["ModelPackageGroupName"])["ModelPackageGroupName"]
    if name not in _policies:
        raise ServiceError("ValidationException", f"Cannot find resource policy for Model Package Group: {name}")
    return {"ResourcePolicy": _policies[name]}


def _delete_policy(call: Call) -> Members:
    _policies.pop(store.group(call.members["ModelPackageGroupName"])["ModelPackageGroupName"], None)
    return {}


OPERATIONS = {
    "CreateModelPackageGroup": _create,
    "DescribeModelPackageGroup": _describe,
    "DeleteModelPackageGroup": _delete,
    "ListModelPackageGroups": _list,
    "PutModelPackageGroupPolicy": _put_policy,
    "GetModelPackageGroupPolicy": _get_policy,
    "DeleteModelPackageGroupPolicy": _delete_policy,
}
