"""`up`: the trust of the roles, the reuse of resources, and leftovers that prevent it."""

from typing import Any, cast

import pytest

from bootstrap import github
from bootstrap.account import Account, Client
from bootstrap.errors import BootstrapError
from bootstrap.names import Names
from bootstrap.stack import StackUpdater
from bootstrap.up import Trust, parts, trust, up
from tests.bootstrap.fakes import CloudFormation, Service, account, answer, refuse
from tests.bootstrap.template import ACCOUNT, ISSUER

NAMES = Names(unit="analytics", environment="dev")
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
TRUSTED = Trust(
    issuer=ISSUER,
    deploy_subjects=("repo:acme@1001/mlops-platform@2001:environment:dev",),
    preview_subjects=("repo:acme@1001/mlops-platform@2001:pull_request",),
    repository_id="2001",
)
IDS = github.Repository(organization="acme", name="mlops-platform", organization_id=1001, repository_id=2001)


def iam(**answers: Any) -> Service:
    nothing_there = {
        "get_open_id_connect_provider": refuse("NoSuchEntity"),
        "get_role": refuse("NoSuchEntity"),
    }
    return Service(nothing_there | answers)


def place(cloudformation: CloudFormation, identity: Service | None = None, s3: Service | None = None) -> Account:
    return account(
        cloudformation=cloudformation,
        iam=identity or iam(),
        s3=s3 or Service({"head_bucket": refuse("404", "Not Found")}),
    )


def apply(
    cloudformation: CloudFormation, where: Account, said: list[str] | None = None, has: str | None = "development"
) -> dict[str, str]:
    lines: list[str] = [] if said is None else said
    updater = StackUpdater(
        cloudformation=cast("Client", cloudformation), name=NAMES.stack, report=lines.append, pause=lambda _: None
    )
    up(where, NAMES, TRUSTED, updater, has)
    [*_, (_, request)] = cloudformation.requests
    return {each["ParameterKey"]: each["ParameterValue"] for each in request["Parameters"]}


def test_an_empty_account_gets_its_own_identity_provider() -> None:
    cloudformation = CloudFormation()
    assert apply(cloudformation, place(cloudformation)) == {
        "Unit": "analytics",
        "Environment": "dev",
        "OidcIssuer": ISSUER,
        "OidcProviderArn": "",
        "DeploySubjects": "repo:acme@1001/mlops-platform@2001:environment:dev",
        "PreviewSubjects": "repo:acme@1001/mlops-platform@2001:pull_request",
        "RepositoryId": "2001",
        "Parts": "development",
    }
    [(_, request)] = cloudformation.requests
    assert request["StackName"] == "analytics-dev-bootstrap"
    assert {tag["Key"]: tag["Value"] for tag in request["Tags"]} == {
        "unit": "analytics",
        "environment": "dev",
        "managed-by": "bootstrap",
    }


def test_an_environment_whose_settings_are_elsewhere_keeps_its_parts() -> None:
    cloudformation = CloudFormation()
    where = place(cloudformation)
    assert apply(cloudformation, where, has="workload")["Parts"] == "workload"
    assert apply(cloudformation, where, has=None)["Parts"] == "workload"
    said: list[str] = []
    assert apply(cloudformation, where, said, has="both")["Parts"] == "both"
    assert "analytics-dev may create the roles of these parts of the platform: both." in said


def test_an_environment_without_settings_is_refused_before_anything_is_created() -> None:
    cloudformation = CloudFormation()
    with pytest.raises(BootstrapError, match="it is unknown which roles it may create") as problem:
        apply(cloudformation, place(cloudformation), has=None)
    assert "--parts development, workload, both or none" in str(problem.value)
    assert cloudformation.requests == []


@pytest.mark.parametrize(
    ("sections", "known"),
    [
        (("development",), "development"),
        (("workload",), "workload"),
        (("workload", "development"), "both"),
        ((), "none"),
    ],
)
def test_the_parts_of_an_environment_are_the_sections_of_its_settings(sections: tuple[str, ...], known: str) -> None:
    settings: dict[str, object] = {"unit": "analytics", **{section: {} for section in sections}}
    assert parts(NAMES, known, settings) == known
    if known != "none":
        assert parts(NAMES, None, settings) == known
    assert parts(NAMES, known, None) == known
    assert parts(NAMES, None, None) is None


def test_settings_of_an_earlier_form_are_not_taken_for_an_environment_without_parts() -> None:
    with pytest.raises(BootstrapError, match="neither a section development nor workload"):
        parts(NAMES, None, {"studio": {}, "projects": {}})


def test_parts_that_the_settings_do_not_have_are_refused() -> None:
    with pytest.raises(
        BootstrapError, match="--parts workload: the settings of analytics-dev in this folder have both"
    ):
        parts(NAMES, "workload", {"development": {}, "workload": {}})


def test_the_identity_provider_of_another_environment_is_reused() -> None:
    cloudformation = CloudFormation()
    there = iam(get_open_id_connect_provider=answer({"ClientIDList": ["sts.amazonaws.com"]}))
    said: list[str] = []
    assert apply(cloudformation, place(cloudformation, there), said)["OidcProviderArn"] == PROVIDER
    assert "using it" in "\n".join(said)


