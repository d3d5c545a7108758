"""The lifecycle of every resource type: check, preview, create, refresh, import, update, delete."""

import re
from typing import Any

import pytest

from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.github.provider import GitHubProvider
from tests.sandbox_plugins.cases.dependencies import Dependencies
from tests.sandbox_plugins.cases.github import GITHUB, ruleset
from tests.sandbox_plugins.cases.messaging import MESSAGING
from tests.sandbox_plugins.cases.networks import NETWORKS
from tests.sandbox_plugins.cases.serving import SERVING
from tests.sandbox_plugins.cases.storage import STORAGE
from tests.sandbox_plugins.cases.studio import STUDIO, domain
from tests.sandbox_plugins.lifecycle import checked, refreshed, run_lifecycle
from tests.sandbox_plugins.plugin import HalfCreatedError, Plugin, RefusedByPluginError, ResourceState

AWS = {**NETWORKS, **STORAGE, **MESSAGING, **STUDIO}
ALARM = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1}


@pytest.fixture(scope="package")
def deps(aws: Plugin) -> Dependencies:
    """The resources that others depend on."""
    return Dependencies(aws)


def test_every_type_has_a_lifecycle() -> None:
    assert {*AWS, *SERVING} == set(AwsProvider.types)
    assert set(GITHUB) == set(GitHubProvider.types)


@pytest.mark.parametrize("kind", AWS)
def test_an_aws_resource_goes_through_its_lifecycle(aws: Plugin, deps: Dependencies, kind: str) -> None:
    run_lifecycle(aws, deps, AwsProvider.types[kind], AWS[kind])


@pytest.mark.parametrize(
    ("kind", "inputs", "path"),
    [
        ("aws:ec2/route:Route", {"routeTableId": "rtb-1", "gatewayId": "igw-1", "natGatewayId": "nat-1"}, "gatewayId"),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"securityGroupId": "sg-1", "ipProtocol": "-1"},
            "cidrIpv4",
        ),
        ("aws:ec2/securityGroup:SecurityGroup", {"name": "sg-mine"}, "name"),
        (
            "aws:s3/bucketObjectv2:BucketObjectv2",
            {
                "bucket": "b",
                "key": "k",
                "content": "",
                "source": {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17"},
            },
            "content",
        ),
        ("aws:cloudwatch/eventRule:EventRule", {"name": "a"}, "eventPattern"),
        (
            "aws:cloudwatch/eventTarget:EventTarget",
            {"rule": "a", "arn": "arn:aws:sqs:eu-west-1:111111111111:a", "input": "{}", "inputPath": "$"},
            "input",
        ),
        ("aws:cloudwatch/eventTarget:EventTarget", {"rule": "a", "arn": "arn:a", "input": "{"}, "input"),
        ("aws:sns/topic:Topic", {"name": "a.fifo"}, "name"),
        ("aws:sns/topic:Topic", {"contentBasedDeduplication": True}, "contentBasedDeduplication"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", ALARM, "metricName"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {**ALARM, "metricName": "a"}, "statistic"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {**ALARM, "metricQueries": [], "period": 60}, "period"),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"metricName": "a", "statistic": "Sum", "evaluationPeriods": 1},
            "comparisonOperator",
        ),
        (
            "aws:lambda/permission:Permission",
            {
                "action": "lambda:InvokeFunction",
                "function": "a",
                "principal": "events.amazonaws.com",
                "statementId": "a",
                "statementIdPrefix": "a",
            },
            "statementId",
        ),
    ],
)
def test_inputs_that_contradict_each_other_are_refused(
    aws: Plugin, kind: str, inputs: dict[str, Any], path: str
) -> None:
    assert set(aws.check(kind, inputs).failures) == {path}


def test_functions_read_the_account_and_its_zones(aws: Plugin) -> None:
    identity = aws.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert identity["accountId"] == "111111111111"
    zones = aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"})
    assert zones["names"][:2] == ["eu-west-1a", "eu-west-1b"]


def test_a_function_reads_a_parameter(aws: Plugin) -> None:
    kind = "aws:ssm/parameter:Parameter"
    created = aws.create(kind, {"name": "/probe/read", "type": "SecureString", "value": "hush"})
    read = "aws:ssm/getParameter:getParameter"
    answer = aws.invoke(read, {"name": "/probe/read"})
    assert (answer["value"], answer["arn"], answer["type"]) == ("hush", created.properties["arn"], "SecureString")
    assert aws.invoke(read, {"name": "/probe/read", "withDecryption": False})["value"] != "hush"
    aws.delete(kind, created)
    with pytest.raises(RefusedByPluginError, match=r"reading SSM Parameter \(/probe/read\): couldn't find resource"):
        aws.invoke(read, {"name": "/probe/read"})


