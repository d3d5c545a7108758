"""`doctor`: service quotas that are too small for the settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from bootstrap.doctor.account_checks import ROLES_OF_A_PROJECT
from bootstrap.doctor.quotas import DEPLOYMENTS_AT_ONCE
from components.deployment_trigger import RUNS_AT_ONCE
from tests.bootstrap.fakes import Parameters
from tests.bootstrap.healthy import ON_GITHUB_COM, QUOTAS, SETTINGS, examine, healthy, quotas
from tests.products.resolution import FOLDER

pytestmark = pytest.mark.usefixtures("settings")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"sagemaker": QUOTAS["sagemaker"] | {"ml.m5.large for training job usage": 0}},
            "--service-code sagemaker --quota-code L-3 --desired-value 1",
        ),
        (
            {"sagemaker": QUOTAS["sagemaker"] | {"Studio JupyterLab Apps running on ml.t3.medium instances": 1}},
            "is 1, needed 2 (one for each user of Studio)",
        ),
        ({"lambda": {"Concurrent executions": 10}}, "Concurrent executions is 10, needed 120 (the template cloner"),
        ({"ec2": {"EC2-VPC Elastic IPs": 1}}, "EC2-VPC Elastic IPs is 1, needed 2 (1 in use, and 1 for NAT gateways)"),
        ({"vpc": QUOTAS["vpc"] | {"VPCs per Region": 2}}, "VPCs per Region is 2, needed 3"),
    ],
)
def test_a_quota_that_is_too_small_is_reported_with_the_value_to_request(changed: dict[str, Any], message: str) -> None:
    before = Parameters({})
    finding = examine(healthy(ssm=before, **{"service-quotas": quotas(**changed)}))["quotas"]
    assert not finding.fine
    assert message in finding.message


def test_a_quota_that_aws_does_not_list_in_the_region_is_reported(settings: Path) -> None:
    settings.write_text(f"{SETTINGS}  mlops-platform:network: {{privateAccess: endpoints}}\n")
    message = examine(healthy(**{"service-quotas": quotas(vpc={"VPCs per Region": 5})}))["quotas"].message
    assert "AWS lists no quota 'Interface VPC endpoints per VPC'" in message


def test_a_deployed_platform_needs_no_further_address_or_network() -> None:
    deployed = Parameters(ON_GITHUB_COM | {"/mlops/analytics/dev/network/vpc-id": "vpc-1"})
    full = quotas(ec2={"EC2-VPC Elastic IPs": 1}, vpc=QUOTAS["vpc"] | {"VPCs per Region": 2})
    assert examine(healthy(ssm=deployed, **{"service-quotas": full}))["quotas"].fine


@pytest.mark.parametrize(
    ("network", "addresses"),
    [
        ("{nat: perZone, zones: 3}", 4),
        ("{nat: none}", 0),
        ("{privateAccess: nat}", 2),
        ("{privateAccess: both, nat: perZone, zoneIds: [euw1-az1, euw1-az2, euw1-az3]}", 4),
        ("{privateAccess: endpoints}", 0),
        ("{cidr: 10.16.0.0/16}", 2),
        ("{vpcId: vpc-1}", 0),
    ],
)
def test_required_quotas_follow_the_network_in_the_settings(settings: Path, network: str, addresses: int) -> None:
    settings.write_text(f"{SETTINGS}  mlops-platform:network: {network}\n")
    short = quotas(ec2={"EC2-VPC Elastic IPs": 0})
    message = examine(healthy(ssm=Parameters({}), **{"service-quotas": short}))["quotas"].message
    assert (f"needed {addresses} " in message) if addresses else "Elastic" not in message


def test_an_environment_for_deployed_models_requires_capacity_to_replace_one(settings: Path) -> None:
    settings.write_text(f'{SETTINGS}  mlops-platform:workload: {{developmentAccountId: "111111111111"}}\n')
    message = examine(healthy())["quotas"].message
    assert "ml.m5.large for endpoint usage is 0, needed 4 (a deployed model" in message


def test_the_deployment_triggers_concurrency_is_counted_too(settings: Path) -> None:
    assert DEPLOYMENTS_AT_ONCE == RUNS_AT_ONCE
    settings.write_text(SETTINGS.replace("projects: {}", 'projects: {preprodAccountId: "222222222222"}'))
    short = quotas(**{"lambda": {"Concurrent executions": 124}})
    message = examine(healthy(**{"service-quotas": short}))["quotas"].message
    assert "is 124, needed 125 (the template cloner reserves 20 and the deployment trigger reserves 5" in message


def test_quotas_cannot_be_checked_without_settings(settings: Path) -> None:
    settings.unlink()
    finding = examine(healthy())["quotas"]
    assert not finding.fine
    assert "no Pulumi.*.yaml here belongs to analytics-dev" in finding.message


def test_no_launch_makes_more_roles_in_an_account_than_doctor_counts() -> None:
    templates = [json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))]
    roles = [
        [each["Type"] for each in template["Resources"].values()].count("AWS::IAM::Role") for template in templates
    ]
    assert max(roles) <= ROLES_OF_A_PROJECT
