"""Studio's apps, as far as their start: one in a network without a way to SageMaker fails.

Source: SageMaker API Reference, "CreateApp" and "DescribeApp"; SageMaker Developer Guide, "Connect Amazon SageMaker Studio in a
VPC to External Resources": with `VpcOnly`, Studio does not run unless the VPC has interface endpoints of the SageMaker API and
runtime, or a NAT gateway, and the security groups allow it. Assumption: the words of the failure.
"""

from collections.abc import Iterator

from sandbox.aws.ec2 import ways
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.sagemaker.studio import domains
from sandbox.aws.service import Call, Members, now

REQUIRED = ("sagemaker.api", "sagemaker.runtime")
"""Services that an app reaches from its network, or does not start."""
KEY = ("DomainId", "UserProfileName", "AppType", "AppName")

_apps = scope.scoped_store()


def _key(call: Call) -> tuple[str, ...]:
    if "SpaceName" in call.members:
        raise NotEmulatedError("apps in spaces")
    return tuple(call.members[member] for member in KEY)


def _create(call: Call) -> Members:
    key = _key(call)
    if key in _apps and _apps[key]["Status"] != "Deleted":
        raise ServiceError("ResourceInUse", f"App already exists with name {call.members['AppName']}")
    domain = domains.find_domain(call.members["DomainId"])
    settings = domains.effective_settings(call.members["DomainId"], call.members["UserProfileName"])
    arn = names.arn("app", "/".join(key).lower())
    _apps[key] = {
        **names.pick(call.members, *KEY, "ResourceSpec"),
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
    tags.put(arn, call.members.get("Tags", []))
    return {"AppArn": arn}


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
    return names.found(_apps, key, f"Unable to find App [{names.arn('app', '/'.join(key).lower())}].")


def _describe(call: Call) -> Members:
    return _found(call)


def _delete(call: Call) -> Members:
    _found(call)["Status"] = "Deleted"
    return {}


def _list(call: Call) -> Members:
    domain, profile = call.members.get("DomainIdEquals"), call.members.get("UserProfileNameEquals")
    found = [
        app for app in _apps.values() if domain in (None, app["DomainId"]) and profile in (None, app["UserProfileName"])
    ]
    return names.page(
        call.members, "Apps", found, lambda app: names.pick(app, *KEY, "Status", "CreationTime", "ResourceSpec")
    )


OPERATIONS = {"CreateApp": _create, "DescribeApp": _describe, "DeleteApp": _delete, "ListApps": _list}
