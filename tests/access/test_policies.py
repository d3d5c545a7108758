"""Rules that hold for every policy of every role of every stack, judged by AWS's own list of actions."""

import functools
import re
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest

from settings import SettingsError
from tests.access.authorization import PolicyStatement, problems, roles_of
from tests.access.project_roles import examples, keys_of
from tests.bootstrap.policies import document
from tests.bootstrap.template import Template
from tests.decisions import Request, permits
from tests.rendering import INVOKES, Rendering, Renderings, render_stack

MOST_CHARACTERS_OF_INLINE_POLICIES = 10_240
"""Of all inline policies of a role together, white space not counted. Source: IAM User Guide, "IAM and STS quotas"."""
MOST_CHARACTERS_OF_A_TRUST_POLICY = 2_048
"""Unless an account asks for more. Source: the same page."""
ROOM = 100
"""Left in every role, for what it may have to do next."""

SESSION: Any = botocore.session.get_session()
SAGEMAKER = SESSION.get_service_model("sagemaker")
FOR_APPS = [each for each in SAGEMAKER.shape_for("AppInstanceType").enum if each.startswith("ml.")]
FOR_ENDPOINTS = [each for each in SAGEMAKER.shape_for("ProductionVariantInstanceType").enum if each.startswith("ml.")]
FOR_PROCESSING = SAGEMAKER.shape_for("ProcessingInstanceType").enum
FOR_TRAINING: list[str] = SAGEMAKER.shape_for("TrainingInstanceType").enum
INSTANCE_TYPES = ["ml.t3.medium", *sorted(FOR_APPS, key=len)[-11:]]
NETWORK = {"cidr": "10.16.0.0/16", "zones": 6, "privateAccess": "both", "nat": "perZone"}
PROJECTS = {"preprodAccountId": "222222222222", "prodAccountId": "333333333333"}
STUDIO = {
    "userProfiles": [{"name": "a" * 63, "role": "lead"}, {"name": "b" * 63, "role": "dataScientist"}],
    "allowedInstanceTypes": INSTANCE_TYPES,
    "jobInstanceTypes": sorted(FOR_TRAINING, key=len)[-12:],
}
GITHUB = {
    "organization": "a" * 39,
    "organizationId": 10**10,
    "repository": "a" * 100,
    "repositoryId": 10**10,
    "platformUser": "a" * 39,
    # Functions in the network have further permissions.
    "throughNetwork": True,
}
EVERYWHERE = {
    "unit": "abcdefghijkl",
    # A region's name is repeated the most, and of AWS's regions none has a longer one: the environment gives way.
    "environment": "abcdefg",
    "region": "ap-southeast-2",
    "costs": {"monthlyBudgetUsd": 1, "estimate": False},
    "network": NETWORK,
    "github": GITHUB,
}
DEPLOYED_TO = {
    **EVERYWHERE,
    "workload": {
        "developmentAccountId": "111111111111",
        "developmentEnvironment": "abcdefgh",
        "endpointInstanceTypes": sorted(FOR_ENDPOINTS, key=len)[-12:],
        "batchInstanceTypes": sorted(FOR_PROCESSING, key=len)[-12:],
        # Each lets in one more template, which the onboarding function's policy names.
        "batches": True,
        "promotedPipelines": True,
    },
}
LARGEST = {
    "dev": {**EVERYWHERE, "development": {"studio": STUDIO, "projects": PROJECTS, "mlflow": True}},
    "preprod": DEPLOYED_TO,
    "prod": DEPLOYED_TO,
}
"""Settings of each stack with the most and the longest of everything that a role's policies name."""
SUBNETS = [f"subnet-0123456789abcde{number:02}" for number in range(7)]
BEYOND_THE_LARGEST = [
    {"unit": "abcdefghijklm"},
    {"environment": "abcdefgh"},
    {"network": {**NETWORK, "zones": 7}},
    {"network": {"vpcId": "vpc-0123456789abcdef0", "subnetIds": SUBNETS}},
    {"development": {"studio": {**STUDIO, "allowedInstanceTypes": [*INSTANCE_TYPES, "ml.m5.large"]}}},
    {"development": {"studio": {**STUDIO, "jobInstanceTypes": [*STUDIO["jobInstanceTypes"], "ml.m5.large"]}}},
    {"development": {"studio": {**STUDIO, "allowedInstanceTypes": ["ml.t3.medium", "ml.geospatial0.interactive"]}}},
    {"development": {"studio": {**STUDIO, "allowedInstanceTypes": ["ml.t3.medium", "ml.geospatial.interactively"]}}},
    {"region": "ap-southeast-15"},
]


