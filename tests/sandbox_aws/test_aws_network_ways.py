"""Functions and jobs in a network of the local AWS reach what their subnets reach, and nothing else."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox_aws.account import Account, allow, trust
from tests.sandbox_aws.networks import EVERYWHERE, Network, function_in, network

CALLER = """
import os, socket
import boto3
from botocore.config import Config

def attempt(call):
    try:
        return "reached" if call() is not None else "nothing"
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def handler(event, context):
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
    def connect():
        with socket.create_connection(("127.0.0.1", int(event["port"])), timeout=2) as connection:
            return connection
    return {
        "ssm": attempt(lambda: boto3.client("ssm", config=config).describe_parameters()),
        "s3": attempt(lambda: boto3.client("s3", config=config).list_buckets()),
        "sagemaker": attempt(lambda: boto3.client("sagemaker", config=config).list_models()),
        "internet": attempt(connect),
    }
"""


@pytest.fixture
def net(dev: Account) -> Network:
    """A network of the test's own."""
    return network(dev)


@pytest.fixture(scope="module")
def listening_port() -> Iterator[int]:
    """A port that something on the internet listens on, as it were."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def reached(dev: Account, name: str, port: int) -> set[str]:
    """Invoke a function and return what it reached."""
    answer = dev.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"port": port}))
    results = json.loads(answer["Payload"].read())
    for result in results.values():
        assert result == "reached" or "would time out" in result or "timed out" in result, results
    return {what for what, result in results.items() if result == "reached"}


def test_a_function_reaches_what_endpoints_of_its_network_lead_to(
    dev: Account, net: Network, listening_port: int
) -> None:
    function_in(net, dev, "endpoints-caller", CALLER)
    assert reached(dev, "endpoints-caller", listening_port) == set()
    net.add_s3_endpoint()
    assert reached(dev, "endpoints-caller", listening_port) == {"s3"}
    net.add_interface_endpoint("ssm")
    net.add_interface_endpoint("sagemaker.api", PrivateDnsEnabled=False)
    assert reached(dev, "endpoints-caller", listening_port) == {"s3", "ssm"}


def test_a_function_reaches_everything_through_a_nat_gateway(dev: Account, net: Network, listening_port: int) -> None:
    net.add_nat_gateway()
    function_in(net, dev, "nat-caller", CALLER)
    assert reached(dev, "nat-caller", listening_port) == {"internet", "s3", "sagemaker", "ssm"}


def test_security_groups_on_both_sides_decide_too(dev: Account, net: Network, listening_port: int) -> None:
    function_in(net, dev, "group-caller", CALLER)
    closed = net.ec2.create_security_group(GroupName="closed", Description="Closed", VpcId=net.vpc)["GroupId"]
    net.add_interface_endpoint("ssm", SecurityGroupIds=[closed])
    assert reached(dev, "group-caller", listening_port) == set()
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    from_members = [{**https, "UserIdGroupPairs": [{"GroupId": net.group}]}]
    net.ec2.authorize_security_group_ingress(GroupId=closed, IpPermissions=from_members)
    assert reached(dev, "group-caller", listening_port) == {"ssm"}
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}]
    net.ec2.revoke_security_group_egress(GroupId=net.group, IpPermissions=everything)
    assert reached(dev, "group-caller", listening_port) == set()


def test_an_internet_gateway_alone_is_no_way_out_without_a_public_address(
    dev: Account, net: Network, listening_port: int
) -> None:
    net.ec2.create_route(RouteTableId=net.table, DestinationCidrBlock=EVERYWHERE, GatewayId=net.internet_gateway)
    function_in(net, dev, "public-caller", CALLER)
    assert reached(dev, "public-caller", listening_port) == set()


def test_a_function_outside_of_a_network_reaches_everything(dev: Account, net: Network, listening_port: int) -> None:
    function_in(net, dev, "free-caller", CALLER)
    outside: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
    dev.client("lambda").update_function_configuration(FunctionName="free-caller", VpcConfig=outside)
    assert reached(dev, "free-caller", listening_port) == {"internet", "s3", "sagemaker", "ssm"}


def test_addresses_that_a_security_group_admits_are_those_of_the_caller(
    dev: Account, net: Network, listening_port: int
) -> None:
    function_in(net, dev, "address-caller", CALLER)
    admitting = net.ec2.create_security_group(GroupName="admits", Description="Admits", VpcId=net.vpc)["GroupId"]
    net.add_interface_endpoint("ssm", SecurityGroupIds=[admitting])
    for cidr, found in (("10.31.0.0/16", set[str]()), ("10.30.1.0/24", {"ssm"})):
        https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": cidr}]}
        net.ec2.authorize_security_group_ingress(GroupId=admitting, IpPermissions=[https])
        assert reached(dev, "address-caller", listening_port) == found


@pytest.mark.parametrize("kind", ["CodeEditor", "JupyterLab"])
def test_an_app_of_studio_needs_a_way_to_sagemaker(kind: str, dev: Account, net: Network) -> None:
    sagemaker = dev.client("sagemaker")
    domain = sagemaker.create_domain(
        DomainName=f"closed-{kind}",
        AuthMode="IAM",
        AppNetworkAccessType="VpcOnly",
        DefaultUserSettings={
            "ExecutionRole": dev.role(f"studio-app-{kind}", trust=trust("sagemaker.amazonaws.com")),
            "SecurityGroups": [net.group],
        },
        VpcId=net.vpc,
        SubnetIds=[net.private],
    )["DomainId"]
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="ada")
    sagemaker.create_space(
        DomainId=domain,
        SpaceName="lab",
        SpaceSettings={"AppType": kind},
        OwnershipSettings={"OwnerUserProfileName": "ada"},
        SpaceSharingSettings={"SharingType": "Private"},
    )

    def start(name: str) -> dict[str, Any]:
        app = {"DomainId": domain, "SpaceName": "lab", "AppType": kind, "AppName": name}
        sagemaker.create_app(**app)
        return sagemaker.describe_app(**app)

    failed = start("stranded")
    assert failed["Status"] == "Failed"
    assert f"{net.private} has no way to sagemaker.api and sagemaker.runtime" in failed["FailureReason"]
    net.add_interface_endpoint("sagemaker.api")
    assert "no way to sagemaker.runtime" in start("half")["FailureReason"]
    net.add_interface_endpoint("sagemaker.runtime")
    assert start("reaching")["Status"] == "InService"
    for name in ("stranded", "half", "reaching"):
        sagemaker.delete_app(DomainId=domain, SpaceName="lab", AppType=kind, AppName=name)
    sagemaker.delete_space(DomainId=domain, SpaceName="lab")
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="ada")
    sagemaker.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": "Delete"})


def test_a_job_in_a_network_needs_a_way_to_s3_even_when_its_container_is_isolated(dev: Account, net: Network) -> None:
    sagemaker = dev.client("sagemaker")
    job: dict[str, Any] = {
        "ProcessingJobName": "stranded",
        "RoleArn": dev.role("stranded-job", allow("*"), trust=trust("sagemaker.amazonaws.com")),
        "AppSpecification": {
            "ImageUri": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/tiny:1",
            "ContainerEntrypoint": ["true"],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "NetworkConfig": {
            "EnableNetworkIsolation": True,
            "VpcConfig": {"Subnets": [net.private], "SecurityGroupIds": [net.group]},
        },
    }

    def outcome(name: str) -> dict[str, Any]:
        sagemaker.create_processing_job(**{**job, "ProcessingJobName": name})
        while True:
            found = sagemaker.describe_processing_job(ProcessingJobName=name)
            if found["ProcessingJobStatus"] != "InProgress":
                return found
            time.sleep(0.05)

    failed = outcome("stranded")
    assert failed["ProcessingJobStatus"] == "Failed"
    assert f"['{net.private}'] have no way to S3" in failed["FailureReason"]
    net.add_s3_endpoint()
    assert outcome("reaching")["ProcessingJobStatus"] == "Completed"
