"""Endpoints of the local AWS serve their models, and fail with AWS's messages when they cannot."""

import contextlib
import re
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import MINUTE, Account, allow, trust
from tests.sandbox_aws.hosting import ACTIONS, IMAGE, Hosting, response, variant
from tests.sandbox_aws.networks import network

REGION_ACCOUNT = "eu-west-1:111111111111"


@pytest.fixture(scope="module")
def hosting(dev: Account) -> Iterator[Hosting]:
    with Hosting.prepare(dev, "endpoints-test") as made:
        made.configuration("twice", made.model("twice", trained={"factor": 2}))
        yield made


def processes_of(endpoint: str) -> list[int]:
    """Return the processes that serve an endpoint."""
    found: list[int] = []
    for process in psutil.process_iter(["cmdline"]):
        # Any process may end while it is looked at.
        with contextlib.suppress(psutil.NoSuchProcess):
            if "supervised" in str(process.info) and process.environ().get("ENDPOINT_NAME") == endpoint:
                found.append(process.pid)
    return found


def test_an_endpoint_answers_with_its_model_until_it_is_deleted(hosting: Hosting) -> None:
    found = hosting.endpoint("answering", "twice")
    assert found["EndpointStatus"] == "InService", found
    answer = hosting.invoke("answering", "1,2,3")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"12", "text/csv")
    assert answer["InvokedProductionVariant"] == "twice"
    assert len(processes_of("answering")) == 1
    hosting.sagemaker.delete_endpoint(EndpointName="answering")
    hosting.gone("answering")
    assert processes_of("answering") == []