def test_a_provider_without_our_audience_is_refused_with_the_command_that_adds_it() -> None:
    cloudformation = CloudFormation()
    there = iam(get_open_id_connect_provider=answer({"ClientIDList": ["elsewhere"]}))
    with pytest.raises(BootstrapError, match="aws iam add-client-id-to-open-id-connect-provider"):
        apply(cloudformation, place(cloudformation, there))
    assert cloudformation.requests == []


@pytest.mark.parametrize("given", ["", PROVIDER])
def test_running_again_neither_drops_nor_adopts_a_provider(given: str) -> None:
    """A stack whose template stopped having its own provider would delete it."""
    cloudformation = CloudFormation(outputs={"OidcProviderArn": PROVIDER})
    before = iam() if not given else iam(get_open_id_connect_provider=answer({"ClientIDList": ["sts.amazonaws.com"]}))
    assert apply(cloudformation, place(cloudformation, before))["OidcProviderArn"] == given
    now = iam(get_open_id_connect_provider=answer({"ClientIDList": ["sts.amazonaws.com"]}))
    assert apply(cloudformation, place(cloudformation, now))["OidcProviderArn"] == given


def test_a_reused_provider_that_somebody_deleted_is_created() -> None:
    cloudformation = CloudFormation(outputs={"OidcProviderArn": PROVIDER})
    there = iam(get_open_id_connect_provider=answer({"ClientIDList": ["sts.amazonaws.com"]}))
    apply(cloudformation, place(cloudformation, there))
    assert apply(cloudformation, place(cloudformation))["OidcProviderArn"] == ""


def test_a_second_region_is_refused_because_roles_are_global() -> None:
    cloudformation = CloudFormation()
    elsewhere = iam(get_role=answer({"Role": {"Tags": [{"Key": "region", "Value": "us-east-1"}]}}))
    with pytest.raises(BootstrapError, match="was bootstrapped in us-east-1") as problem:
        apply(cloudformation, place(cloudformation, elsewhere))
    assert "--region us-east-1" in str(problem.value)
    assert cloudformation.requests == []


def test_a_bucket_left_from_an_earlier_bootstrap_is_not_taken_over_silently() -> None:
    cloudformation = CloudFormation()
    with pytest.raises(BootstrapError, match="import bucket and key"):
        apply(cloudformation, place(cloudformation, s3=Service({"head_bucket": answer({})})))
    assert cloudformation.requests == []


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("immutable", ["repo:acme@1001/mlops-platform@2001"]),
        ("legacy", ["repo:acme/mlops-platform"]),
        ("both", ["repo:acme@1001/mlops-platform@2001", "repo:acme/mlops-platform"]),
    ],
)
def test_subjects_are_exact_in_either_form(form: github.SubjectForm, expected: list[str]) -> None:
    server = github.Server.at("https://github.com")
    trusted = trust(server, "acme", "mlops-platform", IDS, form, "preprod")
    assert list(trusted.deploy_subjects) == [f"{each}:environment:preprod" for each in expected]
    assert list(trusted.preview_subjects) == [f"{each}:pull_request" for each in expected]
    assert "*" not in "".join(trusted.deploy_subjects + trusted.preview_subjects)


@pytest.mark.parametrize(
    ("url", "repository_id"),
    [("https://github.com", "2001"), ("https://acme.ghe.com", "2001"), ("https://github.example.com", "")],
)
def test_the_number_of_the_repository_is_compared_where_aws_reads_it(url: str, repository_id: str) -> None:
    trusted = trust(github.Server.at(url), "acme", "mlops-platform", IDS, "immutable", "preprod")
    assert trusted.repository_id == repository_id
    assert trust(github.Server.at(url), "acme", "mlops-platform", None, "legacy", "preprod").repository_id == ""


@pytest.mark.parametrize("form", ["immutable", "legacy", "both"])
def test_subjects_have_githubs_own_spelling(form: github.SubjectForm) -> None:
    ids = github.Repository(organization="Acme", name="MLOps-Platform", organization_id=1, repository_id=2)
    found = github.subjects("acme", "mlops-platform", ids, form, "environment:dev")
    both = ["repo:Acme@1/MLOps-Platform@2:environment:dev", "repo:Acme/MLOps-Platform:environment:dev"]
    assert list(found) == {"immutable": both[:1], "legacy": both[1:], "both": both}[form]


def test_immutable_subjects_need_the_ids() -> None:
    server = github.Server.at("https://github.com")
    with pytest.raises(ValueError, match="numeric ids"):
        trust(server, "acme", "mlops-platform", None, "immutable", "dev")


@pytest.mark.parametrize("unit", ["", "a", "Analytics", "a-b", "2fast", "averylongunitname"])
def test_a_malformed_unit_is_refused(unit: str) -> None:
    with pytest.raises(BootstrapError, match="2 to 12 lower-case"):
        Names(unit=unit, environment="dev")


@pytest.mark.parametrize("environment", ["", "d", "Dev", "pre-prod", "production"])
def test_a_malformed_environment_is_refused(environment: str) -> None:
    with pytest.raises(BootstrapError, match="2 to 8 lower-case"):
        Names(unit="analytics", environment=environment)


def test_the_longest_names_are_within_the_limits_of_aws() -> None:
    names = Names(unit="a" * 12, environment="e" * 8)
    assert len(names.state_bucket(ACCOUNT, "ap-northeast-99")) <= 63
    assert len(names.preview_role) <= 64
