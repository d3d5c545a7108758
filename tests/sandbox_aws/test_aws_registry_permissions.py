"""The model registry under conditions: on what a request changes, and on the tags of what it is about.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon SageMaker AI".
"""

from typing import Any

import pytest

from tests.sandbox_aws.account import Account, Credentials, allow
from tests.sandbox_aws.test_aws_permissions import refusal

GROUP = "conditions"
PACKAGE = f"arn:aws:sagemaker:eu-west-1:111111111111:model-package/{GROUP}/1"
DIGEST = {"model-sha256": "0" * 64}
APPROVED = {"ModelPackageArn": PACKAGE, "ModelApprovalStatus": "Approved"}


@pytest.fixture(scope="module")
def lead(dev: Account) -> Credentials:
    """A role that decides about versions, and touches neither their digest nor removes any metadata."""
    registry = dev.client("sagemaker")
    registry.create_model_package_group(
        ModelPackageGroupName=GROUP, Tags=[{"Key": "sagemaker:project-id", "Value": "p"}]
    )
    registry.create_model_package(ModelPackageGroupName=GROUP, CustomerMetadataProperties=DIGEST)
    when = {
        "Null": {
            "sagemaker:ModelApprovalStatus": "false",
            "sagemaker:CustomerMetadataProperties/model-sha256": "true",
            "sagemaker:CustomerMetadataPropertiesToRemove": "true",
        }
    }
    return dev.assume(dev.role("registry-lead", allow("sagemaker:UpdateModelPackage", when=when)))


def test_a_decision_is_made_without_a_change_of_the_digest(dev: Account, lead: Credentials) -> None:
    registry = dev.client("sagemaker", lead)
    registry.update_model_package(**APPROVED)
    registry.update_model_package(**APPROVED, CustomerMetadataProperties={"note": "fine"})
    found = dev.client("sagemaker").describe_model_package(ModelPackageName=PACKAGE)
    assert found["CustomerMetadataProperties"] == {**DIGEST, "note": "fine"}


@pytest.mark.parametrize(
    "request_",
    [
        {"ModelPackageArn": PACKAGE, "CustomerMetadataProperties": {"note": "x"}},
        {**APPROVED, "CustomerMetadataProperties": {"model-sha256": "1" * 64}},
        {**APPROVED, "CustomerMetadataProperties": {"note": "x", "model-sha256": "1" * 64}},
        {**APPROVED, "CustomerMetadataPropertiesToRemove": ["model-sha256"]},
    ],
    ids=["no decision", "the digest", "the digest and a note", "its removal"],
)
def test_any_other_change_is_refused(dev: Account, lead: Credentials, request_: dict[str, Any]) -> None:
    assert refusal(dev.client("sagemaker", lead).update_model_package, **request_)[0] == "AccessDeniedException"


def test_a_tag_that_is_added_later_is_no_tag_of_a_creation(dev: Account, lead: Credentials) -> None:
    del lead
    group = f"arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/{GROUP}"
    tags = {"ResourceArn": group, "Tags": [{"Key": "sagemaker:project-id", "Value": "another"}]}
    when = {"Null": {"sagemaker:TaggingAction": "false"}}
    tagger = dev.client("sagemaker", dev.assume(dev.role("registry-tagger", allow("sagemaker:AddTags", when=when))))
    assert refusal(tagger.add_tags, **tags)[0] == "AccessDeniedException"


@pytest.mark.parametrize(("project", "allowed"), [("p", True), ("another", False)])
def test_policies_tell_resources_apart_by_their_tags(
    dev: Account, lead: Credentials, project: str, *, allowed: bool
) -> None:
    when = {"StringEquals": {"aws:ResourceTag/sagemaker:project-id": project}}
    role = dev.role(f"registry-{project}", allow("sagemaker:DescribeModelPackageGroup", when=when))
    describe = dev.client("sagemaker", dev.assume(role)).describe_model_package_group
    if allowed:
        assert describe(ModelPackageGroupName=GROUP)["ModelPackageGroupName"] == GROUP
    else:
        assert refusal(describe, ModelPackageGroupName=GROUP)[0] == "AccessDeniedException"


STAGE = {"Stage": "Production", "StageStatus": "Serving", "StageDescription": "since today"}


@pytest.fixture(scope="module")
def stages(dev: Account) -> str:
    dev.client("sagemaker").create_model_package_group(ModelPackageGroupName="stages")
    return "stages"


@pytest.fixture
def staged(dev: Account, stages: str) -> str:
    """A package in a stage of its life."""
    stage = {"Stage": "Development", "StageStatus": "Trained"}
    created = dev.client("sagemaker").create_model_package(ModelPackageGroupName=stages, ModelLifeCycle=stage)
    return created["ModelPackageArn"]


def test_the_stage_of_a_version_is_changed_and_listed(dev: Account, staged: str) -> None:
    registry = dev.client("sagemaker")
    registry.update_model_package(ModelPackageArn=staged, ModelLifeCycle=STAGE)
    assert registry.describe_model_package(ModelPackageName=staged)["ModelLifeCycle"] == STAGE
    listed = registry.list_model_packages(ModelPackageGroupName="stages")["ModelPackageSummaryList"]
    assert next(each for each in listed if each["ModelPackageArn"] == staged)["ModelLifeCycle"] == STAGE
    wrong = {"ModelPackageArn": staged, "ModelLifeCycle": {"Stage": "Production"}}
    assert refusal(registry.update_model_package, **wrong)[0] == "ValidationException"


@pytest.mark.parametrize(
    ("when", "wanted", "allowed"),
    [
        ({"sagemaker:ModelLifeCycle:Stage": "Production"}, STAGE, True),
        ({"sagemaker:ModelLifeCycle:Stage": "Archived"}, STAGE, False),
        ({"sagemaker:ModelLifeCycle:StageStatus": "Serving"}, STAGE, True),
        ({"sagemaker:CurrentModelLifeCycleStage": "Development"}, STAGE, True),
        ({"sagemaker:CurrentModelLifeCycleStage": "Production"}, STAGE, False),
        ({"sagemaker:CurrentModelLifeCycleStageStatus": "Trained"}, STAGE, True),
    ],
)
def test_policies_tell_stages_apart_before_and_after_a_change(
    dev: Account, staged: str, when: dict[str, str], wanted: dict[str, str], *, allowed: bool
) -> None:
    name = f"registry-stage-{abs(hash(str(when))) % 10**8}"
    role = dev.role(name, allow("sagemaker:UpdateModelPackage", when={"StringEquals": when}))
    update = dev.client("sagemaker", dev.assume(role)).update_model_package
    request = {"ModelPackageArn": staged, "ModelLifeCycle": wanted}
    if allowed:
        update(**request)
    else:
        assert refusal(update, **request)[0] == "AccessDeniedException"


def test_who_may_set_stages_and_nothing_else_cannot_approve(dev: Account, staged: str) -> None:
    when = {"Null": {"sagemaker:ModelLifeCycle:Stage": "false", "sagemaker:ModelApprovalStatus": "true"}}
    role = dev.role("registry-stager", allow("sagemaker:UpdateModelPackage", when=when))
    update = dev.client("sagemaker", dev.assume(role)).update_model_package
    update(ModelPackageArn=staged, ModelLifeCycle=STAGE)
    both = {"ModelPackageArn": staged, "ModelLifeCycle": STAGE, "ModelApprovalStatus": "Approved"}
    assert refusal(update, **both)[0] == "AccessDeniedException"