def test_an_endpoint_is_described_as_on_aws(hosting: Hosting) -> None:
    arn = hosting.sagemaker.create_endpoint(
        EndpointName="Described", EndpointConfigName="twice", Tags=[{"Key": "team", "Value": "a"}]
    )["EndpointArn"]
    creating = hosting.sagemaker.describe_endpoint(EndpointName="Described")
    assert creating["EndpointStatus"] == "Creating"
    assert creating["PendingDeploymentSummary"]["EndpointConfigName"] == "twice"
    found = hosting.settled("Described")
    assert arn == f"arn:aws:sagemaker:{REGION_ACCOUNT}:endpoint/described"
    assert (found["EndpointArn"], found["EndpointConfigName"]) == (arn, "twice")
    assert "PendingDeploymentSummary" not in found
    [shown] = found["ProductionVariants"]
    assert (shown["VariantName"], shown["CurrentWeight"], shown["CurrentInstanceCount"]) == ("twice", 1.0, 1)
    assert shown["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert hosting.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]


def test_a_model_runs_with_its_roles_credentials(hosting: Hosting) -> None:
    logs = hosting.account.client("logs")
    hosting.endpoint("talking", "twice")
    hosting.invoke("talking")
    hosting.sagemaker.delete_endpoint(EndpointName="talking")
    hosting.gone("talking")
    events = logs.filter_log_events(logGroupName="/aws/sagemaker/Endpoints/talking")["events"]
    assert "answered credentials" in [event["message"] for event in events]


def test_an_isolated_model_has_no_credentials(hosting: Hosting) -> None:
    hosting.configuration("isolated", hosting.model("isolated", EnableNetworkIsolation=True))
    hosting.endpoint("isolated", "isolated")
    hosting.invoke("isolated")
    hosting.sagemaker.delete_endpoint(EndpointName="isolated")
    hosting.gone("isolated")
    events = hosting.account.client("logs").filter_log_events(logGroupName="/aws/sagemaker/Endpoints/isolated")
    assert "answered isolated" in [event["message"] for event in events["events"]]


def test_a_model_that_cannot_be_loaded_fails_its_endpoint(hosting: Hosting) -> None:
    hosting.configuration("broken", hosting.model("broken", trained={"broken": True}))
    found = hosting.endpoint("broken", "broken")
    assert found["EndpointStatus"] == "Failed"
    assert found["FailureReason"] == (
        "The primary container for production variant broken did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
    events = hosting.account.client("logs").filter_log_events(logGroupName="/aws/sagemaker/Endpoints/broken")["events"]
    assert any("this model cannot be loaded" in event["message"] for event in events)
    assert processes_of("broken") == []
    with pytest.raises(ClientError, match="Endpoint broken of account 111111111111 not found"):
        hosting.invoke("broken")
    hosting.sagemaker.delete_endpoint(EndpointName="broken")
    hosting.gone("broken")


def test_a_container_that_answers_its_health_check_with_an_error_until_the_time_is_over_fails_its_endpoint(
    hosting: Hosting,
) -> None:
    unhealthy = variant(
        hosting.model("unhealthy", trained={"unhealthy": True}), ContainerStartupHealthCheckTimeoutInSeconds=120
    )
    hosting.configuration("unhealthy", ProductionVariants=[unhealthy])
    before = time.monotonic()
    found = hosting.endpoint("unhealthy", "unhealthy")
    assert found["EndpointStatus"] == "Failed"
    assert "unhealthy did not pass the ping health check" in found["FailureReason"]
    assert time.monotonic() - before >= 2 * MINUTE
    assert processes_of("unhealthy") == []


def test_an_artifact_that_was_deleted_after_the_model_was_created_fails_the_endpoint(hosting: Hosting) -> None:
    hosting.configuration("vanished", hosting.model("vanished"))
    hosting.account.client("s3").delete_object(Bucket=hosting.bucket, Key="vanished/model.tar.gz")
    found = hosting.endpoint("vanished", "vanished")
    assert found["EndpointStatus"] == "Failed"
    assert found["FailureReason"].startswith(
        'Failed to download model data for container "container_1" from URL: "s3://'
    )


def test_a_role_that_may_not_pull_the_image_fails_the_endpoint(hosting: Hosting) -> None:
    weak = hosting.account.role(
        "endpoints-weak",
        allow("s3:GetObject", f"arn:aws:s3:::{hosting.bucket}/*"),
        trust=trust("sagemaker.amazonaws.com"),
    )
    hosting.configuration("imageless", hosting.model("imageless", ExecutionRoleArn=weak))
    found = hosting.endpoint("imageless", "imageless")
    assert found["FailureReason"] == (
        f"The role '{weak}' does not have BatchGetImage permission for the image: '{IMAGE}'."
    )


def test_a_model_in_a_network_needs_the_roles_permission_for_it_and_a_way_to_s3(hosting: Hosting) -> None:
    net = network(hosting.account)
    vpc = {"Subnets": [net.private], "SecurityGroupIds": [net.group]}
    hosting.configuration("networked", hosting.model("networked", VpcConfig=vpc, EnableNetworkIsolation=True))
    found = hosting.endpoint("networked", "networked")
    assert found["EndpointStatus"] == "Failed"
    assert "ec2:CreateNetworkInterface" in found["FailureReason"]

    allowed = hosting.account.role(
        "endpoints-networked",
        allow([*ACTIONS, "ec2:*"]),
        allow("s3:GetObject", f"arn:aws:s3:::{hosting.bucket}/*"),
        trust=trust("sagemaker.amazonaws.com"),
    )
    isolated = {"VpcConfig": vpc, "EnableNetworkIsolation": True, "ExecutionRoleArn": allowed}
    hosting.configuration("stranded", hosting.model("stranded", **isolated))
    found = hosting.endpoint("stranded", "stranded")
    assert (found["EndpointStatus"], "no way to S3" in found["FailureReason"]) == ("Failed", True)
    net.add_s3_endpoint()
    hosting.configuration("reaching", hosting.model("reaching", **isolated))
    assert hosting.endpoint("reaching", "reaching")["EndpointStatus"] == "InService"
    held = ("DependencyViolation", f"The subnet '{net.private}' has dependencies and cannot be deleted.")
    with pytest.raises(ClientError) as refused:
        net.ec2.delete_subnet(SubnetId=net.private)
    assert (refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]) == held


@pytest.mark.parametrize("linked", [False, True], ids=["may not", "may"])
def test_the_service_makes_its_own_role_for_an_endpoint_in_a_vpc_if_the_caller_may(
    linked: bool, hosting: Hosting, dev: Account
) -> None:
    service, role = "inference.sagemaker.amazonaws.com", "AWSServiceRoleForSageMakerInference"
    with contextlib.suppress(ClientError):
        dev.client("iam").delete_service_linked_role(RoleName=role)
    name = f"linked-{linked}".lower()
    network = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    hosting.configuration(name, hosting.model(name, VpcConfig=network))
    when = {"StringEquals": {"iam:AWSServiceName": service}}
    grants = [allow("sagemaker:*"), *([allow("iam:CreateServiceLinkedRole", when=when)] * linked)]
    caller = dev.client("sagemaker", dev.assume(dev.role(f"endpoints-{name}", *grants)))
    caller.create_endpoint(EndpointName=name, EndpointConfigName=name)
    paths = {found["RoleName"]: found["Path"] for found in dev.client("iam").list_roles()["Roles"]}
    assert paths.get(role) == (f"/aws-service-role/{service}/" if linked else None)
    hosting.settled(name)


def test_a_model_is_refused_where_aws_refuses_it(hosting: Hosting) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{hosting.bucket}/nothing/model.tar.gz"}
    refusals: dict[str, dict[str, Any]] = {
        "Cannot create already existing model": {"ModelName": "twice"},
        "Could not find model data at s3://": {"PrimaryContainer": container},
        "Requested image .*tiny:2 not found": {"PrimaryContainer": {**container, "Image": f"{IMAGE[:-1]}2"}},
        "Could not assume role": {"ExecutionRoleArn": "arn:aws:iam::111111111111:role/does-not-exist"},
        "does not emulate CreateModel with Containers": {"Containers": [container]},
    }
    for message, changes in refusals.items():
        with pytest.raises(ClientError, match=message):
            hosting.model("refused", **changes)


def test_a_role_that_may_not_read_the_artifact_is_refused_for_the_model(hosting: Hosting) -> None:
    blind = hosting.account.role("endpoints-blind", allow(ACTIONS), trust=trust("sagemaker.amazonaws.com"))
    with pytest.raises(ClientError, match=r"Could not access model data at s3://.*s3:GetObject") as refused:
        hosting.model("unreadable", ExecutionRoleArn=blind)
    assert response(refused)["Error"]["Code"] == "ValidationException"


def test_a_configuration_is_refused_where_aws_refuses_it(hosting: Hosting) -> None:
    refusals: dict[str, dict[str, Any]] = {
        'Could not find model "arn:aws:sagemaker:.*:model/unknown"': {"ProductionVariants": [variant("unknown")]},
        "Cannot create already existing endpoint configuration": {"EndpointConfigName": "twice"},
        "must be unique": {"ProductionVariants": [variant("twice"), variant("twice")]},
        "does not emulate CreateEndpointConfig with ServerlessConfig": {
            "ProductionVariants": [variant("twice", ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 1})]
        },
        "does not emulate CreateEndpointConfig with InstancePools": {
            "ProductionVariants": [variant("twice", InstancePools=[{"InstanceType": "ml.m5.large", "Priority": 1}])]
        },
        "InstanceType is required": {"ProductionVariants": [variant("twice", InstanceType=None)]},
        "KMS key .* does not exist": {"KmsKeyId": "00000000-0000-0000-0000-000000000000"},
    }
    for message, changes in refusals.items():
        with pytest.raises(ClientError, match=message):
            hosting.configuration("refused", "twice", **changes)


