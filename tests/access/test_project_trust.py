"""The jobs that may deploy a project: those of its own repository, in the organization of the account's own settings."""

import json
import re

import pytest

from products.workload import INFERENCES
from tests.access.project_roles import ISSUER, REPOSITORY, SUBJECT, ProjectRoles
from tests.decisions import Request, permits
from tests.products.resolution import published as published_text
from tests.rendering import Renderings


@pytest.fixture(scope="module")
def published(rendered: Renderings) -> ProjectRoles:
    return ProjectRoles(text=published_text(rendered("prod"), "project-roles-realtime-prod"))


def test_only_jobs_of_the_repositorys_own_environment_deploy(published: ProjectRoles) -> None:
    trust = published.trust("DeploymentRole")

    assert trust["Principal"] == {"Federated": f"arn:aws:iam::333333333333:oidc-provider/{ISSUER}"}
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": f"{SUBJECT}:environment:prod",
            f"{ISSUER}:repository_id": "2006",
            f"{ISSUER}:environment": "prod",
            f"{ISSUER}:ref": "refs/heads/main",
        },
        "StringEqualsIfExists": {f"{ISSUER}:repository_owner_id": "1001"},
    }


@pytest.mark.parametrize(
    ("changed", "trusted"),
    [
        ({}, True),
        ({"repository_owner_id": None}, True),
        ({"sub": f"{SUBJECT}:environment:preprod"}, False),
        ({"sub": f"{SUBJECT.replace('acme@1001', 'evil@6666')}:environment:prod"}, False),
        ({"sub": f"{SUBJECT.replace('acme@1001', 'acme@6666')}:environment:prod"}, False),
        ({"repository_owner_id": "6666"}, False),
        ({"repository_id": "2007"}, False),
        ({"repository_id": None}, False),
        ({"environment": "preprod"}, False),
        ({"ref": "refs/heads/attack"}, False),
        ({"ref": "refs/tags/main"}, False),
        ({"ref": None}, False),
        ({"aud": "https://example.com"}, False),
    ],
    ids=str,
)
def test_every_claim_of_a_token_must_be_the_repositorys_own(
    published: ProjectRoles, changed: dict[str, str | None], trusted: bool
) -> None:
    claims: dict[str, str | None] = {
        "aud": "sts.amazonaws.com",
        "sub": f"{SUBJECT}:environment:prod",
        "repository_id": "2006",
        "repository_owner_id": "1001",
        "environment": "prod",
        "ref": "refs/heads/main",
    }
    keys = {f"{ISSUER}:{name}": value for name, value in {**claims, **changed}.items() if value is not None}
    request = Request(principal="job", action="sts:AssumeRoleWithWebIdentity", resource="*", keys=keys)
    trust = {**published.trust("DeploymentRole"), "Resource": "*"}

    assert permits({"Statement": [trust]}, request) is trusted


@pytest.mark.parametrize(
    ("ref", "trusted"),
    [
        ("refs/heads/production", True),
        ("refs/heads/main", False),
        ("refs/heads/production/attack", False),
        ("refs/tags/production", False),
        ("refs/pull/1/merge", False),
    ],
)
@pytest.mark.parametrize("inference", INFERENCES)
def test_a_job_of_main_does_not_deploy_where_releases_are_pull_requests(
    rendered: Renderings, ref: str, trusted: bool, inference: str
) -> None:
    workload = {
        "developmentAccountId": "111111111111",
        "release": "branch",
        "releaseManagers": ["hedy"],
        "batches": True,
    }
    published = rendered("prod", {"workload": workload}).one(
        "BucketObjectv2", f"workload-project-roles-{inference}-template"
    )
    trust = {**ProjectRoles(text=published.inputs["content"]).trust("DeploymentRole"), "Resource": "*"}
    claims = {
        "aud": "sts.amazonaws.com",
        "sub": f"{SUBJECT}:environment:prod",
        "repository_id": "2006",
        "environment": "prod",
        "ref": ref,
    }
    keys = {f"{ISSUER}:{name}": value for name, value in claims.items()}
    request = Request(principal="job", action="sts:AssumeRoleWithWebIdentity", resource="*", keys=keys)

    assert permits({"Statement": [trust]}, request) is trusted


