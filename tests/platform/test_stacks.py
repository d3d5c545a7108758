"""The resources of each stack, and the rules that hold for all of them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.iam.held_roles import USES
from tests.rendering import (
    INVOKES,
    REGION,
    RefusedError,
    Rendering,
    Renderings,
    Resource,
    letting_in,
    render_stack,
    with_mlflow,
)

NETWORK = {
    "aws:cloudwatch/logGroup:LogGroup": 1,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": 1,
    "aws:ec2/flowLog:FlowLog": 1,
    "aws:ec2/routeTable:RouteTable": 2,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": 2,
    "aws:ec2/securityGroup:SecurityGroup": 1,
    "aws:ec2/subnet:Subnet": 2,
    "aws:ec2/vpc:Vpc": 1,
    "aws:ec2/vpcEndpoint:VpcEndpoint": 1,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 2,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
}


NAT = {
    "aws:ec2/eip:Eip": 1,
    "aws:ec2/internetGateway:InternetGateway": 1,
    "aws:ec2/natGateway:NatGateway": 1,
    "aws:ec2/route:Route": 3,
    "aws:ec2/routeTable:RouteTable": 3,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": 4,
    "aws:ec2/subnet:Subnet": 4,
}
STUDIO = {"userProfiles": [{"name": "ada", "role": "lead"}]}
ALARMS = {"aws:budgets/budget:Budget": 1, "aws:sns/topic:Topic": 1, "aws:sns/topicPolicy:TopicPolicy": 1}


def buckets(count: int) -> dict[str, int]:
    """Count the resources of `count` buckets, one of which is for access logs."""
    return {
        "aws:s3/bucket:Bucket": count,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": count,
        "aws:s3/bucketLogging:BucketLogging": count - 1,
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls": count,
        "aws:s3/bucketPolicy:BucketPolicy": count,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": count,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": count,
        "aws:s3/bucketVersioning:BucketVersioning": count,
    }


WORKLOAD = {
    **NETWORK,
    **buckets(2),
    "aws:cloudwatch/logGroup:LogGroup": 3,
    "aws:iam/role:Role": 5,
    "aws:iam/rolePolicy:RolePolicy": 11,
    "aws:kms/alias:Alias": 3,
    "aws:kms/key:Key": 3,
    "aws:lambda/function:Function": 2,
    "aws:lambda/permission:Permission": 1,
    **ALARMS,
    "aws:s3/bucketObjectv2:BucketObjectv2": 1,
    "aws:ssm/parameter:Parameter": 16,
}
STACKS = {
    "dev": {
        **NETWORK,
        **buckets(4),
        "aws:cloudwatch/eventRule:EventRule": 2,
        "aws:cloudwatch/eventTarget:EventTarget": 2,
        "aws:cloudwatch/logGroup:LogGroup": 4,
        "aws:cloudwatch/metricAlarm:MetricAlarm": 3,
        **NAT,
        # Apps of Studio stand in another group than jobs.
        "aws:ec2/securityGroup:SecurityGroup": 2,
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 3,
        "aws:iam/role:Role": 10,
        "aws:iam/rolePolicy:RolePolicy": 19,
        "aws:kms/alias:Alias": 5,
        "aws:kms/key:Key": 5,
        "aws:lambda/function:Function": 3,
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": 2,
        "aws:lambda/permission:Permission": 5,
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": 1,
        "aws:s3/bucketObjectv2:BucketObjectv2": 4,
        "aws:sagemaker/domain:Domain": 1,
        "aws:sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus": 1,
        "aws:sagemaker/userProfile:UserProfile": 2,
        "aws:secretsmanager/secret:Secret": 1,
        "aws:servicecatalog/constraint:Constraint": 3,
        "aws:servicecatalog/portfolio:Portfolio": 1,
        "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation": 1,
        "aws:servicecatalog/product:Product": 3,
        "aws:servicecatalog/productPortfolioAssociation:ProductPortfolioAssociation": 3,
        "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact": 3,
        **ALARMS,
        "aws:sqs/queue:Queue": 2,
        "aws:sqs/queuePolicy:QueuePolicy": 1,
        "aws:ssm/parameter:Parameter": 19,
        "github:index/actionsOrganizationWorkflowPermissions:ActionsOrganizationWorkflowPermissions": 1,
        "github:index/organizationRuleset:OrganizationRuleset": 9,
        "github:index/repository:Repository": 4,
        "github:index/team:Team": 1,
        "github:index/teamMembership:TeamMembership": 1,
    },
    "preprod": WORKLOAD,
    "prod": WORKLOAD,
}


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_consists_of_exactly_this(name: str, rendered: Renderings) -> None:
    assert rendered(name).counts() == dict(sorted(STACKS[name].items()))


def test_everything_belongs_to_the_one_account_and_carries_the_platform_s_tags(stack: Rendering) -> None:
    provider = stack.one("pulumi:providers:aws")
    assert json.loads(provider.inputs["allowedAccountIds"]) == [stack.account_id]
    assert provider.inputs["region"] == "eu-west-1"
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    assert set(tags) == {"unit", "environment", "managed-by", "owner", "cost-centre"}
    for resource in stack.resources:
        if resource.type.startswith("aws:"):
            assert resource.provider == provider.name, resource.name


def test_credentials_of_another_account_are_refused_before_any_change_saying_which_are_needed() -> None:
    def refuse(_: Mapping[str, Any]) -> dict[str, Any]:
        raise RefusedError("invocation of aws:… returned an error: AWS account ID\n  not allowed: 222222222222")

    declared: list[Resource] = []
    with pytest.raises(pulumi.RunError) as refused:
        render_stack(
            "dev", invokes={**INVOKES, "aws:index/getCallerIdentity:getCallerIdentity": refuse}, declared=declared
        )
    [line] = str(refused.value).splitlines()
    where = "Use credentials of account 111111111111, where analytics-dev lives: "
    assert line.startswith(f"{where}AWS account ID not allowed: 222222222222")
    assert [resource.type for resource in declared] == ["pulumi:providers:aws"]


def test_every_resource_belongs_to_a_component(stack: Rendering) -> None:
    for resource in stack.resources:
        if resource.type.startswith(("aws:", "github:")):
            assert "mlops:index:" in resource.parent, resource.name


def test_the_github_token_never_reaches_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_never_in_state")
    rendering = render_stack("dev")
    assert "ghp_never_in_state" not in json.dumps([dict(each.inputs) for each in rendering.resources], default=str)
    assert "token" not in rendering.one("pulumi:providers:github").inputs


def test_one_stack_of_an_organization_looks_after_its_template_repositories() -> None:
    projects = {"preprodAccountId": "222222222222", "publishTemplateRepositories": False}
    rendering = render_stack("dev", {"development": {"studio": STUDIO, "projects": projects}})
    assert not [each for each in rendering.resources if "github" in each.type]


def test_every_role_has_the_permissions_boundary(stack: Rendering) -> None:
    roles = stack.all("iam/role:Role")
    prefix = stack.one("Vpc").inputs["tags"]["Name"]
    assert roles
    for role in roles:
        assert role.inputs["permissionsBoundary"] == f"arn:aws:iam::{stack.account_id}:policy/{prefix}-boundary"
        assert role.inputs["name"].startswith(f"{prefix}-")


def test_no_permission_is_a_wildcard(stack: Rendering) -> None:
    for where, policy in stack.policies():
        for statement in policy["Statement"]:
            # An endpoint's policy grants nothing: it holds back what others granted.
            if statement["Effect"] == "Allow" and "vpcEndpoint" not in where:
                assert not [action for action in statement["Action"] if "*" in action], where


def test_every_service_that_assumes_a_role_does_so_for_a_named_account(stack: Rendering) -> None:
    for role in stack.all("iam/role:Role"):
        for statement in role.statements("assumeRolePolicy").values():
            assert "Condition" in statement, role.name


def test_policies_fit_into_what_iam_accepts(stack: Rendering) -> None:
    size: dict[str, int] = {}
    for policy in stack.all("RolePolicy"):
        compact = json.dumps(policy.document(), separators=(",", ":"))
        size[policy.inputs["role"]] = size.get(policy.inputs["role"], 0) + len(compact)
    assert {role: length for role, length in size.items() if length > 10_240} == {}


def test_physical_names_fit_into_what_aws_accepts(stack: Rendering) -> None:
    assert max(len(each.inputs["bucket"]) for each in stack.all("s3/bucket:Bucket")) <= 63
    assert max(len(each.inputs["name"]) for each in stack.all("iam/role:Role")) <= 64


def test_two_environments_share_one_account_without_sharing_a_name() -> None:
    def names(environment: str) -> set[str]:
        rendering = render_stack("preprod", {"environment": environment})
        return {
            f"{each.type} {each.inputs[key]}"
            for each in rendering.resources
            for key in ("name", "bucket")
            # The name of an inline policy is its role's own affair.
            if each.type.startswith("aws:")
            and not each.type.endswith(":RolePolicy")
            and isinstance(each.inputs.get(key), str)
        }

    assert len(names("preprod")) > 15
    assert not names("preprod") & names("prod")


def test_parameters_lie_below_the_stack_s_own_path_and_overwrite_nothing(stack: Rendering) -> None:
    path = "/mlops/" + stack.one("Vpc").inputs["tags"]["Name"].replace("-", "/") + "/"
    for parameter in stack.all("Parameter"):
        assert parameter.inputs["name"].startswith(path)
        assert "overwrite" not in parameter.inputs
        assert parameter.inputs["value"]


def parameters(rendering: Rendering) -> dict[str, Any]:
    """Published values by their name below the stack's path."""
    return {each.inputs["name"].split("/", 4)[4]: each.inputs["value"] for each in rendering.all("Parameter")}


