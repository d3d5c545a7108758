"""Roles in another account on the local AWS, where the policies of every role on the way decide.

What passes here was allowed by the emulator's reading of IAM; AWS's own is not proven.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from functions.template_cloner.workload_account import enter_account

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.roles_provisioner import RolesProvisioner
from tests.access.authorization import roles_of
from tests.bootstrap.template import Template
from tests.functions.template_cloner.fake_account import ARNS, LAUNCH, ONBOARDING_ROLE, ROLES
from tests.functions.template_cloner.fakes import MemoryStacks
from tests.rendering import Rendering, Renderings
from tests.sandbox_aws.account import Account
from tests.sandbox_aws.certificates import Certificates
from tests.sandbox_aws.hosting import Hosting
from tests.sandbox_aws.test_aws_functions import ECHO
from tests.sandbox_aws.test_aws_functions import create as create_function
from tests.sandbox_aws.test_aws_permissions import refusal

NAME = ROLES.name
CLONER = "arn:aws:iam::111111111111:role/analytics-dev-template-cloner"


def has_roles_of(account: Account, environment: str, rendering: Rendering, *purposes: str) -> None:
    """Create some of the platform's roles, under their boundary."""
    boundary = Template(Unit="analytics", Environment=environment, **{"AWS::AccountId": account.number})
    document = json.dumps(boundary.properties("WorkloadBoundary")["PolicyDocument"])
    iam = account.client("iam")
    iam.create_policy(PolicyName=f"analytics-{environment}-boundary", PolicyDocument=document)
    rendered = {each.inputs["name"]: each.inputs for each in rendering.all("iam/role:Role")}
    for purpose in purposes:
        role = roles_of(rendering)[purpose]
        iam.create_role(
            RoleName=role.name,
            AssumeRolePolicyDocument=rendered[role.name]["assumeRolePolicy"],
            PermissionsBoundary=role.boundary,
        )
        for name, policy in role.policies.items():
            iam.put_role_policy(RoleName=role.name, PolicyName=name, PolicyDocument=policy)


@pytest.fixture(scope="module")
def accounts(dev: Account, prod: Account, rendered: Renderings) -> tuple[Account, Account]:
    """Development and production, with the roles, template and parameters that give a project its roles."""
    has_roles_of(dev, "dev", rendered("dev"), "template-cloner")
    platform = rendered("prod")
    has_roles_of(prod, "prod", platform, "project-onboarding", "project-roles")
    published = platform.one("BucketObjectv2").inputs
    s3, ssm = prod.client("s3"), prod.client("ssm")
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=published["bucket"], CreateBucketConfiguration=where)
    s3.put_object(Bucket=published["bucket"], Key=published["key"], Body=published["content"].encode())
    for parameter in platform.all("ssm/parameter:Parameter"):
        name, value = parameter.inputs["name"], parameter.inputs["value"]
        if "/projects/" in name:
            ssm.put_parameter(Name=name, Value=value, Type="String")
    # The account's stack makes it; a project's stack names it.
    create_function(prod, "analytics-prod-model-release", "handler.handler", ECHO)
    return dev, prod


@pytest.fixture
def provisioner(
    accounts: tuple[Account, Account],
    endpoint_url: str,
    certificate_files: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], RolesProvisioner]:
    """Return a factory of provisioners that act under the template cloner's own role."""
    dev, _ = accounts
    iam = dev.client("iam")
    # Lambda alone assumes it; here the account's root stands in for Lambda.
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.update_assume_role_policy(RoleName="analytics-dev-template-cloner", PolicyDocument=document)
    cloner = dev.assume(CLONER)
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_CA_BUNDLE": str(certificate_files.authority),
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": cloner.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloner.secret_access_key,
        "AWS_SESSION_TOKEN": str(cloner.session_token),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("functions.template_cloner.roles_provisioner._RETRY_SECONDS", 0.1)
    # The session that boto3 keeps would keep these credentials, too.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    def make() -> RolesProvisioner:
        deadline = Deadline(at=time.monotonic() + 60)
        return RolesProvisioner(
            account=enter_account(ROLES, ONBOARDING_ROLE, deadline),
            stacks=MemoryStacks(),
            deadline=deadline,
            stack_id=LAUNCH,
        )

    return make


