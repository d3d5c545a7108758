"""Studio: domains and their user profiles."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import ec2, kms, scope
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.sagemaker.studio import nfs_groups
from sandbox.aws.service import Call, Members, now

_domains = scope.scoped_store()
_profiles = scope.scoped_store()
spaces = scope.scoped_store()
"""Spaces of user profiles, by the domain's id and their own name."""
_retained = scope.scoped_store()
"""Deleted domains whose file systems remain, by the id of the file system."""

DOMAIN_MEMBERS = (
    "DomainName",
    "AuthMode",
    "DefaultUserSettings",
    "DefaultSpaceSettings",
    "DomainSettings",
    "SubnetIds",
    "VpcId",
    "AppNetworkAccessType",
    "KmsKeyId",
    "AppSecurityGroupManagement",
    "TagPropagation",
)


def _create_domain(call: Call) -> Members:
    members = call.members
    taken = [domain for domain in _domains.values() if domain["DomainName"] == members["DomainName"]]
    if taken:
        raise ServiceError("ResourceInUse", f"Domain with name {members['DomainName']} already exists")
    _check_network(members)
    _check_role(members["DefaultUserSettings"])
    _check_key(members.get("KmsKeyId"))
    domain_id = f"d-{names.identifier()}"
    arn = names.arn("domain", domain_id)
    _domains[domain_id] = {
        "AppNetworkAccessType": "PublicInternetOnly",
        "TagPropagation": "DISABLED",
        **names.pick(members, *DOMAIN_MEMBERS),
        "DomainId": domain_id,
        "DomainArn": arn,
        "Status": "InService",
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "HomeEfsFileSystemId": f"fs-{names.identifier(17)}",
        "Url": f"https://{domain_id}.studio.{scope.region()}.sagemaker.aws",
    }
    tags.put(arn, members.get("Tags", []))
    nfs_groups.create(_domains[domain_id])
    return {"DomainArn": arn, "DomainId": domain_id, "Url": _domains[domain_id]["Url"]}


def _describe_domain(call: Call) -> Members:
    return find_domain(call.members["DomainId"])


def _update_domain(call: Call) -> Members:
    domain = find_domain(call.members["DomainId"])
    settings = dict(call.members.get("DomainSettingsForUpdate", {}))
    # Even of a domain that is in this mode already. Source: hashicorp/terraform-provider-aws#45528.
    if call.members.get("AppNetworkAccessType") == "VpcOnly" and not {"SubnetIds", "VpcId"} <= call.members.keys():
        raise ServiceError(
            "ValidationException", "VpcId and Subnet IDs are required for updating domains to VpcOnly mode."
        )
    _check_network(call.members)
    _check_role(call.members.get("DefaultUserSettings", {}))
    for name in ("DefaultUserSettings", "DefaultSpaceSettings"):
        if name in call.members:
            domain[name] = _merge(domain.get(name, {}), call.members[name])
    if settings:
        domain["DomainSettings"] = _merge(domain.get("DomainSettings", {}), settings)
    domain |= names.pick(
        call.members, "SubnetIds", "AppNetworkAccessType", "AppSecurityGroupManagement", "TagPropagation"
    )
    domain["LastModifiedTime"] = now()
    return {"DomainArn": domain["DomainArn"]}


def _delete_domain(call: Call) -> Members:
    domain = find_domain(call.members["DomainId"])
    profiles = [profile["UserProfileName"] for profile in _profiles_of(domain["DomainId"])]
    if profiles:
        raise ServiceError(
            "ResourceInUse",
            f"Unable to delete Domain [{domain['DomainId']}] because UserProfile(s) are associated with it: {profiles}",
        )
    tags.forget(domain["DomainArn"])
    _domains.pop(domain["DomainId"])
    if call.members.get("RetentionPolicy", {}).get("HomeEfsFileSystem", "Retain") == "Retain":
        _retained[domain["HomeEfsFileSystemId"]] = domain
    return {}


def _list_domains(call: Call) -> Members:
    return names.page(
        call.members,
        "Domains",
        _domains.values(),
        lambda record: names.pick(
            record, "DomainArn", "DomainId", "DomainName", "Status", "CreationTime", "LastModifiedTime", "Url"
        ),
    )


def _create_profile(call: Call) -> Members:
    members = call.members
    domain = find_domain(members["DomainId"])
    key = (members["DomainId"], members["UserProfileName"])
    if key in _profiles:
        raise ServiceError("ResourceInUse", f"User Profile already exists with name {members['UserProfileName']}")
    _check_role(members.get("UserSettings", {}))
    arn = names.arn("user-profile", f"{domain['DomainId']}/{members['UserProfileName']}")
    _profiles[key] = {
        **names.pick(members, "DomainId", "UserProfileName", "UserSettings"),
        "UserProfileArn": arn,
        "HomeEfsFileSystemUid": str(200000 + len(_profiles)),
        "Status": "InService",
        "CreationTime": now(),
        "LastModifiedTime": now(),
    }
    tags.put(arn, members.get("Tags", []))
    return {"UserProfileArn": arn}