def test_alarms_of_production_alone_have_models_trained_again(rendered: Renderings) -> None:
    permissions = [each.inputs for each in rendered("dev").all("lambda/permission:Permission")]
    alarms = [each for each in permissions if each["principal"] == "lambda.alarms.cloudwatch.amazonaws.com"]
    assert {each["sourceAccount"] for each in alarms} == {"333333333333"}


def test_stacks_publish_the_parameters_that_projects_read(rendered: Renderings) -> None:
    everywhere = {
        "access/boundary-arn",
        "encryption/data-key-arn",
        "github/api-url",
        "github/oidc-issuer",
        "github/oidc-provider-arn",
        "github/organization",
        "github/server-url",
        "network/private-subnet-ids",
        "network/vpc-id",
        "network/workload-security-group-id",
        "notifications/alarms-topic-arn",
    }
    assert set(parameters(rendered("dev"))) == everywhere | {
        "access/data-scientist-role-arn",
        "access/job-role-arn",
        "access/lead-data-scientist-role-arn",
        "accounts/preprod",
        "accounts/prod",
        "github/credential-secret-arn",
        "projects/template-cloner-arn",
        "storage/data-bucket",
    }
    for name in ("preprod", "prod"):
        assert set(parameters(rendered(name))) == everywhere | {
            "accounts/development",
            "batches/instance-types",
            "endpoints/instance-types",
            "monitoring/retraining-function-arn",
            "storage/artifacts-bucket",
        }
    published = parameters(rendered("preprod"))
    trigger = "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-deployment-trigger"
    assert published["monitoring/retraining-function-arn"] == trigger
    assert published["github/api-url"] == "https://api.github.com"
    assert published["github/oidc-issuer"] == "token.actions.githubusercontent.com"
    assert published["github/oidc-provider-arn"].endswith(":oidc-provider/token.actions.githubusercontent.com")


