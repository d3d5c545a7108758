"""Studio's private spaces, in which JupyterLab and Code Editor run: storage and settings of one app of one user profile.

Sources: SageMaker API Reference, "CreateSpace", "DescribeSpace", "DeleteSpace", "ListSpaces", "SpaceSettings" and
"OwnershipSettings"; SageMaker Developer Guide, "Amazon SageMaker Studio spaces". Assumption: the words of the errors.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.sagemaker.studio import domains
from sandbox.aws.service import Call, Members, now

APP_TYPES = ("CodeEditor", "JupyterLab")
"""Types of apps that run in private spaces, and only there."""
SETTINGS = ("SpaceSettings", "OwnershipSettings", "SpaceSharingSettings")


def find(domain_id: str, name: str) -> Members:
    """Return a space.

    Raises:
        ServiceError: there is none.
    """
    arn = names.arn("space", f"{domain_id}/{name}")
    return names.found(domains.spaces, (domain_id, name), f"Unable to find Space [{arn}].")


def owner(space: Mapping[str, Any]) -> str:
    """Return the name of the user profile that a space belongs to."""
    return space["OwnershipSettings"]["OwnerUserProfileName"]


def _create(call: Call) -> Members:
    members = call.members
    domain_id, name = members["DomainId"], members["SpaceName"]
    domains.find_domain(domain_id)
    if members.get("SpaceSharingSettings", {}).get("SharingType") != "Private" or "OwnershipSettings" not in members:
        raise NotEmulatedError("spaces that are not private")
    if members.get("SpaceSettings", {}).get("AppType") not in APP_TYPES:
        raise NotEmulatedError(f"private spaces whose SpaceSettings.AppType is none of {', '.join(APP_TYPES)}")
    domains.effective_settings(domain_id, owner(members))
    if (domain_id, name) in domains.spaces:
        raise ServiceError("ResourceInUse", f"Space already exists with name {name}")
    arn = names.arn("space", f"{domain_id}/{name}")
    domains.spaces[domain_id, name] = {
        **names.pick(members, "DomainId", "SpaceName", "SpaceDisplayName", *SETTINGS),
        "SpaceArn": arn,
        "Status": "InService",
        "CreationTime": now(),
        "LastModifiedTime": now(),
    }
    tags.put(arn, members.get("Tags", []))
    return {"SpaceArn": arn}


def _describe(call: Call) -> Members:
    return find(call.members["DomainId"], call.members["SpaceName"])


def _list(call: Call) -> Members:
    domain, wanted = call.members.get("DomainIdEquals"), call.members.get("SpaceNameContains", "")
    found = [
        space
        for space in domains.spaces.values()
        if domain in (None, space["DomainId"]) and wanted in space["SpaceName"]
    ]
    return names.page(call.members, "Spaces", found, _summary)


def _summary(space: Members) -> Members:
    shown = ("DomainId", "SpaceName", "SpaceDisplayName", "Status", "CreationTime", "LastModifiedTime")
    return {
        **names.pick(space, *shown),
        "OwnershipSettingsSummary": space["OwnershipSettings"],
        "SpaceSettingsSummary": names.pick(space["SpaceSettings"], "AppType"),
        "SpaceSharingSettingsSummary": space["SpaceSharingSettings"],
    }


OPERATIONS = {"CreateSpace": _create, "DescribeSpace": _describe, "ListSpaces": _list}