def test_a_topic_is_named_by_its_prefix(aws: Plugin) -> None:
    created = aws.create("aws:sns/topic:Topic", {"namePrefix": "probe-"})
    assert re.fullmatch("probe-[0-9a-f]{26}", created.properties["name"])
    assert created.properties["namePrefix"] == "probe-"
    aws.delete("aws:sns/topic:Topic", created)


def test_an_update_of_a_domain_in_its_network_alone_is_refused_as_by_aws(aws: Plugin, deps: Dependencies) -> None:
    kind = "aws:sagemaker/domain:Domain"
    inputs = checked(aws, kind, {**domain(deps), "domainName": "closed", "appNetworkAccessType": "VpcOnly"})
    created = aws.create(kind, inputs)
    changes = (
        {"defaultUserSettings": domain(deps, 120)["defaultUserSettings"]},
        {"retentionPolicy": {"homeEfsFileSystem": "Retain"}},
    )
    for change in (*changes, {"tagPropagation": "DISABLED"}):
        assert aws.difference(kind, created, {**inputs, **change}).replaces == []
        with pytest.raises(Exception, match="VpcId and Subnet IDs are required for updating domains to VpcOnly mode"):
            aws.update(kind, created, {**inputs, **change})
    # Tags go another way.
    tagged = aws.update(kind, created, {**inputs, "tags": {"a": "b"}})
    aws.delete(kind, tagged)


def test_a_nat_gateway_whose_address_is_in_use_fails_and_stays_in_the_state(aws: Plugin, deps: Dependencies) -> None:
    kind = "aws:ec2/natGateway:NatGateway"
    address = aws.create("aws:ec2/eip:Eip", {"domain": "vpc"})
    inputs = checked(aws, kind, {"allocationId": address.id, "subnetId": deps.id("subnet")})
    gateway = aws.create(kind, inputs)
    with pytest.raises(
        HalfCreatedError, match=r"Resource.AlreadyAssociated: Elastic IP address \[eipalloc-.*\] is"
    ) as half:
        aws.create(kind, inputs)
    aws.delete(kind, ResourceState(id=half.value.id, properties=half.value.properties))
    aws.delete(kind, gateway)
    aws.delete("aws:ec2/eip:Eip", address)


def test_an_account_that_is_not_allowed_is_refused(unconfigured_aws: Plugin, environment: None) -> None:
    with pytest.raises(RefusedByPluginError, match=r"^AWS account ID not allowed: 111111111111$"):
        unconfigured_aws.configure(region="eu-west-1", allowedAccountIds='["222222222222"]')


@pytest.fixture(scope="module")
def needed(github: Plugin) -> Dependencies:
    """The resources that others of GitHub depend on; names are unique in an organization."""
    return Dependencies(github)


@pytest.mark.parametrize("kind", GITHUB)
def test_a_github_resource_goes_through_its_lifecycle(github: Plugin, needed: Dependencies, kind: str) -> None:
    run_lifecycle(github, needed, GitHubProvider.types[kind], GITHUB[kind])


def test_an_id_of_the_organizations_owners_shows_as_a_change_after_every_update(
    github: Plugin, needed: Dependencies
) -> None:
    kind = "github:index/organizationRuleset:OrganizationRuleset"
    actors = [{"actorId": 1, "actorType": "OrganizationAdmin", "bypassMode": "always"}]
    inputs = checked(github, kind, {**ruleset(needed), "name": "owners", "bypassActors": actors})
    created = github.create(kind, inputs)

    seen, _ = refreshed(github, kind, created, inputs)
    assert github.difference(kind, seen, inputs).changed == ["bypassActors"]
    github.delete(kind, created)


def test_a_ruleset_of_an_organization_knows_no_user_as_an_actor(github: Plugin, needed: Dependencies) -> None:
    actors = [{"actorType": "User", "actorId": 3002, "bypassMode": "always"}]
    inputs = {**ruleset(needed), "bypassActors": actors}

    checked = github.check("github:index/organizationRuleset:OrganizationRuleset", inputs)

    assert "expected actor_type to be one of" in str(checked.failures)