def test_an_endpoint_is_refused_where_aws_refuses_it(hosting: Hosting) -> None:
    sagemaker = hosting.sagemaker
    hosting.endpoint("there", "twice")
    with pytest.raises(ClientError, match=r'Cannot create already existing endpoint "arn:.*:endpoint/there"'):
        sagemaker.create_endpoint(EndpointName="there", EndpointConfigName="twice")
    with pytest.raises(ClientError, match=r'Could not find endpoint configuration "arn:.*/unknown"'):
        sagemaker.create_endpoint(EndpointName="refused", EndpointConfigName="unknown")
    for call in (sagemaker.describe_endpoint, sagemaker.delete_endpoint):
        with pytest.raises(ClientError, match=r'Could not find endpoint "arn:.*:endpoint/refused"') as refused:
            call(EndpointName="refused")
        assert response(refused)["Error"]["Code"] == "ValidationException"
    sagemaker.create_endpoint(EndpointName="starting", EndpointConfigName="twice")
    with pytest.raises(ClientError, match=r'Cannot update in-progress endpoint "arn:.*:endpoint/starting"'):
        sagemaker.delete_endpoint(EndpointName="starting")
    hosting.settled("starting")


def test_encrypted_volumes_need_the_callers_permission_to_create_a_grant(hosting: Hosting) -> None:
    key = hosting.account.client("kms").create_key()["KeyMetadata"]["Arn"]
    hosting.configuration("encrypted", "twice", KmsKeyId=key)
    role = hosting.account.role("endpoints-keyless", allow("sagemaker:*"))
    limited = hosting.account.client("sagemaker", hosting.account.assume(role))
    with pytest.raises(ClientError, match="kms:CreateGrant"):
        limited.create_endpoint(EndpointName="encrypted", EndpointConfigName="encrypted")
    assert hosting.endpoint("encrypted", "encrypted")["EndpointStatus"] == "InService"


