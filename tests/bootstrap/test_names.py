"""Names that bootstrap uses before Pulumi runs, compared with those of the template and of the Pulumi program."""

import pytest

from bootstrap.names import ENVIRONMENT as ENVIRONMENT_PATTERN
from bootstrap.names import UNIT, Names
from bootstrap.up import provider_arn
from components.environment import Environment
from tests.bootstrap.fakes import account
from tests.bootstrap.template import ACCOUNT, ISSUER, REGION, Template

NAMES = Names(unit="analytics", environment="dev")
ENVIRONMENT = Environment(unit="analytics", name="dev", region=REGION, account_id=ACCOUNT, keep_on_destroy=True)


def test_bootstrap_and_the_program_build_the_same_names() -> None:
    assert NAMES.prefix == ENVIRONMENT.prefix
    assert NAMES.state_bucket(ACCOUNT, REGION) == ENVIRONMENT.bucket_name("state")
    assert NAMES.parameter("network/vpc-id") == f"{ENVIRONMENT.parameter_path}/network/vpc-id"
    assert f"arn:aws:iam::{ACCOUNT}:role/{NAMES.deploy_role}" == ENVIRONMENT.role_arn("deploy")
    assert f"arn:aws:iam::{ACCOUNT}:role/{NAMES.preview_role}" == ENVIRONMENT.role_arn("preview")
    assert provider_arn(account(), ISSUER) == ENVIRONMENT.oidc_provider_arn(ISSUER)


def test_the_template_accepts_the_same_units_and_environments() -> None:
    parameters = Template().source["Parameters"]
    assert parameters["Unit"]["AllowedPattern"] == f"^{UNIT.pattern}$"
    assert parameters["Environment"]["AllowedPattern"] == f"^{ENVIRONMENT_PATTERN.pattern}$"


def test_the_template_creates_what_the_names_promise() -> None:
    template = Template()
    assert template.properties("StateBucket")["BucketName"] == NAMES.state_bucket(ACCOUNT, REGION)
    assert template.properties("StateKeyAlias")["AliasName"] == NAMES.state_alias
    assert template.properties("DeployRole")["RoleName"] == NAMES.deploy_role
    assert template.properties("PreviewRole")["RoleName"] == NAMES.preview_role
    assert template.outputs["BoundaryArn"] == ENVIRONMENT.boundary_arn


@pytest.mark.parametrize("name", ["analytics-dev-bootstrap", "a1-prod-bootstrap"])
def test_the_name_of_a_bootstrap_stack_can_be_parsed(name: str) -> None:
    names = Names.of_stack(name)
    assert names is not None
    assert names.stack == name


@pytest.mark.parametrize("name", ["analytics-dev", "analytics-bootstrap", "Analytics-dev-bootstrap", "a-b-c-bootstrap"])
def test_the_name_of_any_other_stack_is_not_parsed(name: str) -> None:
    assert Names.of_stack(name) is None