def test_without_accounts_to_deploy_to_there_is_no_deployment_trigger() -> None:
    rendering = render_stack("dev", {"development": {"studio": STUDIO}})
    named = [each.name for each in rendering.resources if "deployment-trigger" in each.name]
    assert named == ["held-deployment-trigger"], "its role, which may do nothing"
    assert rendering.all("EventRule") == rendering.all("MetricAlarm") == []


def test_a_held_role_knows_the_place_of_the_part_that_uses_it(rendered: Renderings) -> None:
    resources = rendered("dev", with_mlflow()).resources

    def place(resource: Resource) -> str:
        types, name = [resource.type], resource.name
        while not resource.parent.startswith("pulumi:pulumi:Stack::"):
            kind, _, parent = resource.parent.partition("::")
            resource = next(each for each in resources if (each.type, each.name) == (kind.rpartition("$")[2], parent))
            types.insert(0, resource.type)
        return f"{'$'.join(types)}::{name}"

    roles = {
        str(each.inputs["name"]).removeprefix("analytics-dev-"): each
        for each in resources
        if each.type == "aws:iam/role:Role"
    }
    assert {purpose: place(roles[purpose]) for purpose in USES} == {purpose: use.place for purpose, use in USES.items()}


def test_where_models_are_deployed_projects_get_what_they_need_by_a_published_template_for_each_kind_of_repository(
    rendered: Renderings,
) -> None:
    rendering = rendered("prod", letting_in("prod"))
    bucket, urls = "analytics-prod-artifacts-333333333333-eu-west-1", dict[str, str]()
    for kind, name in {
        "model-deployment-batch": "project-roles-batch",
        "model-deployment-realtime": "project-roles-realtime",
        "pipeline-promotion": "promoted-pipeline",
    }.items():
        template = rendering.one("BucketObjectv2", f"workload-{name}-template").inputs
        assert (template["bucket"], template["key"].split("/")[0]) == (bucket, "onboarding")
        urls[kind] = f"https://{bucket}.s3.eu-west-1.amazonaws.com/{template['key']}"
    [function] = [each for each in rendering.all("lambda/function:Function") if "onboarding" in each.inputs["name"]]
    variables = dict(function.inputs["environment"]["variables"])
    assert json.loads(variables.pop("TEMPLATE_URLS")) == urls
    assert variables == {
        "ACCOUNT_ID": "333333333333",
        "PLATFORM_PREFIX": "analytics-prod",
        "STACK_ROLE_ARN": "arn:aws:iam::333333333333:role/analytics-prod-project-roles",
        "RELEASE": '{"managers": ["hedy", "lise"], "unprotected": false, "branch": "main"}',
    }