def test_lists_are_filtered_sorted_and_paged(hosting: Hosting) -> None:
    sagemaker = hosting.sagemaker
    for name in ("list-c", "list-a", "list-b"):
        hosting.configuration(name, "twice")
    first = sagemaker.list_endpoint_configs(NameContains="list-", SortBy="Name", SortOrder="Ascending", MaxResults=2)
    assert [found["EndpointConfigName"] for found in first["EndpointConfigs"]] == ["list-a", "list-b"]
    rest = sagemaker.list_endpoint_configs(
        NameContains="list-", SortBy="Name", SortOrder="Ascending", MaxResults=2, NextToken=first["NextToken"]
    )
    assert [found["EndpointConfigName"] for found in rest["EndpointConfigs"]] == ["list-c"]
    assert "NextToken" not in rest
    newest = sagemaker.list_endpoint_configs(NameContains="list-")["EndpointConfigs"]
    assert [found["EndpointConfigName"] for found in newest] == ["list-b", "list-a", "list-c"]
    assert [found["ModelName"] for found in sagemaker.list_models(NameContains="twi")["Models"]] == ["twice"]
    assert sagemaker.list_endpoints(StatusEquals="Deleting")["Endpoints"] == []


def test_a_model_and_a_configuration_can_be_deleted_once(hosting: Hosting) -> None:
    sagemaker = hosting.sagemaker
    hosting.configuration("passing", hosting.model("passing"))
    assert sagemaker.describe_model(ModelName="passing")["PrimaryContainer"]["Mode"] == "SingleModel"
    assert sagemaker.describe_endpoint_config(EndpointConfigName="passing")["ProductionVariants"][0]["ModelName"]
    sagemaker.delete_endpoint_config(EndpointConfigName="passing")
    sagemaker.delete_model(ModelName="passing")
    with pytest.raises(ClientError, match=r'Could not find endpoint configuration "arn:.*/passing"'):
        sagemaker.delete_endpoint_config(EndpointConfigName="passing")
    with pytest.raises(ClientError, match=r'Could not find model "arn:.*/passing"'):
        sagemaker.delete_model(ModelName="passing")


def test_accounts_do_not_see_each_others_endpoints(hosting: Hosting, prod: Account) -> None:
    hosting.endpoint("own", "twice")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        prod.client("sagemaker").describe_endpoint(EndpointName="own")
    with pytest.raises(ClientError, match="Endpoint own of account 333333333333 not found"):
        prod.client("sagemaker-runtime").invoke_endpoint(EndpointName="own", Body=b"1")


def test_a_container_that_dies_is_started_again(hosting: Hosting) -> None:
    hosting.endpoint("dying", "twice")
    [process] = processes_of("dying")
    psutil.Process(process).kill()
    # The container may already have been started again.
    answers: list[str] = []
    try:
        answers.append(hosting.invoke("dying")["Body"].read().decode())
    except ClientError as error:
        answers.append(str(error))
    assert re.search(r"^6$|Received server error \(0\) from primary", answers[0])

    def answers_again() -> bool:
        # As on SageMaker, requests fail while it starts.
        with contextlib.suppress(ClientError):
            return hosting.number("dying") == 6
        return False

    hosting.wait_for(lambda: processes_of("dying") not in ([], [process]) and answers_again())
    assert len(processes_of("dying")) == 1