def roles_left(prod: Account) -> list[str]:
    found = prod.client("iam").list_roles(MaxItems=1000)["Roles"]
    return sorted(role["RoleName"] for role in found if role["RoleName"].startswith(NAME))


def aliases(prod: Account) -> list[str]:
    found = prod.client("lambda").list_aliases(FunctionName="analytics-prod-model-release")["Aliases"]
    return [alias["Name"] for alias in found]


def test_a_project_gets_its_roles_and_loses_them_with_all_that_it_deployed(
    accounts: tuple[Account, Account], provisioner: Callable[[], RolesProvisioner]
) -> None:
    _, prod = accounts

    assert provisioner().provision(ROLES) == {**ARNS, "LaunchStackId": LAUNCH}
    assert provisioner().provision(ROLES) == {**ARNS, "LaunchStackId": LAUNCH}
    assert roles_left(prod) == [f"{NAME}-deployment", f"{NAME}-model"]
    assert aliases(prod) == [f"{ROLES.project_name}-{ROLES.project_id}"]
    boundary = prod.client("iam").get_role(RoleName=f"{NAME}-model")["Role"]["PermissionsBoundary"]
    assert boundary["PermissionsBoundaryArn"] == "arn:aws:iam::333333333333:policy/analytics-prod-boundary"

    with Hosting.prepare(prod, "cloner-models") as hosting:
        # It fails, for its image is development's alone, and is there all the same.
        hosting.endpoint(NAME, hosting.configuration(f"{NAME}-v1", hosting.model(f"{NAME}-v1")))
        cloudwatch: Any = prod.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=f"{NAME}-errors",
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody=json.dumps({"widgets": []}))

        provisioner().remove(ROLES)
        provisioner().remove(ROLES)

        assert hosting.sagemaker.list_endpoints(NameContains=NAME)["Endpoints"] == []
        assert hosting.sagemaker.list_endpoint_configs(NameContains=NAME)["EndpointConfigs"] == []
        assert hosting.sagemaker.list_models(NameContains=NAME)["Models"] == []
    assert cloudwatch.describe_alarms(AlarmNamePrefix=NAME)["MetricAlarms"] == []
    assert cloudwatch.list_dashboards(DashboardNamePrefix=NAME)["DashboardEntries"] == []
    assert roles_left(prod) == aliases(prod) == []


def test_no_other_role_of_development_is_let_in(accounts: tuple[Account, Account]) -> None:
    dev, _ = accounts
    everything = {"Action": "*", "Resource": "*"}
    stranger = dev.client("sts", dev.assume(dev.role("analytics-dev-stranger", everything)))

    code, _ = refusal(stranger.assume_role, RoleArn=ONBOARDING_ROLE, RoleSessionName="test")
    assert code == "AccessDenied"


def test_an_account_without_the_platform_refuses_entry_and_says_what_to_do(
    provisioner: Callable[[], RolesProvisioner], prod: Account
) -> None:
    iam = prod.client("iam")
    trusted = iam.get_role(RoleName="analytics-prod-project-onboarding")["Role"]["AssumeRolePolicyDocument"]
    nobody = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": {"AWS": CLONER}, "Action": "sts:AssumeRole"}],
    }
    iam.update_assume_role_policy(RoleName="analytics-prod-project-onboarding", PolicyDocument=json.dumps(nobody))

    with pytest.raises(LaunchError, match="deploy the platform's stack of analytics-prod there"):
        provisioner()
    iam.update_assume_role_policy(RoleName="analytics-prod-project-onboarding", PolicyDocument=json.dumps(trusted))
