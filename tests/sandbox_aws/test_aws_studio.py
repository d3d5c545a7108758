"""Private spaces of Studio, and the apps in them."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account, allow, trust

PRIVATE = {"SharingType": "Private"}
OF_ADA = {"OwnerUserProfileName": "ada"}


@pytest.fixture(scope="module")
def domain(dev: Account) -> Iterator[str]:
    """The id of a domain with two user profiles, which is gone afterwards."""
    role, sagemaker = dev.role("spaces", trust=trust("sagemaker.amazonaws.com")), dev.client("sagemaker")
    found = dev.domain("spaces", role, "10.6", "ada", "grace")
    yield found
    for name in ("ada", "grace"):
        sagemaker.delete_user_profile(DomainId=found, UserProfileName=name)
    sagemaker.delete_domain(DomainId=found, RetentionPolicy={"HomeEfsFileSystem": "Delete"})


def space(domain: str, name: str, **changes: Any) -> dict[str, Any]:
    """Return a request for a private space of ada's for JupyterLab."""
    settings = {
        "AppType": "JupyterLab",
        "JupyterLabAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.t3.medium"}},
    }
    request = {"SpaceSettings": settings, "OwnershipSettings": OF_ADA, "SpaceSharingSettings": PRIVATE}
    return {"DomainId": domain, "SpaceName": name, **request, **changes}


def refusal(call: Any, request: Mapping[str, Any]) -> str:
    """Return code and message of the error that a call ends with."""
    with pytest.raises(ClientError) as raised:
        call(**request)
    error: Any = raised.value.response.get("Error")
    return f"{error['Code']}: {error['Message']}"


def test_a_private_space_is_described_and_listed_as_it_was_requested(dev: Account, domain: str) -> None:
    sagemaker = dev.client("sagemaker")
    request = space(domain, "described")
    sagemaker.create_space(**request)
    found = sagemaker.describe_space(DomainId=domain, SpaceName="described")
    assert {name: found[name] for name in request} == request
    assert found["SpaceArn"].endswith(f":space/{domain}/described")
    (listed,) = sagemaker.list_spaces(DomainIdEquals=domain, SpaceNameContains="describe")["Spaces"]
    assert (listed["OwnershipSettingsSummary"], listed["SpaceSettingsSummary"]) == (OF_ADA, {"AppType": "JupyterLab"})
    assert refusal(sagemaker.create_space, request).startswith("ResourceInUse: ")
    sagemaker.delete_space(DomainId=domain, SpaceName="described")
    assert sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SpaceSharingSettings": {"SharingType": "Shared"}}, "spaces that are not private"),
        ({"SpaceSettings": {"AppType": "JupyterServer"}}, "private spaces whose SpaceSettings.AppType is none of"),
        ({"OwnershipSettings": {"OwnerUserProfileName": "nobody"}}, "Unable to find User Profile"),
    ],
)
def test_other_spaces_are_refused(changes: dict[str, Any], message: str, dev: Account, domain: str) -> None:
    assert message in refusal(dev.client("sagemaker").create_space, space(domain, "other", **changes))


@pytest.mark.parametrize("kind", ["CodeEditor", "JupyterLab"])
def test_an_app_that_people_work_in_runs_in_a_space_alone(kind: str, dev: Account, domain: str) -> None:
    create = dev.client("sagemaker").create_app
    app = {"DomainId": domain, "AppType": kind, "AppName": "default"}
    assert f"{kind} runs in a space" in refusal(create, {**app, "UserProfileName": "ada"})
    assert "Exactly one of" in refusal(create, app)
    assert "Exactly one of" in refusal(create, {**app, "UserProfileName": "ada", "SpaceName": "any"})
    assert "Unable to find Space" in refusal(create, {**app, "SpaceName": "missing"})


def test_a_space_runs_the_app_that_it_is_for_and_is_deleted_after_it(dev: Account, domain: str) -> None:
    sagemaker = dev.client("sagemaker")
    sagemaker.create_space(**space(domain, "lab"))
    place = {"DomainId": domain, "SpaceName": "lab"}
    app = {**place, "AppType": "JupyterLab", "AppName": "default"}
    assert "is for JupyterLab, not for CodeEditor" in refusal(sagemaker.create_app, {**app, "AppType": "CodeEditor"})
    assert sagemaker.create_app(**app)["AppArn"].endswith(f":app/{domain}/lab/jupyterlab/default")
    assert sagemaker.describe_app(**app)["Status"] == "InService"
    listed = sagemaker.list_apps(DomainIdEquals=domain, SpaceNameEquals="lab")["Apps"]
    assert [(each["SpaceName"], each["AppType"]) for each in listed] == [("lab", "JupyterLab")]
    assert refusal(sagemaker.delete_space, place).startswith("ResourceInUse: ")
    owner = {"DomainId": domain, "UserProfileName": "ada"}
    assert "owns Space(s): ['lab']" in refusal(sagemaker.delete_user_profile, owner)
    sagemaker.delete_app(**app)
    sagemaker.delete_space(**place)
    assert "Unable to find Space" in refusal(sagemaker.describe_space, place)