def _describe_profile(call: Call) -> Members:
    return _profile(call.members["DomainId"], call.members["UserProfileName"])


def _update_profile(call: Call) -> Members:
    profile = _profile(call.members["DomainId"], call.members["UserProfileName"])
    _check_role(call.members.get("UserSettings", {}))
    profile["UserSettings"] = _merge(profile.get("UserSettings", {}), call.members.get("UserSettings", {}))
    profile["LastModifiedTime"] = now()
    return {"UserProfileArn": profile["UserProfileArn"]}


def _delete_profile(call: Call) -> Members:
    profile = _profile(call.members["DomainId"], call.members["UserProfileName"])
    owner = (profile["DomainId"], {"OwnerUserProfileName": profile["UserProfileName"]})
    own = [each["SpaceName"] for each in spaces.values() if (each["DomainId"], each["OwnershipSettings"]) == owner]
    if own:
        arn = profile["UserProfileArn"]
        raise ServiceError("ResourceInUse", f"Unable to delete UserProfile [{arn}] because it owns Space(s): {own}")
    tags.forget(profile["UserProfileArn"])
    _profiles.pop((profile["DomainId"], profile["UserProfileName"]))
    return {}


def _list_profiles(call: Call) -> Members:
    domain = call.members.get("DomainIdEquals")
    wanted = call.members.get("UserProfileNameContains", "")
    records = _profiles_of(domain) if domain else list(_profiles.values())
    chosen = [record for record in records if wanted in record["UserProfileName"]]
    return names.page(
        call.members,
        "UserProfiles",
        chosen,
        lambda record: names.pick(record, "DomainId", "UserProfileName", "Status", "CreationTime", "LastModifiedTime"),
    )


def execution_role(domain_id: str, profile_name: str) -> str:
    """Return the role that a user profile's apps run as: its own, else the domain's.

    Raises:
        ServiceError: there is no such user profile.
    """
    return effective_settings(domain_id, profile_name)["ExecutionRole"]


def effective_settings(domain_id: str, profile_name: str) -> Members:
    """Return the settings of a user profile: its own over those of the domain.

    Raises:
        ServiceError: there is no such user profile.
    """
    own = _profile(domain_id, profile_name).get("UserSettings", {})
    return _merge(find_domain(domain_id)["DefaultUserSettings"], own)


def with_file_systems() -> Iterator[Members]:
    """Yield the domains whose file systems have mount targets in a network: those that exist, and those that left theirs."""
    yield from _domains.values()
    yield from _retained.values()


def find_domain(domain_id: str) -> Members:
    """Return a domain.

    Raises:
        ServiceError: there is none.
    """
    return names.found(_domains, domain_id, f"Unable to find Domain [{names.arn('domain', domain_id)}].")


def _profile(domain_id: str, name: str) -> Members:
    arn = names.arn("user-profile", f"{domain_id}/{name}")
    return names.found(_profiles, (domain_id, name), f"Unable to find User Profile [{arn}].")


def _profiles_of(domain_id: str) -> list[Members]:
    return [profile for profile in _profiles.values() if profile["DomainId"] == domain_id]


def _check_network(members: Members) -> None:
    if members.get("VpcId") and members["VpcId"] not in ec2.vpcs:
        raise ServiceError("ValidationException", f"VPC {members['VpcId']} does not exist")
    unknown = [subnet for subnet in members.get("SubnetIds", []) if subnet not in ec2.subnets]
    if unknown:
        raise ServiceError("ValidationException", f"Subnets {unknown} do not exist")


def _check_role(settings: Members) -> None:
    role = settings.get("ExecutionRole")
    if role and not authorization.service_may_assume(
        role, "sagemaker.amazonaws.com", source_account=scope.account_id()
    ):
        raise ServiceError(
            "ValidationException",
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            f"'sagemaker.amazonaws.com' to assume the role.",
        )


def _check_key(key_id: str | None) -> None:
    if key_id and kms.find_key(key_id) is None:
        raise ServiceError("ValidationException", f"KMS key {key_id} does not exist or is not accessible")


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> Members:
    """Return old settings with new ones over them; structures are merged, everything else is replaced."""
    merged = dict(old)
    for key, value in new.items():
        before: Any = merged.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[key] = _merge(cast(Members, before), cast(Members, value)) if both else value
    return merged


OPERATIONS = {
    "CreateDomain": _create_domain,
    "DescribeDomain": _describe_domain,
    "UpdateDomain": _update_domain,
    "DeleteDomain": _delete_domain,
    "ListDomains": _list_domains,
    "CreateUserProfile": _create_profile,
    "DescribeUserProfile": _describe_profile,
    "UpdateUserProfile": _update_profile,
    "DeleteUserProfile": _delete_profile,
    "ListUserProfiles": _list_profiles,
}
