"""The resources and outputs of the published templates: they change only together with `resolved/`."""

import json

import pytest

from tests.products.resolution import FOLDER, PUBLISHED, canonical, published, publishing, resolution
from tests.rendering import Renderings


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_template_makes_exactly_what_was_looked_at(rendered: Renderings, name: str) -> None:
    rendering = publishing(rendered, name)
    found = resolution(published(rendering, name), rendering)
    expected = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))

    for section in ("Resources", "Outputs"):
        assert set(found[section]) == set(expected[section]), section
        for logical_id, resource in expected[section].items():
            assert found[section][logical_id] == resource, f"{section} {logical_id}"
    assert found == expected


def test_every_file_is_of_a_published_template_and_is_written_as_the_writer_would() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(PUBLISHED)
    for file in FOLDER.iterdir():
        text = file.read_text(encoding="utf-8")
        assert canonical(json.loads(text)) == text


OWN = {
    "AWS::CloudWatch::Alarm",
    "AWS::IAM::Role",
    "AWS::Lambda::Alias",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    "AWS::SageMaker::CodeRepository",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::Scheduler::ScheduleGroup",
    "Custom::DeletionCheck",
    "Custom::DeploymentRoles",
    "Custom::FirstWorkflowRun",
    "Custom::ProjectRepository",
}
"""Types of what a project has for itself. A permission to invoke a function that all projects share, a rule of the account's event bus,
or a policy of a role, a key or a topic of the platform would be one more in a place of limited size: Lambda takes 20 KB of permissions.

Sources: AWS Lambda Developer Guide, "Lambda quotas"; EventBridge User Guide, "Quotas"; IAM User Guide, "IAM and AWS STS quotas".
"""


def test_a_project_adds_to_no_list_that_all_projects_share() -> None:
    for file in FOLDER.iterdir():
        resources = json.loads(file.read_text(encoding="utf-8"))["Resources"]
        assert {each["Type"] for each in resources.values()} <= OWN, file.name
        buckets = {f"${{{name}}}" for name, each in resources.items() if each["Type"] == "AWS::S3::Bucket"}
        policies = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::S3::BucketPolicy"]
        assert {policy["Bucket"] for policy in policies} == buckets
        for name, each in resources.items():
            if each["Type"] == "AWS::IAM::Role":
                assert "ProjectId}" in json.dumps(each["Properties"]["RoleName"]), name


def test_nothing_that_the_platform_knows_is_left_open() -> None:
    for file in FOLDER.iterdir():
        text = file.read_text(encoding="utf-8")
        assert "AWS::AccountId" not in text
        assert "{{resolve:" not in text
        assert "Fn::FindInMap" not in text
