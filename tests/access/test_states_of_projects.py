"""The state of a project's deployments: its own role keeps it, and no other project's role reaches it."""

from collections.abc import Callable

import pytest

from tests.access.project_roles import ProjectRoles
from tests.bootstrap.template import KEY_ID
from tests.products.resolution import published as published_text
from tests.rendering import Renderings

ACCOUNT = "333333333333"
PREFIX = "analytics-prod"
BUCKET = f"{PREFIX}-state-{ACCOUNT}-eu-west-1"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{KEY_ID}"
OWN = f"arn:aws:s3:::{BUCKET}/projects/p-abcdefghijkl/.pulumi/stacks/model-deployment-realtime/prod.json.gz"
ANOTHERS = OWN.replace("p-abcdefghijkl", "p-mnopqrstuvwx")
PLATFORMS = f"arn:aws:s3:::{BUCKET}/.pulumi/stacks/mlops-platform/prod.json.gz"
STATE_KEY = {"kms:ResourceAliases": f"alias/{PREFIX}-state"}
THROUGH_S3 = {**STATE_KEY, "kms:ViaService": "s3.eu-west-1.amazonaws.com"}

May = Callable[..., bool]


@pytest.fixture(scope="module")
def project_roles(rendered: Renderings) -> ProjectRoles:
    """The roles of a project as the published template makes them."""
    return ProjectRoles(text=published_text(rendered("prod"), "project-roles-realtime-prod"))


@pytest.fixture
def may(project_roles: ProjectRoles) -> May:
    """Whether one of the two roles may do something, by its own policies within its boundary."""
    return project_roles.may


def test_the_roles_have_the_names_that_their_boundary_covers(project_roles: ProjectRoles) -> None:
    assert project_roles.properties("DeploymentRole")["RoleName"] == f"{PREFIX}-p-abcdefghijkl-deployment"
    assert project_roles.properties("ModelRole")["RoleName"] == f"{PREFIX}-p-abcdefghijkl-model"


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_a_deployment_keeps_its_own_state_and_reaches_no_other(may: May, action: str) -> None:
    assert may("DeploymentRole", action, OWN)
    assert not may("DeploymentRole", action, ANOTHERS)
    assert not may("DeploymentRole", action, PLATFORMS)
    assert not may("ModelRole", action, OWN)


def test_a_deployment_lists_its_own_state_and_no_other(may: May) -> None:
    bucket = f"arn:aws:s3:::{BUCKET}"
    for prefix in ("projects/p-abcdefghijkl/", "projects/p-abcdefghijkl/.pulumi/stacks/"):
        assert may("DeploymentRole", "s3:ListBucket", bucket, {"s3:prefix": prefix})
        assert not may("ModelRole", "s3:ListBucket", bucket, {"s3:prefix": prefix})
    for prefix in ("", "projects/", "projects/p-mnopqrstuvwx/", ".pulumi/"):
        assert not may("DeploymentRole", "s3:ListBucket", bucket, {"s3:prefix": prefix})


def test_a_deployment_is_told_when_a_file_does_not_exist(may: May) -> None:
    """S3 answers 404 instead of 403 to a caller that may list the bucket in a request that names no prefix."""
    assert may("DeploymentRole", "s3:ListBucket", f"arn:aws:s3:::{BUCKET}")
    assert not may("ModelRole", "s3:ListBucket", f"arn:aws:s3:::{BUCKET}")


def test_a_deployment_opens_the_secrets_of_its_own_state_and_no_other(may: May) -> None:
    for action in ("kms:Decrypt", "kms:Encrypt"):
        own = {**STATE_KEY, "kms:EncryptionContext:project": "p-abcdefghijkl"}
        assert may("DeploymentRole", action, KEY, own)
        assert not may("ModelRole", action, KEY, own)
        assert not may("DeploymentRole", action, KEY, {**own, "kms:EncryptionContext:project": "p-mnopqrstuvwx"})
        assert not may("DeploymentRole", action, KEY, STATE_KEY)


def test_s3_encrypts_what_a_deployment_keeps(may: May) -> None:
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert may("DeploymentRole", action, KEY, THROUGH_S3)
        assert not may("ModelRole", action, KEY, THROUGH_S3)


@pytest.mark.parametrize(
    ("service", "role"),
    [
        (
            "sagemaker.application-autoscaling.amazonaws.com",
            "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
        ),
        ("inference.sagemaker.amazonaws.com", "AWSServiceRoleForSageMakerInference"),
    ],
)
def test_a_deployment_has_the_services_of_its_endpoint_make_their_roles(may: May, service: str, role: str) -> None:
    slr = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{role}"
    assert may("DeploymentRole", "iam:CreateServiceLinkedRole", slr, {"iam:AWSServiceName": service})
    another = {"iam:AWSServiceName": "sagemaker.amazonaws.com"}
    assert not may("DeploymentRole", "iam:CreateServiceLinkedRole", slr, another)


def test_a_deployment_passes_no_role(may: May) -> None:
    to_sagemaker = {"iam:PassedToService": "sagemaker.amazonaws.com"}
    roles = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}"
    for other in ("p-abcdefghijkl-model", "p-mnopqrstuvwx-model", "p-abcdefghijkl-deployment", "deploy"):
        assert not may("DeploymentRole", "iam:PassRole", f"{roles}-{other}", to_sagemaker), other