def test_an_app_of_a_space_is_another_than_that_of_a_profile_of_the_same_name(dev: Account, domain: str) -> None:
    sagemaker = dev.client("sagemaker")
    sagemaker.create_space(**space(domain, "ada"))
    app = {"DomainId": domain, "SpaceName": "ada", "AppType": "JupyterLab", "AppName": "default"}
    sagemaker.create_app(**app)
    assert sagemaker.list_apps(DomainIdEquals=domain, UserProfileNameEquals="ada")["Apps"] == []
    of_profile = {"DomainId": domain, "UserProfileName": "ada", "AppType": "JupyterLab", "AppName": "default"}
    assert "Unable to find App" in refusal(sagemaker.describe_app, of_profile)
    sagemaker.delete_app(**app)
    sagemaker.delete_space(DomainId=domain, SpaceName="ada")


def test_iam_knows_the_owner_and_the_instance_of_a_space_and_of_apps_in_it(dev: Account, domain: str) -> None:
    actions = [f"sagemaker:{verb}{noun}" for verb in ("Create", "Delete") for noun in ("App", "Space")]
    prefix = f"arn:aws:sagemaker:eu-west-1:{dev.number}"
    own = {
        "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
        "ArnLike": {"sagemaker:OwnerUserProfileArn": f"{prefix}:user-profile/{domain}/ada"},
    }
    large = {"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": ["ml.t3.medium"]}}
    resources = [f"{prefix}:{kind}/{domain}/*" for kind in ("app", "space")]
    denial = {"Effect": "Deny", **allow(actions, when=large)}
    who = dev.assume(dev.role("spaces-of-ada", allow(actions, resources, own), denial))
    root, ada = dev.client("sagemaker"), dev.client("sagemaker", who)
    strangers = space(domain, "strangers", OwnershipSettings={"OwnerUserProfileName": "grace"})
    assert refusal(ada.create_space, strangers).startswith("AccessDenied")
    root.create_space(**strangers)
    ada.create_space(**space(domain, "own"))

    app = {"DomainId": domain, "AppType": "JupyterLab", "AppName": "default"}
    assert refusal(ada.create_app, {**app, "SpaceName": "strangers"}).startswith("AccessDenied")
    too_large = {**app, "SpaceName": "own", "ResourceSpec": {"InstanceType": "ml.p3.2xlarge"}}
    assert "explicit deny" in refusal(ada.create_app, too_large)
    ada.create_app(**app, SpaceName="own")
    ada.delete_app(**app, SpaceName="own")
    ada.delete_space(DomainId=domain, SpaceName="own")
    assert refusal(ada.delete_space, {"DomainId": domain, "SpaceName": "strangers"}).startswith("AccessDenied")
    root.delete_space(DomainId=domain, SpaceName="strangers")


def test_an_update_of_a_domain_to_its_network_alone_names_the_network(dev: Account, domain: str) -> None:
    sagemaker = dev.client("sagemaker")
    vpc_only = {"DomainId": domain, "AppNetworkAccessType": "VpcOnly"}
    expected = "ValidationException: VpcId and Subnet IDs are required for updating domains to VpcOnly mode."
    network = sagemaker.describe_domain(DomainId=domain)
    for _ in ("another mode", "its own"):
        assert refusal(sagemaker.update_domain, vpc_only) == expected
        assert refusal(sagemaker.update_domain, {**vpc_only, "SubnetIds": network["SubnetIds"]}) == expected
        sagemaker.update_domain(**vpc_only, VpcId=network["VpcId"], SubnetIds=network["SubnetIds"])


def test_a_domain_gets_another_subnet_by_an_update_of_its_subnets_alone(dev: Account, domain: str) -> None:
    ec2, sagemaker = dev.client("ec2"), dev.client("sagemaker")
    network = sagemaker.describe_domain(DomainId=domain)
    other = ec2.create_subnet(VpcId=network["VpcId"], CidrBlock="10.6.1.0/24")["Subnet"]["SubnetId"]
    subnets = [*network["SubnetIds"], other]
    sagemaker.update_domain(DomainId=domain, SubnetIds=subnets)
    assert sagemaker.describe_domain(DomainId=domain)["SubnetIds"] == subnets
    unknown = refusal(sagemaker.update_domain, {"DomainId": domain, "SubnetIds": ["subnet-1"]})
    assert unknown == "ValidationException: Subnets ['subnet-1'] do not exist"
