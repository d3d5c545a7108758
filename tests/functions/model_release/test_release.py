"""The release of a version: what is verified, what is copied, and what is made of it."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.model_release.errors import RefusedError
from functions.shared.evidence import MODEL
from functions.shared.model_specification import specification_digest
from tests.functions.model_release.fakes import (
    BODY,
    BUCKET,
    CONTAINER,
    FROZEN,
    GRACE,
    IMAGE,
    KEY,
    LEAD,
    RECORD,
    SETTINGS,
    Fakes,
    arn,
    described,
    error,
    evidence,
)

EARLIER = replace(SETTINGS, earlier_versions={"abalone-p-abcdefghijkl/3": evidence()})
"""Settings that say what version 3 was."""
OTHER_ROLE = "arn:aws:sts::111111111111:assumed-role/analytics-dev-p-abcdefghijkl-pipeline/SageMaker"


def test_the_model_is_the_approved_artifact_isolated_in_the_network_under_its_projects_role(fakes: Fakes) -> None:
    released = fakes.release()
    [(name, model)] = fakes.sagemaker.models.items()
    assert released.model_name == name
    assert model["PrimaryContainer"] == {
        "Image": IMAGE,
        "ModelDataUrl": f"s3://{BUCKET}/{KEY}",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "PIP_NO_BUILD_ISOLATION": "0"},
    }
    assert model["EnableNetworkIsolation"] is True
    assert model["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert model["ExecutionRoleArn"] == "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-model"
    assert {tag["Key"]: tag["Value"] for tag in model["Tags"]} == {
        "unit": "analytics",
        "environment": "prod",
        "sagemaker:project-name": "abalone",
        "sagemaker:project-id": "p-abcdefghijkl",
        "model-package-arn": arn(),
    }


def test_the_image_can_install_the_code_of_any_version_without_a_network(fakes: Fakes) -> None:
    assert "PIP_NO_BUILD_ISOLATION" not in CONTAINER["Environment"], "a version registered without the variable"
    model = fakes.sagemaker.models[fakes.release().model_name]
    assert model["PrimaryContainer"]["Environment"]["PIP_NO_BUILD_ISOLATION"] == "0"


def test_its_name_tells_project_and_version_and_fits_into_what_sagemaker_accepts(fakes: Fakes) -> None:
    name = fakes.release().model_name
    assert name.startswith("analytics-prod-p-abcdefghijkl-approved-v3-")
    longest = fakes.release(settings=replace(SETTINGS, prefix="abcdefghijkl-abcdefgh")).model_name
    assert len(longest.replace("-v3-", "-v99999-")) <= 63


@pytest.mark.parametrize("image", ["registry:5000/models/xgboost:latest", f"registry/xgboost@sha256:{'1' * 64}"])
def test_what_the_pipeline_registered_as_the_image_is_served_and_never_another_digest(fakes: Fakes, image: str) -> None:
    """As a lead who sets one with the approval: neither evidence nor IAM covers that member of a container."""
    container = {**CONTAINER, "Image": image, "ImageDigest": f"sha256:{'0' * 64}"}
    registered = evidence({**CONTAINER, "Image": image})
    fakes.register(InferenceSpecification={"Containers": [container]}, ModelPackageDescription=described(registered))
    fakes.freeze(**{"specification-sha256": specification_digest(container)})
    released = fakes.release()
    assert fakes.sagemaker.models[released.model_name]["PrimaryContainer"]["Image"] == image
    assert json.loads(fakes.s3.objects[BUCKET, RECORD]["Body"])["image"] == image


def test_the_artifact_is_copied_by_s3_and_its_record_says_whose_and_which_it_is(fakes: Fakes) -> None:
    released = fakes.release()
    assert fakes.s3.objects[BUCKET, KEY]["Body"] == BODY
    record = json.loads(fakes.s3.objects[BUCKET, RECORD]["Body"])
    assert (record["model_package_arn"], record["artifact_uri"]) == (arn(), f"s3://{BUCKET}/{KEY}")
    assert (record["image"], record["approved_by"]) == (IMAGE, LEAD)
    assert record["sha256"] == released.sha256
    assert record["made_by"] == described(evidence())


def test_the_same_version_has_the_same_model_and_is_copied_once(fakes: Fakes) -> None:
    first = fakes.release()
    done = len(fakes.s3.done)
    assert fakes.release() == first
    assert fakes.s3.done[done:] == ["get_object"]
    assert len(fakes.sagemaker.models) == 1


def test_a_model_that_was_removed_is_made_again_under_its_name(fakes: Fakes) -> None:
    first = fakes.release()
    fakes.sagemaker.models.clear()
    assert fakes.release() == first
    assert list(fakes.sagemaker.models) == [first.model_name]


def test_in_another_network_a_version_has_another_model(fakes: Fakes) -> None:
    here = fakes.release()
    elsewhere = fakes.release(settings=replace(SETTINGS, subnet_ids=("subnet-3",)))
    assert here.model_name != elsewhere.model_name
    assert here.artifact_uri == elsewhere.artifact_uri


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_a_version_that_is_not_approved_now_is_refused_even_if_it_was_released(fakes: Fakes, status: str) -> None:
    for _ in range(2):
        fakes.register(ModelApprovalStatus=status)
        with pytest.raises(RefusedError, match=f"/3 is {status}, not Approved: somebody has to approve it"):
            fakes.release()
        fakes.register()
        fakes.release()


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Failed", "Deleting"])
def test_a_version_that_is_not_complete_is_refused(fakes: Fakes, status: str) -> None:
    fakes.register(ModelPackageStatus=status)
    with pytest.raises(RefusedError, match=f"/3 is {status}, not Completed"):
        fakes.release()


@pytest.mark.parametrize(
    "identity",
    [
        OTHER_ROLE,
        "arn:aws:iam::111111111111:root",
        LEAD.replace("111111111111", "333333333333"),
        LEAD.replace("lead-data-scientist/", "lead-data-scientist-too/"),
        "arn:aws:iam::111111111111:role/analytics-dev-lead-data-scientist/other",
    ],
)
def test_a_version_that_another_identity_than_a_lead_changed_last_is_refused(fakes: Fakes, identity: str) -> None:
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": identity}})
    with pytest.raises(RefusedError, match=f"was last changed by {identity}, which does not approve models"):
        fakes.release()
    assert fakes.sagemaker.models == {}


def test_a_version_that_was_approved_when_it_was_registered_is_judged_by_who_did_that(fakes: Fakes) -> None:
    fakes.register(LastModifiedBy=None, CreatedBy={"IamIdentity": {"Arn": OTHER_ROLE}})
    with pytest.raises(RefusedError, match="which does not approve models"):
        fakes.release()


@pytest.mark.parametrize("unknown", [None, {}, GRACE])
def test_a_version_is_refused_if_sagemaker_does_not_tell_who_approved_it(fakes: Fakes, unknown: Any) -> None:
    fakes.register(LastModifiedBy=unknown)
    with pytest.raises(RefusedError, match="SageMaker does not tell which identity changed ") as refusal:
        fakes.release()
    assert "somebody with the role analytics-dev-lead-data-scientist has to approve it again" in str(refusal.value)
    assert fakes.sagemaker.models == {}


@pytest.mark.parametrize("unknown", [None, {}, GRACE])
def test_what_was_released_needs_no_identity_any_more(fakes: Fakes, unknown: Any) -> None:
    released = fakes.release()
    fakes.register(LastModifiedBy=unknown)
    assert fakes.release() == released
    assert fakes.release(settings=replace(SETTINGS, approvers=("hedy",))) == released


DOMAIN = GRACE["UserProfileArn"].split("/")[1]
ONLY_GRACE = replace(SETTINGS, approvers=(f"{DOMAIN}/Grace", f"{DOMAIN}/hopper"))


def test_a_named_approver_approves_in_studio(fakes: Fakes) -> None:
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": LEAD}, **GRACE})
    fakes.release(settings=ONLY_GRACE)
    record = json.loads(fakes.s3.objects[BUCKET, RECORD]["Body"])
    assert (record["approved_by"], record["approver"]) == (LEAD, "grace")


def test_the_name_of_a_profile_has_other_letters_than_its_arn(fakes: Fakes) -> None:
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": LEAD}, **GRACE, "UserProfileName": "GRACE"})
    fakes.release(settings=ONLY_GRACE)
    assert json.loads(fakes.s3.objects[BUCKET, RECORD]["Body"])["approver"] == "GRACE"


def test_the_record_names_the_approver_also_where_the_role_alone_counts(fakes: Fakes) -> None:
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": LEAD}, **GRACE})
    fakes.release()
    assert json.loads(fakes.s3.objects[BUCKET, RECORD]["Body"])["approver"] == "grace"
    fakes.register(version=4)
    fakes.freeze(version=4)
    fakes.release(version=4)
    record = json.loads(fakes.s3.objects[BUCKET, "approved/p-abcdefghijkl/4.json"]["Body"])
    assert (record["approved_by"], record["approver"]) == (LEAD, "")


ADA = {key: value.replace("grace", "ada") for key, value in GRACE.items()}


@pytest.mark.parametrize(
    "profile",
    [
        ADA,
        {**ADA, "UserProfileName": "grace"},
        {**GRACE, "UserProfileName": "ada"},
        {**GRACE, "UserProfileArn": GRACE["UserProfileArn"].replace("111111111111", "333333333333")},
        {**GRACE, "UserProfileArn": GRACE["UserProfileArn"].replace("eu-west-1", "us-east-1")},
        {**GRACE, "UserProfileArn": GRACE["UserProfileArn"].replace(":user-profile/", ":space/")},
        {**GRACE, "UserProfileArn": f"{GRACE['UserProfileArn']}-too"},
    ],
)
def test_a_lead_whom_the_account_does_not_name_approves_nothing_for_it(fakes: Fakes, profile: dict[str, str]) -> None:
    """As somebody to whom development gave the role of leads."""
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": LEAD}, **profile})
    for _ in range(2):
        with pytest.raises(
            RefusedError, match=f"this account releases what {DOMAIN}/Grace or {DOMAIN}/hopper approved"
        ) as refusal:
            fakes.release(settings=ONLY_GRACE)
        assert "workload.approvers" in str(refusal.value)
        assert fakes.sagemaker.models == {}
        fakes.release()
        fakes.sagemaker.models.clear()


def test_a_profile_of_the_same_name_in_another_domain_is_another_persons(fakes: Fakes) -> None:
    """As one of a second domain, which development made by itself."""
    second = GRACE["UserProfileArn"].replace(DOMAIN, "d-second")
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": LEAD}, **GRACE, "UserProfileArn": second})
    with pytest.raises(RefusedError, match="by the user profile d-second/grace: this account releases what"):
        fakes.release(settings=ONLY_GRACE)
    # A setting names the domain; what names none is nobody's profile.
    with pytest.raises(RefusedError, match="this account releases what grace approved"):
        fakes.release(settings=replace(SETTINGS, approvers=("grace",)))


@pytest.mark.parametrize("outside", [{}, {"UserProfileName": "grace"}, {"UserProfileArn": GRACE["UserProfileArn"]}])
def test_an_approval_outside_of_studio_is_no_named_approvers(fakes: Fakes, outside: dict[str, str]) -> None:
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": LEAD}, **outside})
    with pytest.raises(RefusedError, match="by no user profile of Studio") as refusal:
        fakes.release(settings=ONLY_GRACE)
    assert "one of them has to approve it again, in Studio" in str(refusal.value)


def test_a_named_profile_without_the_role_of_leads_approves_nothing(fakes: Fakes) -> None:
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": OTHER_ROLE}, **GRACE})
    with pytest.raises(RefusedError, match="which does not approve models"):
        fakes.release(settings=ONLY_GRACE)


def test_the_role_itself_is_a_lead_as_much_as_its_session(fakes: Fakes) -> None:
    role = "arn:aws:iam::111111111111:role/analytics-dev-lead-data-scientist"
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": role}})
    fakes.release()


@pytest.mark.parametrize("count", [0, 2])
def test_a_version_of_several_containers_is_refused(fakes: Fakes, count: int) -> None:
    fakes.register(InferenceSpecification={"Containers": [CONTAINER] * count})
    with pytest.raises(RefusedError, match=f"has {count} containers"):
        fakes.release()


@pytest.mark.parametrize(
    "change", [{"ImageDigest": "sha256:1"}, {"ModelDataUrl": "s3://elsewhere/model.tar.gz"}], ids=str
)
def test_a_version_that_was_changed_after_its_approval_is_refused(fakes: Fakes, change: dict[str, Any]) -> None:
    fakes.register(InferenceSpecification={"Containers": [{**CONTAINER, **change}]})
    with pytest.raises(RefusedError, match="was changed since it was approved: register it as a new version"):
        fakes.release()
    assert (BUCKET, KEY) not in fakes.s3.objects


@pytest.mark.parametrize(
    "change", [{"Image": "another"}, {"Environment": {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://elsewhere"}}], ids=str
)
def test_a_container_that_is_not_the_registered_one_is_refused_even_if_it_was_approved(
    fakes: Fakes, change: dict[str, Any]
) -> None:
    container = {**CONTAINER, **change}
    fakes.register(InferenceSpecification={"Containers": [container]})
    fakes.freeze(**{"specification-sha256": specification_digest(container)})
    with pytest.raises(RefusedError, match=r"/3 is not released: its image or environment is not what the pipeline"):
        fakes.release()
    assert (BUCKET, KEY) not in fakes.s3.objects


@pytest.mark.parametrize(
    "description",
    ["", described(None), f"{described(evidence())}, and more", described({**evidence(), MODEL: "short"})],
)
def test_a_version_without_evidence_is_released_only_where_it_was_before(fakes: Fakes, description: str) -> None:
    fakes.register(ModelPackageDescription=description)
    with pytest.raises(RefusedError, match=r"registered without the digests .* train again, and approve"):
        fakes.release()
    fakes.register()
    first = fakes.release()
    fakes.register(ModelPackageDescription=description)
    assert fakes.release() == first


def test_metadata_that_somebody_wrote_prove_nothing(fakes: Fakes) -> None:
    """As whoever may change a version before it is approved, such as the function that notes where it serves."""
    fakes.freeze(body=b"planted")
    fakes.register(CustomerMetadataProperties=evidence(body=b"planted"))
    with pytest.raises(RefusedError, match=r"is not the artifact of .*/3 that was evaluated, whose SHA-256 is"):
        fakes.release()
    fakes.register(ModelPackageDescription=described(None), CustomerMetadataProperties=evidence(body=b"planted"))
    with pytest.raises(RefusedError, match="registered without the digests"):
        fakes.release()


@pytest.mark.parametrize("noted", [True, False], ids=["with its container", "before that was noted"])
def test_an_earlier_version_is_released_when_the_accounts_settings_say_what_it_was(fakes: Fakes, noted: bool) -> None:
    fakes.register(ModelPackageDescription=described(None))
    if not noted:
        del fakes.s3.objects[FROZEN, "approved/3/model.tar.gz"]["Metadata"]["specification-sha256"]
    released = fakes.release(settings=EARLIER)
    assert released.sha256 == hashlib.sha256(BODY).hexdigest()
    assert fakes.s3.objects[BUCKET, KEY]["Body"] == BODY
    assert fakes.release() == released, "it has a record, and needs the settings no more"


def test_an_earlier_version_whose_frozen_artifact_was_replaced_is_refused(fakes: Fakes) -> None:
    fakes.register(ModelPackageDescription=described(None))
    fakes.freeze(body=b"planted")
    with pytest.raises(RefusedError, match=r"is not the artifact of .*/3 that was evaluated, whose SHA-256 is"):
        fakes.release(settings=EARLIER)
    assert (BUCKET, KEY) not in fakes.s3.objects


def test_an_earlier_version_with_another_container_than_the_settings_say_is_refused(fakes: Fakes) -> None:
    container = {**CONTAINER, "Environment": {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://elsewhere"}}
    fakes.register(ModelPackageDescription=described(None), InferenceSpecification={"Containers": [container]})
    fakes.freeze(**{"specification-sha256": specification_digest(container)})
    with pytest.raises(RefusedError, match="its image or environment is not what the pipeline registered"):
        fakes.release(settings=EARLIER)


def test_an_earlier_version_is_released_only_if_a_lead_approves_of_it_now(fakes: Fakes) -> None:
    fakes.register(ModelPackageDescription=described(None), ModelApprovalStatus="Rejected")
    with pytest.raises(RefusedError, match="is Rejected, not Approved"):
        fakes.release(settings=EARLIER)
    fakes.register(ModelPackageDescription=described(None), LastModifiedBy={"IamIdentity": {"Arn": OTHER_ROLE}})
    with pytest.raises(RefusedError, match="which does not approve models"):
        fakes.release(settings=EARLIER)


def test_settings_take_nothing_of_a_pipelines_evidence_away(fakes: Fakes) -> None:
    fakes.register(ModelPackageDescription=described(evidence(body=b"another")))
    with pytest.raises(RefusedError):
        fakes.release(settings=EARLIER)


def test_the_refusal_of_an_earlier_version_says_what_to_enter(fakes: Fakes) -> None:
    fakes.register(ModelPackageDescription=described(None))
    with pytest.raises(RefusedError) as refused:
        fakes.release()
    known = evidence()
    assert (
        "{version: abalone-p-abcdefghijkl/3, "
        f"modelSha256: {known['model-sha256']}, containerSha256: {known['container-sha256']}}}"
    ) in str(refused.value)
    assert "workload.earlierVersions" in str(refused.value)


def test_an_earlier_version_that_was_never_frozen_has_nothing_to_enter(fakes: Fakes) -> None:
    fakes.register(ModelPackageDescription=described(None))
    del fakes.s3.objects[FROZEN, "approved/3/model.tar.gz"]
    with pytest.raises(RefusedError, match="registered without the digests") as refused:
        fakes.release()
    assert "earlierVersions" not in str(refused.value)


def test_a_version_whose_evidence_was_replaced_after_its_release_is_refused(fakes: Fakes) -> None:
    fakes.release()
    fakes.register(ModelPackageDescription=described(evidence(body=b"another model")))
    with pytest.raises(RefusedError, match="was released here with another artifact than the one it names now"):
        fakes.release()


def test_a_record_of_before_and_one_of_a_later_version_of_the_function_are_read(fakes: Fakes) -> None:
    first = fakes.release()
    kept = json.loads(fakes.s3.objects[BUCKET, RECORD]["Body"])
    for changed in ({**kept, "from the future": 1}, {key: kept[key] for key in kept if key != "made_by"}):
        fakes.s3.put(BUCKET, RECORD, json.dumps(changed).encode())
        assert fakes.release() == first


@pytest.mark.parametrize("body", [b"{}", b"[]", b"no JSON"])
def test_a_record_that_lacks_something_is_refused_with_what_it_lacks(fakes: Fakes, body: bytes) -> None:
    fakes.s3.put(BUCKET, RECORD, body)
    lacks = "is not JSON" if body == b"no JSON" else "lacks model_package_arn, image, environment"
    with pytest.raises(RefusedError, match=f"s3://{BUCKET}/{RECORD} is no record .* the record {lacks}"):
        fakes.release()


def test_a_version_that_was_changed_after_its_release_is_refused(fakes: Fakes) -> None:
    fakes.release()
    fakes.register(InferenceSpecification={"Containers": [{**CONTAINER, "Image": "another"}]})
    with pytest.raises(RefusedError, match="was changed since it was released here first"):
        fakes.release()


def test_a_version_that_was_approved_before_specifications_were_noted_is_released(fakes: Fakes) -> None:
    fakes.freeze()
    del fakes.s3.objects[FROZEN, "approved/3/model.tar.gz"]["Metadata"]["specification-sha256"]
    assert fakes.release().model_name in fakes.sagemaker.models


@pytest.mark.parametrize(
    "gone",
    [
        error("AccessDeniedException", "no resource-based policy allows the sagemaker:DescribeModelPackage action"),
        error("ValidationException", "ModelPackage … does not exist."),
    ],
    ids=["the group was deleted", "the version was deleted"],
)
def test_a_version_that_was_released_needs_no_registry_and_another_one_does(fakes: Fakes, gone: ClientError) -> None:
    first = fakes.release()
    fakes.sagemaker.models.clear()
    fakes.sagemaker.failure = gone
    for place in [each for each in fakes.s3.objects if each[0] == FROZEN]:
        del fakes.s3.objects[place]
    assert fakes.release() == first
    with pytest.raises(RefusedError, match="/4 does not exist, or its group does not let this account read it"):
        fakes.release(4)


def test_a_registry_that_fails_is_not_mistaken_for_one_that_is_gone(fakes: Fakes) -> None:
    fakes.release()
    fakes.sagemaker.failure = error("ThrottlingException")
    with pytest.raises(ClientError, match="ThrottlingException"):
        fakes.release()


def test_a_model_that_sagemaker_does_not_take_is_refused_with_its_reason(fakes: Fakes) -> None:
    fakes.sagemaker.refused = "Requested image not found."
    with pytest.raises(RefusedError, match=r"does not make the model .*: .*Requested image not found\."):
        fakes.release()


@pytest.mark.parametrize(
    "change",
    [
        {"EnableNetworkIsolation": False},
        {"ExecutionRoleArn": "arn:aws:iam::333333333333:role/another"},
        {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-2"]}},
        {"PrimaryContainer": {"Image": "another"}},
    ],
    ids=str,
)
def test_another_model_of_that_name_is_not_served(fakes: Fakes, change: dict[str, Any]) -> None:
    name = fakes.release().model_name
    fakes.sagemaker.models[name] |= change
    with pytest.raises(RefusedError, match=f"{name} is another model than this version's"):
        fakes.release()


def test_sagemaker_may_list_the_network_of_a_model_in_another_order(fakes: Fakes) -> None:
    first = fakes.release()
    fakes.sagemaker.models[first.model_name]["VpcConfig"]["Subnets"].reverse()
    assert fakes.release() == first


def test_the_digest_that_is_reported_is_that_of_the_bytes(fakes: Fakes) -> None:
    assert fakes.release().sha256 == hashlib.sha256(BODY).hexdigest()
