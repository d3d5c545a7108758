"""The provider's identifiers of resources, found from their inputs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bootstrap.account import Account
from bootstrap.names import Names
from bootstrap.recovery import identify
from tests.bootstrap.fakes import Service, account, answer, refusal, refuse
from tests.bootstrap.template import ACCOUNT, REGION
from tests.rendering import Rendering

NAMES = Names(unit="analytics", environment="dev")
TAGS = {"Name": "analytics-dev"}


def no_github(path: str) -> Sequence[Mapping[str, Any]]:
    raise AssertionError(f"unexpected request for {path}")


def find(where: Account, kind: str, from_github: identify.FromGitHub = no_github, /, **inputs: Any) -> Sequence[str]:
    return identify.find(where, NAMES, {"type": kind, "inputs": inputs}, from_github)


def service(name: str, **answers: Callable[..., dict[str, Any]]) -> Account:
    return account(**{name: Service(answers)})


def recorded(requests: list[dict[str, Any]], value: Mapping[str, Any]) -> Callable[..., dict[str, Any]]:
    def operation(**request: Any) -> dict[str, Any]:
        requests.append(request)
        return dict(value)

    return operation


@pytest.mark.parametrize(
    ("kind", "inputs", "identifier"),
    [
        (
            "aws:cloudwatch/eventRule:EventRule",
            {"name": "analytics-dev-model-approved"},
            "analytics-dev-model-approved",
        ),
        ("aws:budgets/budget:Budget", {"name": "analytics-dev-month"}, f"{ACCOUNT}:analytics-dev-month"),
        ("aws:iam/role:Role", {"name": "analytics-dev-drift"}, "analytics-dev-drift"),
        ("aws:lambda/permission:Permission", {"function": "trigger", "statementId": "rule"}, "trigger/rule"),
        (
            "aws:sns/topic:Topic",
            {"name": "analytics-dev-alarms"},
            f"arn:aws:sns:{REGION}:{ACCOUNT}:analytics-dev-alarms",
        ),
        ("aws:iam/rolePolicy:RolePolicy", {"role": "drift", "name": "state"}, "drift:state"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": "b", "key": "a/c.yaml"}, "b/a/c.yaml"),
        ("aws:sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus", {"status": "Enabled"}, REGION),
        (
            "aws:sagemaker/userProfile:UserProfile",
            {"domainId": "d-1", "userProfileName": "ada"},
            f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:user-profile/d-1/ada",
        ),
    ],
)
def test_a_fixed_name_is_the_identifier_and_no_request_is_sent(
    kind: str, inputs: Mapping[str, str], identifier: str
) -> None:
    assert find(account(), kind, **inputs) == [identifier]
    assert identify.is_by_name(kind)


def test_a_network_is_found_by_its_name_unit_and_environment() -> None:
    requests: list[dict[str, Any]] = []
    where = service("ec2", describe_vpcs=recorded(requests, {"Vpcs": [{"VpcId": "vpc-1", "State": "available"}]}))
    assert find(where, "aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16", tags=TAGS) == ["vpc-1"]
    assert requests == [
        {
            "Filters": [
                {"Name": "tag:Name", "Values": ["analytics-dev"]},
                {"Name": "tag:unit", "Values": ["analytics"]},
                {"Name": "tag:environment", "Values": ["dev"]},
            ]
        }
    ]


@pytest.mark.parametrize(
    ("status", "found"), [("Created", [f"{ACCOUNT}-app"]), ("Deleted", []), ("Updated", [f"{ACCOUNT}-app"])]
)
def test_an_mlflow_app_is_found_by_its_name(status: str, found: list[str]) -> None:
    summaries = [
        {"Name": name, "Arn": f"{ACCOUNT}-{arn}", "Status": status}
        for name, arn in {"analytics-dev": "app", "other": "no"}.items()
    ]
    where = service("sagemaker", list_mlflow_apps=answer({"Summaries": summaries}))
    assert find(where, "aws:sagemaker/mlflowApp:MlflowApp", name="analytics-dev") == found


def test_an_mlflow_app_that_aws_is_still_creating_is_an_error() -> None:
    made = {"Name": "analytics-dev", "Arn": "arn", "Status": "Creating"}
    where = service("sagemaker", list_mlflow_apps=answer({"Summaries": [made]}))
    with pytest.raises(identify.StillBeingMadeError):
        find(where, "aws:sagemaker/mlflowApp:MlflowApp", name="analytics-dev")


def test_a_network_without_a_name_cannot_be_found() -> None:
    with pytest.raises(identify.UnknownTypeError, match="tag:Name"):
        find(account(), "aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")


def test_a_deleted_resource_is_not_found() -> None:
    gateways = [{"NatGatewayId": "nat-1", "State": "deleted"}, {"NatGatewayId": "nat-2", "State": "available"}]
    where = service("ec2", describe_nat_gateways=answer({"NatGateways": gateways}))
    assert find(where, "aws:ec2/natGateway:NatGateway", subnetId="subnet-1", tags=TAGS) == ["nat-2"]


def test_a_resource_that_aws_is_still_creating_is_an_error() -> None:
    gateways = [{"NatGatewayId": "nat-1", "State": "pending"}]
    where = service("ec2", describe_nat_gateways=answer({"NatGateways": gateways}))
    with pytest.raises(identify.StillBeingMadeError):
        find(where, "aws:ec2/natGateway:NatGateway", subnetId="subnet-1", tags=TAGS)


def test_a_rule_of_a_security_group_is_found_by_the_traffic_that_it_allows() -> None:
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rules = [
        {"SecurityGroupRuleId": "sgr-in", "IsEgress": False, **https, "CidrIpv4": "0.0.0.0/0"},
        {"SecurityGroupRuleId": "sgr-http", "IsEgress": True, **https, "ToPort": 80, "CidrIpv4": "0.0.0.0/0"},
        {"SecurityGroupRuleId": "sgr-other", "IsEgress": True, **https, "PrefixListId": "pl-1"},
        {"SecurityGroupRuleId": "sgr-1", "IsEgress": True, **https, "CidrIpv4": "0.0.0.0/0"},
        {"SecurityGroupRuleId": "sgr-all", "IsEgress": True, "IpProtocol": "-1", "CidrIpv4": "0.0.0.0/0"},
    ]
    where = service("ec2", describe_security_group_rules=answer({"SecurityGroupRules": rules}))
    wanted = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "0.0.0.0/0", "securityGroupId": "sg-1"}
    assert find(where, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", **wanted) == ["sgr-1"]


def keys() -> Account:
    described = {
        "old": {"KeyState": "Enabled", "Description": "Data", "CreationDate": datetime(2026, 1, 1, tzinfo=UTC)},
        "new": {"KeyState": "Enabled", "Description": "Data", "CreationDate": datetime(2026, 2, 1, tzinfo=UTC)},
        "logs": {"KeyState": "Enabled", "Description": "Logs", "CreationDate": datetime(2026, 3, 1, tzinfo=UTC)},
        "prod": {"KeyState": "Enabled", "Description": "Data", "CreationDate": datetime(2026, 3, 1, tzinfo=UTC)},
        "ended": {"KeyState": "PendingDeletion", "Description": "Data"},
    }

    def list_keys(Marker: str = "") -> dict[str, Any]:  # noqa: N803
        names = ["closed", *described]
        return (
            {"Keys": [{"KeyId": name} for name in names[3:]]}
            if Marker
            else {
                "Keys": [{"KeyId": name} for name in names[:3]],
                "NextMarker": "3",
            }
        )

    def describe_key(KeyId: str) -> dict[str, Any]:  # noqa: N803
        if KeyId == "closed":
            raise refusal("AccessDeniedException")
        return {"KeyMetadata": {"KeyId": KeyId, **described[KeyId]}}

    def list_resource_tags(KeyId: str) -> dict[str, Any]:  # noqa: N803
        tags = {"unit": "analytics", "environment": "prod" if KeyId == "prod" else "dev"}
        return {"Tags": [{"TagKey": key, "TagValue": value} for key, value in tags.items()]}

    return service("kms", list_keys=list_keys, describe_key=describe_key, list_resource_tags=list_resource_tags)


def test_a_key_is_found_by_its_purpose_and_environment_and_the_newest_comes_first() -> None:
    assert find(keys(), "aws:kms/key:Key", description="Data") == ["new", "old"]


def test_a_secret_that_was_not_created_is_not_found() -> None:
    where = service("secretsmanager", describe_secret=refuse("ResourceNotFoundException"))
    assert find(where, "aws:secretsmanager/secret:Secret", name="analytics-dev-github-credential-1") == []


def test_a_denied_request_does_not_mean_that_the_resource_is_absent() -> None:
    where = service("secretsmanager", describe_secret=refuse("AccessDeniedException"))
    with pytest.raises(Exception, match="AccessDenied"):
        find(where, "aws:secretsmanager/secret:Secret", name="analytics-dev-github-credential-1")


def test_a_domain_that_aws_is_still_creating_is_an_error() -> None:
    domains = [{"DomainId": "d-1", "DomainName": "analytics-dev", "Status": "Pending"}]
    with pytest.raises(identify.StillBeingMadeError):
        find(
            service("sagemaker", list_domains=answer({"Domains": domains})),
            "aws:sagemaker/domain:Domain",
            domainName="analytics-dev",
        )


def test_a_product_is_found_by_its_name_and_owner() -> None:
    found = [
        {"ProductViewSummary": {"ProductId": "prod-1", "Name": "Training", "Owner": "somebody"}},
        {"ProductViewSummary": {"ProductId": "prod-2", "Name": "Training", "Owner": "analytics-dev"}},
    ]
    where = service("servicecatalog", search_products_as_admin=answer({"ProductViewDetails": found}))
    assert find(where, "aws:servicecatalog/product:Product", name="Training", owner="analytics-dev") == ["prod-2"]


def test_a_ruleset_is_looked_up_in_the_organization() -> None:
    def from_github(path: str) -> Sequence[Mapping[str, Any]]:
        assert path.startswith("/rulesets")
        return [{"id": 7, "name": "other"}, {"id": 8, "name": "mlops-protect-main"}]

    kind = "github:index/organizationRuleset:OrganizationRuleset"
    assert find(account(), kind, from_github, name="mlops-protect-main") == ["8"]


def test_a_team_is_looked_up_in_the_organization() -> None:
    def from_github(path: str) -> Sequence[Mapping[str, Any]]:
        assert path.startswith("/teams")
        return [{"id": 7, "name": "other"}, {"id": 8, "name": "mlops-platform-account"}]

    assert find(account(), "github:index/team:Team", from_github, name="mlops-platform-account") == ["8"]


def test_a_target_of_a_rule_is_found_by_the_arn_that_it_invokes() -> None:
    targets = [{"Id": "other", "Arn": "arn:other"}, {"Id": "terraform-1", "Arn": "arn:trigger"}]
    where = service("events", list_targets_by_rule=answer({"Targets": targets}))
    kind = "aws:cloudwatch/eventTarget:EventTarget"
    assert find(where, kind, rule="approved", arn="arn:trigger") == ["approved/terraform-1"]


def test_a_target_of_a_rule_that_was_not_created_is_not_found() -> None:
    where = service("events", list_targets_by_rule=refuse("ResourceNotFoundException"))
    assert find(where, "aws:cloudwatch/eventTarget:EventTarget", rule="approved", arn="arn:trigger") == []


@pytest.mark.parametrize(("arn", "found"), [("arn:topic:1", ["arn:topic:1"]), ("PendingConfirmation", [])])
def test_a_subscription_is_found_by_its_endpoint_once_it_is_confirmed(arn: str, found: Sequence[str]) -> None:
    requests: list[dict[str, Any]] = []
    subscriptions = [
        {"Protocol": "email", "Endpoint": "grace@example.com", "SubscriptionArn": "arn:topic:2"},
        {"Protocol": "email", "Endpoint": "hedy@example.com", "SubscriptionArn": arn},
    ]
    where = service("sns", list_subscriptions_by_topic=recorded(requests, {"Subscriptions": subscriptions}))
    kind = "aws:sns/topicSubscription:TopicSubscription"
    assert find(where, kind, topic="arn:topic", protocol="email", endpoint="hedy@example.com") == found
    assert requests == [{"TopicArn": "arn:topic"}]


def test_every_type_of_resource_in_a_stack_can_be_identified(stack: Rendering) -> None:
    unknown: set[str] = set()
    for resource in stack.resources:
        if resource.type.startswith(("aws:", "github:")):
            try:
                find(account(), resource.type, **{"name": resource.name, **resource.inputs})
            except identify.UnknownTypeError as error:
                unknown.add(str(error))
            except (AssertionError, KeyError):
                pass  # The look-up sends a request, or needs an output of another resource.
    assert unknown == set()


def test_an_unknown_type_is_not_guessed() -> None:
    with pytest.raises(identify.UnknownTypeError):
        find(account(), "aws:rds/instance:Instance", name="x")
