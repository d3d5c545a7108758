"""The roles that a launch creates, judged by the same rules as the platform's own."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from components.iam.sagemaker_jobs import JOBS_WITH_A_NETWORK
from products.catalog import PRODUCTS
from tests.access.authorization import PolicyStatement, problems
from tests.access.project_roles import examples, keys_of
from tests.products.product import BOUNDARY, launched

BUCKET = "arn:aws:s3:::analytics-dev-p-abcdefghijkl-111111111111-eu-west-1"

WITHOUT_MODELS_AND_DATA = ("PreviewRole", "ScheduleRole")
"""Roles that are granted nothing of either."""


def _roles() -> list[tuple[str, dict[str, Any]]]:
    return [role for product in PRODUCTS for role in launched(product.key).of_type("AWS::IAM::Role").items()]


def _statements(role: dict[str, Any]) -> Iterator[PolicyStatement]:
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            yield PolicyStatement(
                sid=statement["Sid"],
                effect=statement["Effect"],
                actions=tuple(_listed(statement["Action"])),
                resources=tuple(_listed(statement["Resource"])),
                condition=statement.get("Condition", {}),
            )


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


@pytest.mark.parametrize(("name", "role"), _roles())
def test_every_action_of_a_projects_role_exists_and_works_on_its_resources(name: str, role: dict[str, Any]) -> None:
    assert [problem for statement in _statements(role) for problem in problems(statement)] == [], name


@pytest.mark.parametrize("product", [each.key for each in PRODUCTS])
def test_the_boundary_allows_every_action_that_a_projects_role_is_granted(product: str) -> None:
    project = launched(product)

    refused = [
        (name, statement.sid, action, resource)
        for name, role in project.of_type("AWS::IAM::Role").items()
        for statement in _statements(role)
        if statement.effect == "Allow"
        for action, resource in examples(statement)
        if not project.within_boundary(name, action, resource, keys_of(statement))
    ]

    assert refused == []


@pytest.mark.parametrize(("name", "role"), _roles())
def test_a_projects_role_has_the_boundary_and_cannot_approve_its_models(name: str, role: dict[str, Any]) -> None:
    statements = list(_statements(role))

    assert role["PermissionsBoundary"] == BOUNDARY, name
    if name in WITHOUT_MODELS_AND_DATA:
        assert not [action for each in statements for action in each.actions if "ModelPackage" in action]
        return
    assert any(
        each.effect == "Deny" and "sagemaker:UpdateModelPackage" in each.actions and not each.condition
        for each in statements
    )
    registering = [
        each for each in statements if each.effect == "Allow" and "sagemaker:CreateModelPackage" in each.actions
    ]
    for statement in registering:
        assert statement.condition == {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}


@pytest.mark.parametrize(("name", "role"), _roles())
def test_a_projects_role_reaches_no_bucket_but_its_own(name: str, role: dict[str, Any]) -> None:
    reached = {
        resource
        for statement in _statements(role)
        if statement.effect == "Allow"
        for action in statement.actions
        if action.startswith("s3:")
        for resource in statement.resources
    }

    assert bool(reached) == (name not in WITHOUT_MODELS_AND_DATA)
    assert all(resource.startswith(BUCKET) for resource in reached)


def test_a_pipelines_jobs_are_denied_outside_the_network_for_every_kind_of_job() -> None:
    pipeline = dict(_roles())["PipelineRole"]

    denials = [each for each in _statements(pipeline) if "sagemaker:CreateTrainingJob" in each.actions]
    assert {
        each.sid for each in denials if set(JOBS_WITH_A_NETWORK) <= set(each.actions) and each.effect == "Deny"
    } == {
        "DenyJobsInAnotherNetwork",
        "DenyJobsWithoutSecurityGroup",
        "DenyJobsWithoutSubnets",
    }
