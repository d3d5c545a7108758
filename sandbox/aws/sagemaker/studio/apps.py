"""Studio's apps, as far as their start: one in a network without a way to SageMaker fails.

JupyterLab and Code Editor run in a private space, other apps for a user profile.

Source: SageMaker API Reference, "CreateApp", "DescribeApp" and "SpaceSettings" (`AppType`, the type of app created within the
space); SageMaker Developer Guide, "Amazon SageMaker Studio spaces" and "Connect Amazon SageMaker Studio in a VPC to External
Resources": with `VpcOnly`, Studio does not run unless the VPC has interface endpoints of the SageMaker API and runtime, or a NAT
gateway, and the security groups allow it. Assumptions: the words of the failure and of the errors, and that JupyterLab and Code
Editor are refused for a user profile, and an app of another type than its space's in a space: AWS describes no other way.
"""

from collections.abc import Iterator

from sandbox.aws.ec2 import ways
from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.sagemaker.studio import domains, spaces
from sandbox.aws.service import Call, Members, now

REQUIRED = ("sagemaker.api", "sagemaker.runtime")
"""Services that an app reaches from its network, or does not start."""
KEY = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
"""Members that name an app, of which it has either a profile or a space."""

_apps = scope.scoped_store()


def _key(call: Call) -> tuple[str, ...]:
    members = call.members
    if ("UserProfileName" in members) == ("SpaceName" in members):
        raise ServiceError("ValidationException", "Exactly one of UserProfileName and SpaceName must be specified")
    return tuple(members.get(member, "") for member in KEY)


def _arn(key: tuple[str, ...]) -> str:
    return names.arn("app", "/".join(filter(None, key)))


def _create(call: Call) -> Members:
    key, members = _key(call), call.members
    if key in _apps and _apps[key]["Status"] != "Deleted":
        raise ServiceError("ResourceInUse", f"App already exists with name {members['AppName']}")
    domain = domains.find_domain(members["DomainId"])
    settings = domains.effective_settings(members["DomainId"], _owner(members))
    arn = _arn(key)
    _apps[key] = {
        **names.pick(members, *KEY, "ResourceSpec"),
        "AppArn": arn,
        "Status": "InService",
        "CreationTime": now(),
    }
    stranded = list(_stranded(domain, settings))
    if stranded:
        _apps[key] |= {
            "Status": "Failed",
            "FailureReason": f"ConfigurationError: {'; '.join(stranded)}. Apps of a VpcOnly domain need interface endpoints of "
            "the SageMaker API and runtime, or a NAT gateway.",
        }
    tags.put(arn, members.get("Tags", []))
    return {"AppArn": arn}


def _owner(members: Members) -> str:
    """Return the user profile that a new app runs for.

    Raises:
        ServiceError: there is no such space, or the app does not run there.
    """
    kind = members["AppType"]
    if "SpaceName" not in members:
        if kind in spaces.APP_TYPES:
            raise ServiceError("ValidationException", f"{kind} runs in a space: specify SpaceName")
        return members["UserProfileName"]
    space = spaces.find(members["DomainId"], members["SpaceName"])
    if kind != space["SpaceSettings"]["AppType"]:
        expected = space["SpaceSettings"]["AppType"]
        raise ServiceError("ValidationException", f"Space {members['SpaceName']} is for {expected}, not for {kind}")
    return spaces.owner(space)


def _stranded(domain: Members, settings: Members) -> Iterator[str]:
    """Yield the subnets of a domain from which an app does not reach what it needs, with the reason."""
    if domain["AppNetworkAccessType"] != "VpcOnly":
        return
    groups = settings.get("SecurityGroups", [])
    for subnet in domain["SubnetIds"]:
        missing = [service for service in REQUIRED if not ways.to_service(service, subnet, groups)]
        if missing:
            yield f"{subnet} has no way to {' and '.join(missing)}"


def _found(call: Call) -> Members:
    key = _key(call)
    return names.found(_apps, key, f"Unable to find App [{_arn(key)}].")


def _describe(call: Call) -> Members:
    return _found(call)


def _delete(call: Call) -> Members:
    _found(call)["Status"] = "Deleted"
    return {}


def _list(call: Call) -> Members:
    filters = {"DomainIdEquals": "DomainId", "UserProfileNameEquals": "UserProfileName", "SpaceNameEquals": "SpaceName"}
    wanted = {member: call.members[name] for name, member in filters.items() if name in call.members}
    found = [app for app in _apps.values() if wanted.items() <= app.items()]
    return names.page(
        call.members, "Apps", found, lambda app: names.pick(app, *KEY, "Status", "CreationTime", "ResourceSpec")
    )


def _delete_space(call: Call) -> Members:
    space = spaces.find(call.members["DomainId"], call.members["SpaceName"])
    place = names.pick(space, "DomainId", "SpaceName")
    running = [app["AppName"] for app in _apps.values() if place.items() <= app.items() and app["Status"] != "Deleted"]
    if running:
        raise ServiceError(
            "ResourceInUse",
            f"Unable to delete Space [{space['SpaceArn']}] because App(s) are associated with it: {running}",
        )
    tags.forget(space["SpaceArn"])
    domains.spaces.pop((space["DomainId"], space["SpaceName"]))
    return {}


OPERATIONS = {
    "CreateApp": _create,
    "DescribeApp": _describe,
    "DeleteApp": _delete,
    "ListApps": _list,
    # Here, because only apps know whether a space is in use.
    "DeleteSpace": _delete_space,
}