def test_an_account_that_releases_by_pull_request_trusts_jobs_of_that_branch_alone(rendered: Renderings) -> None:
    workload = {
        "developmentAccountId": "111111111111",
        "release": "branch",
        "releaseManagers": ["hedy"],
        "batches": True,
    }
    rendering = rendered("prod", {"workload": workload})
    for inference in INFERENCES:
        published = rendering.one("BucketObjectv2", f"workload-project-roles-{inference}-template")
        condition = ProjectRoles(text=published.inputs["content"]).trust("DeploymentRole")["Condition"]
        assert condition["StringEquals"][f"{ISSUER}:ref"] == "refs/heads/production"
    [function] = [each for each in rendering.all("lambda/function:Function") if "onboarding" in each.inputs["name"]]
    told = function.inputs["environment"]["variables"]["RELEASE"]
    assert json.loads(told) == {"managers": ["hedy"], "unprotected": False, "branch": "production"}


@pytest.mark.parametrize(
    ("github", "issuer", "subject", "claims"),
    [
        ({"oidcSubjects": "legacy"}, ISSUER, f"repo:acme/{REPOSITORY}", True),
        (
            {"serverUrl": "https://acme.ghe.com"},
            "token.actions.acme.ghe.com",
            f"repo:acme@1001/{REPOSITORY}@2006",
            True,
        ),
        (
            {"serverUrl": "https://github.example.com"},
            "github.example.com/_services/token",
            f"repo:acme/{REPOSITORY}",
            False,
        ),
    ],
    ids=["legacy", "GHE.com", "Enterprise Server"],
)
def test_tokens_are_read_as_far_as_aws_reads_them_of_their_issuer(
    rendered: Renderings, github: dict[str, str], issuer: str, subject: str, claims: bool
) -> None:
    settings = {"organization": "acme", "organizationId": 1001, "repository": "mlops-platform", "repositoryId": 2001}
    roles = ProjectRoles(
        text=published_text(rendered("prod", {"github": settings | github}), "project-roles-realtime-prod")
    )

    condition = roles.trust("DeploymentRole")["Condition"]
    equal = {key.removeprefix(f"{issuer}:"): value for key, value in condition["StringEquals"].items()}
    assert equal == {
        "aud": "sts.amazonaws.com",
        "sub": f"{subject}:environment:prod",
        **({"repository_id": "2006", "environment": "prod", "ref": "refs/heads/main"} if claims else {}),
    }
    owner = {f"{issuer}:repository_owner_id": "1001"} if claims else None
    assert condition.get("StringEqualsIfExists") == owner


def test_no_parameter_of_the_template_names_an_organization(published: ProjectRoles) -> None:
    parameters = set(published.template["Parameters"])

    assert parameters == {
        *("Unit", "Environment", "ProjectName", "ProjectId", "RepositoryName", "RepositoryId", "LaunchStackId")
    }


@pytest.mark.parametrize(
    ("parameter", "value", "accepted"),
    [
        ("RepositoryName", REPOSITORY, True),
        ("RepositoryName", REPOSITORY.replace("deployment-realtime", "training"), False),
        ("RepositoryName", f"acme/{REPOSITORY}", False),
        ("RepositoryName", f"{REPOSITORY}@*", False),
        ("RepositoryName", f"{REPOSITORY}:environment:prod", False),
        ("RepositoryName", "website", False),
        ("RepositoryId", "2006", True),
        ("RepositoryId", "0", False),
        ("RepositoryId", "*", False),
        ("RepositoryId", "2006:environment:prod", False),
    ],
)
def test_only_a_deployment_repository_is_trusted(
    published: ProjectRoles, parameter: str, value: str, accepted: bool
) -> None:
    pattern = published.template["Parameters"][parameter]["AllowedPattern"]

    assert (re.fullmatch(pattern, value) is not None) is accepted