@pytest.mark.parametrize("stack", ["preprod", "prod"])
@pytest.mark.parametrize(
    ("setting", "kind", "template"),
    [
        ("batches", "model-deployment-batch", "workload-project-roles-batch-template"),
        ("promotedPipelines", "pipeline-promotion", "workload-promoted-pipeline-template"),
    ],
)
def test_no_account_lets_batches_or_promoted_pipelines_in_unless_its_settings_say_so(
    rendered: Renderings, stack: str, setting: str, kind: str, template: str
) -> None:
    realtime, folder = "workload-project-roles-realtime-template", "onboarding/"
    for changes, more in ((None, dict[str, str]()), (letting_in(stack, setting), {kind: template})):
        rendering = rendered(stack, changes)
        published = [each for each in rendering.all("BucketObjectv2") if each.inputs["key"].startswith(folder)]
        assert sorted(each.name for each in published) == sorted([realtime, *more.values()])
        [function] = [each for each in rendering.all("lambda/function:Function") if "onboarding" in each.inputs["name"]]
        urls = json.loads(function.inputs["environment"]["variables"]["TEMPLATE_URLS"])
        assert set(urls) == {"model-deployment-realtime", *more}


def test_development_has_the_name_that_the_settings_give_it() -> None:
    workload = {"developmentAccountId": "111111111111", "developmentEnvironment": "lab"}
    permission = render_stack("prod", {"workload": workload}).one("lambda/permission:Permission").inputs
    assert permission["principal"] == "arn:aws:iam::111111111111:role/analytics-lab-template-cloner"


def test_an_environment_may_hold_studio_and_models_at_once(rendered: Renderings) -> None:
    rendering = render_stack("dev", {"workload": {"developmentAccountId": "111111111111"}})
    assert len(rendering.resources) > len(rendered("dev").resources)
    assert rendering.one("iam/role:Role", "workload-project-onboarding-role")


def test_secrets_are_named_but_never_given_a_value(stack: Rendering) -> None:
    assert not stack.all("SecretVersion")


def test_the_archive_of_a_function_is_all_that_it_imports(rendered: Renderings, tmp_path: Path) -> None:
    functions = [each for stack in ("dev", "prod") for each in rendered(stack).all("lambda/function:Function")]
    assert len(functions) == 5
    for function in functions:
        folder = tmp_path / function.name
        for name, asset in function.inputs["code"].assets.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(asset.path, folder / name)
        environment = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": REGION}
        command = [sys.executable, "-c", "import handler; handler.handler"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