def _six_zones(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"names": list(SIX), "zoneIds": [f"apse2-az{number}" for number in range(1, 7)]}


def _in_six_zones(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": "vpce-svc", "serviceName": arguments["serviceName"], "availabilityZones": list(SIX)}


SIX = [f"ap-southeast-2{letter}" for letter in "abcdef"]
SIX_ZONES = {
    **INVOKES,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": _in_six_zones,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _six_zones,
}


def test_every_action_exists_and_works_on_its_resources_under_its_conditions(any_stack: Rendering) -> None:
    found = [
        f"{role.name}: {problem}"
        for role in roles_of(any_stack).values()
        for statement in role.statements
        for problem in problems(statement)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("actions", "resource", "condition", "complaint"),
    [
        ("s3:GetObjekt", "arn:aws:s3:::bucket/*", {}, "s3:GetObjekt does not exist"),
        ("kms:ReEncrypt", "arn:aws:kms:eu-west-1:111111111111:key/1", {}, "kms:ReEncrypt does not exist"),
        ("s3:*", "arn:aws:s3:::bucket", {}, "s3:* is a wildcard"),
        ("s3:GetObject", "*", {}, "allowed on every resource"),
        ("s3:GetObject", "arn:aws:sqs:eu-west-1:111111111111:queue", {}, "works on none of"),
        ("sagemaker:ListProjects", "arn:aws:sagemaker:eu-west-1:111111111111:project/*", {}, "has no resource type"),
        (
            "sagemaker:CreateTransformJob",
            "arn:aws:sagemaker:eu-west-1:111111111111:transform-job/*",
            {"Null": {"sagemaker:VpcSubnets": "true"}},
            "knows no condition key",
        ),
    ],
)
def test_a_statement_that_grants_nothing_or_too_much_is_noticed(
    actions: str, resource: str, condition: dict[str, dict[str, str | list[str]]], complaint: str
) -> None:
    statement = PolicyStatement(
        sid="Example", effect="Allow", actions=(actions,), resources=(resource,), condition=condition
    )

    assert complaint in "; ".join(problems(statement))


def test_a_correct_statement_is_accepted() -> None:
    statement = PolicyStatement(
        sid="Example",
        effect="Allow",
        actions=("s3:GetObject", "s3:PutObject"),
        resources=("arn:aws:s3:::bucket/*",),
        condition={"StringEquals": {"aws:ResourceAccount": "111111111111"}},
    )

    assert list(problems(statement)) == []


def test_every_role_has_the_boundary_of_its_environment(any_stack: Rendering) -> None:
    roles = roles_of(any_stack).values()
    environment = "-".join(next(iter(roles)).name.split("-")[:2])

    assert {role.boundary for role in roles} == {f"arn:aws:iam::{any_stack.account_id}:policy/{environment}-boundary"}


def test_dev_has_exactly_these_roles(dev: Rendering) -> None:
    assert set(roles_of(dev)) == {
        "data-scientist",
        "deployment-trigger",
        "drift",
        "flow-logs",
        "job",
        "lead-data-scientist",
        "mlflow",
        "model-life-cycle",
        "project-launch",
        "template-cloner",
    }


@pytest.mark.parametrize("environment", ["preprod", "prod"])
def test_where_models_are_deployed_there_are_exactly_these_roles(rendered: Renderings, environment: str) -> None:
    assert set(roles_of(rendered(environment))) == {
        "drift",
        "flow-logs",
        "model-release",
        "project-onboarding",
        "project-roles",
    }


def test_inline_policies_fit_into_their_role(any_stack: Rendering) -> None:
    assert {name: size for name, size in _sizes(any_stack).items() if size > MOST_CHARACTERS_OF_INLINE_POLICIES} == {}


@functools.cache
def largest(stack: str) -> Rendering:
    """The stack with the most and the longest that settings allow."""
    return render_stack(stack, LARGEST[stack], invokes=SIX_ZONES, ids_like_aws=True)


@pytest.mark.parametrize("stack", LARGEST)
def test_trust_policies_fit_with_the_longest_that_settings_allow(stack: str) -> None:
    sizes = {
        role.name: len(re.sub(r"\s", "", role.inputs["assumeRolePolicy"]))
        for role in largest(stack).all("iam/role:Role")
    }
    assert {name: size for name, size in sizes.items() if size > MOST_CHARACTERS_OF_A_TRUST_POLICY} == {}


@pytest.mark.parametrize("stack", LARGEST)
def test_inline_policies_fit_with_the_most_and_longest_that_settings_allow(stack: str) -> None:
    sizes = _sizes(largest(stack))

    assert {name: size for name, size in sizes.items() if size > MOST_CHARACTERS_OF_INLINE_POLICIES - ROOM} == {}


@pytest.mark.parametrize("beyond", BEYOND_THE_LARGEST, ids=str)
def test_settings_allow_no_more_and_no_longer_than_that(beyond: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        render_stack("dev", {**LARGEST["dev"], **beyond}, invokes=SIX_ZONES)


SERVICES_WITHOUT_A_SOURCE = ("cloudformation.amazonaws.com", "servicecatalog.amazonaws.com")
"""Services that AWS does not document to name the account when they assume a role; docs/adr/0017."""


def test_only_this_account_and_exact_github_subjects_are_trusted(any_stack: Rendering) -> None:
    for role in roles_of(any_stack).values():
        assert len(role.trust) == 1
        exact = role.trust[0].condition
        if (role.trust[0].principal or {}).get("Service") in SERVICES_WITHOUT_A_SOURCE:
            assert exact == {"StringEqualsIfExists": {"aws:SourceAccount": any_stack.account_id}}, role.name
            continue
        assert set(exact) == {"StringEquals"}, role.name
        if role.trust[0].actions == ("sts:AssumeRoleWithWebIdentity",):
            assert {key.rsplit(":", 1)[1] for key in exact["StringEquals"]} == {"aud", "sub"}
        else:
            assert exact["StringEquals"] == {"aws:SourceAccount": any_stack.account_id}
        assert "*" not in str(exact)


def test_roles_are_passed_only_to_a_named_service(any_stack: Rendering) -> None:
    passing = [
        (role.name, statement)
        for role in roles_of(any_stack).values()
        for statement in role.statements
        if "iam:PassRole" in statement.actions
    ]

    for name, statement in passing:
        assert "iam:PassedToService" in statement.condition_keys, name
        assert not any(resource.endswith(":role/*") or resource == "*" for resource in statement.resources), name


def test_no_role_in_studio_may_change_a_function_or_read_a_secret(dev: Rendering) -> None:
    roles = roles_of(dev)

    for people in ("data-scientist", "lead-data-scientist"):
        for action in ("lambda:UpdateFunctionCode", "lambda:InvokeFunction", "secretsmanager:GetSecretValue"):
            assert not roles[people].may(action), (people, action)
        for action in ("s3:PutBucketPolicy", "s3:PutBucketAcl", "iam:CreateRole"):
            assert not roles[people].may(action), (people, action)


def test_only_the_two_functions_read_the_credential_for_github(dev: Rendering) -> None:
    readers = {name: role for name, role in roles_of(dev).items() if role.may("secretsmanager:GetSecretValue")}

    assert set(readers) == {"deployment-trigger", "template-cloner"}
    credential = dev.one("secretsmanager/secret:Secret").name
    for role in readers.values():
        (resource,) = role.statement("ReadCredential").resources
        assert resource.endswith(f":secret:{credential}")


@pytest.mark.parametrize(("stack", "parts"), [("dev", "development"), ("preprod", "workload"), ("prod", "workload")])
def test_the_boundary_allows_every_action_that_a_role_is_granted(rendered: Renderings, stack: str, parts: str) -> None:
    rendering = rendered(stack)
    account = {"AWS::AccountId": rendering.account_id}
    boundary = document(Template(Environment=stack, Parts=parts, **account), "WorkloadBoundary")

    beyond = [
        (role.name, statement.sid, action, resource)
        for role in roles_of(rendering).values()
        for statement in role.statements
        if statement.effect == "Allow"
        for action, resource in examples(statement)
        if not permits(
            boundary,
            Request(
                principal=f"arn:aws:iam::{rendering.account_id}:role/{role.name}",
                action=action,
                resource=resource,
                keys=keys_of(statement),
            ),
        )
    ]

    assert beyond == []


def _sizes(stack: Rendering) -> dict[str, int]:
    """Count the characters of the inline policies of each role."""
    return {
        role.name: sum(len(re.sub(r"\s", "", document)) for document in role.policies.values())
        for role in roles_of(stack).values()
    }
