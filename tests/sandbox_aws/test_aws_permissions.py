"""Permissions that MiniStack does not check and AWS does: passing roles, boundaries, keys, roles of stacks."""

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account, Credentials, allow, document, trust

BOUNDARY = "arn:aws:iam::111111111111:policy/permissions-boundary"


def function_code() -> bytes:
    """A function's archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context):\n    return event\n")
    return buffer.getvalue()


def create_function(account: Account, who: Credentials, name: str, role: str) -> None:
    account.client("lambda", who).create_function(
        FunctionName=name, Runtime="python3.12", Handler="handler.handler", Role=role, Code={"ZipFile": function_code()}
    )


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    """Return code and message of the error that a call ends with."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error: Any = raised.value.response.get("Error")
    return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def boundary(dev: Account) -> str:
    dev.client("iam").create_policy(PolicyName="permissions-boundary", PolicyDocument=document(allow("*")))
    return BOUNDARY


@pytest.fixture(scope="module")
def function_role(dev: Account) -> str:
    return dev.role("permissions-function", trust=trust("lambda.amazonaws.com"))


def test_a_function_cannot_be_given_a_role_that_its_maker_may_not_pass(dev: Account, function_role: str) -> None:
    maker = dev.assume(dev.role("permissions-maker", allow("lambda:CreateFunction")))
    answer = refusal(create_function, account=dev, who=maker, name="unpassed", role=function_role)
    assert answer[0] == "AccessDeniedException"
    assert f"iam:PassRole on resource: {function_role}" in answer[1]


def test_a_role_is_passed_only_to_the_service_that_the_policy_names(dev: Account, function_role: str) -> None:
    to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    create = allow("lambda:CreateFunction")
    wrong = dev.assume(dev.role("permissions-wrong", create, allow("iam:PassRole", function_role, to_sagemaker)))
    right = dev.assume(dev.role("permissions-right", create, allow("iam:PassRole", function_role, to_lambda)))
    assert refusal(create_function, account=dev, who=wrong, name="passed", role=function_role)[0] == (
        "AccessDeniedException"
    )
    create_function(dev, right, "passed", function_role)
    assert dev.client("lambda").get_function(FunctionName="passed")["Configuration"]["Role"] == function_role


def test_a_role_that_does_not_trust_lambda_makes_no_function(dev: Account) -> None:
    role = dev.role("permissions-strange", trust=trust("ec2.amazonaws.com"))
    answer = refusal(create_function, account=dev, who=Credentials(dev.number), name="strange", role=role)
    assert answer == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )


def test_a_function_that_exists_keeps_running_as_its_own_role(dev: Account, function_role: str) -> None:
    create_function(dev, Credentials(dev.number), "echo", function_role)
    answer = dev.client("lambda").invoke(FunctionName="echo", Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"a": 1}


def test_roles_are_made_and_changed_only_under_the_boundary_that_the_policy_demands(
    dev: Account, boundary: str
) -> None:
    bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    who = dev.assume(dev.role("permissions-bounded", allow(["iam:CreateRole", "iam:PutRolePolicy"], "*", bounded)))
    iam = dev.client("iam", who)
    trusted = document(trust("lambda.amazonaws.com"))
    assert refusal(iam.create_role, RoleName="free", AssumeRolePolicyDocument=trusted)[0] == "AccessDenied"
    iam.create_role(RoleName="tied", AssumeRolePolicyDocument=trusted, PermissionsBoundary=boundary)
    policy = {"PolicyName": "all", "PolicyDocument": document(allow("s3:GetObject"))}
    iam.put_role_policy(RoleName="tied", **policy)
    dev.client("iam").create_role(RoleName="untied", AssumeRolePolicyDocument=trusted)
    assert refusal(iam.put_role_policy, RoleName="untied", **policy)[0] == "AccessDenied"


def test_reading_an_encrypted_object_takes_its_key_as_well(dev: Account) -> None:
    key = dev.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = dev.client("s3")
    s3.create_bucket(Bucket="permissions-kms", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="permissions-kms", Key="a", Body=b"a", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    read = allow("s3:GetObject", "arn:aws:s3:::permissions-kms/*")
    through_s3 = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    without = dev.assume(dev.role("permissions-without-key", read))
    granted = dev.assume(dev.role("permissions-with-key", read, allow("kms:Decrypt", key, through_s3)))
    answer = refusal(dev.client("s3", without).get_object, Bucket="permissions-kms", Key="a")
    assert answer[0] == "AccessDenied"
    assert f"kms:Decrypt on resource: {key}" in answer[1]
    assert dev.client("s3", granted).get_object(Bucket="permissions-kms", Key="a")["Body"].read() == b"a"
    assert refusal(dev.client("s3", granted).put_object, Bucket="permissions-kms", Key="b", Body=b"b")[0] == (
        "AccessDenied"
    )


def test_a_stack_is_made_with_its_roles_permissions_and_no_others(dev: Account) -> None:
    role = dev.role(
        "permissions-stack",
        allow(["ssm:PutParameter", "ssm:GetParameters"]),
        trust=trust("cloudformation.amazonaws.com"),
    )
    cloudformation = dev.client("cloudformation")
    resources = {
        "Allowed": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/stack/a", "Type": "String", "Value": "a"}},
        "Denied": {
            "Type": "AWS::S3::Bucket",
            "DependsOn": "Allowed",
            "Properties": {"BucketName": "permissions-stack-bucket"},
        },
    }
    cloudformation.create_stack(
        StackName="by-role", TemplateBody=json.dumps({"Resources": resources}), RoleARN=role, DisableRollback=True
    )
    events = _events_of(dev, "by-role")
    assert events["Allowed"][0] == "CREATE_COMPLETE"
    assert events["Denied"][0] == "CREATE_FAILED"
    assert "s3:CreateBucket on resource: arn:aws:s3:::permissions-stack-bucket" in events["Denied"][1]


def test_a_bucket_with_tags_is_made_only_by_a_role_that_may_tag_it(dev: Account) -> None:
    enough = ["s3:CreateBucket", "s3:GetBucketAcl", "s3:ListBucket", "s3:PutBucketTagging"]
    role = dev.role("permissions-tags", allow(enough), trust=trust("cloudformation.amazonaws.com"))
    properties = {"BucketName": "permissions-tagged", "Tags": [{"Key": "a", "Value": "b"}]}
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}}}
    dev.client("cloudformation").create_stack(
        StackName="tagged", TemplateBody=json.dumps(template), RoleARN=role, DisableRollback=True
    )
    status, reason = _events_of(dev, "tagged")["Bucket"]
    assert status == "CREATE_FAILED"
    assert "s3:TagResource on resource: arn:aws:s3:::permissions-tagged" in reason


def test_a_resource_that_the_sandbox_would_make_only_in_part_is_refused(dev: Account) -> None:
    properties = {"BucketName": "partial-bucket", "ObjectLockEnabled": True}
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}}}
    dev.client("cloudformation").create_stack(
        StackName="partial", TemplateBody=json.dumps(template), DisableRollback=True
    )
    assert _events_of(dev, "partial")["Bucket"] == (
        "CREATE_FAILED",
        "the sandbox does not emulate ObjectLockEnabled of the CloudFormation type AWS::S3::Bucket",
    )


def test_requests_are_checked_against_the_service_model(dev: Account) -> None:
    sagemaker = dev.client("sagemaker")
    code, message = refusal(sagemaker.create_model_package_group, ModelPackageGroupName="not valid")
    assert code == "ValidationException"
    assert message == (
        "1 validation error detected: Value 'not valid' at 'modelPackageGroupName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )
    assert refusal(sagemaker.list_labeling_jobs) == (
        "NotEmulatedBySandbox",
        "the sandbox does not emulate sagemaker:ListLabelingJobs",
    )


def test_studio_credentials_are_those_of_the_profiles_role_and_its_decisions_are_recorded(
    dev: Account,
) -> None:
    role = dev.role("permissions-studio", allow("sagemaker:ListDomains"), trust=trust("sagemaker.amazonaws.com"))
    domain = dev.domain("studio", role, "10.9", "ada")
    who = dev.studio(domain, "ada")
    assert [item["DomainId"] for item in dev.client("sagemaker", who).list_domains()["Domains"]] == [domain]
    assert refusal(dev.client("sagemaker", who).list_pipelines)[0] == "AccessDeniedException"
    assert dev.page("permissions")[role] == [
        {"action": "sagemaker:ListDomains", "resource": "*", "allowed": True},
        {"action": "sagemaker:ListPipelines", "resource": "*", "allowed": False},
    ]


def _events_of(account: Account, stack: str) -> dict[str, tuple[str, str]]:
    """Once a stack is at rest: the last status of every resource, with the reason."""
    import time

    cloudformation = account.client("cloudformation")
    deadline = time.monotonic() + 20
    while cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"].endswith("IN_PROGRESS"):
        assert time.monotonic() < deadline, f"{stack} does not come to rest"
        time.sleep(0.05)
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return {
        event["LogicalResourceId"]: (event["ResourceStatus"], event.get("ResourceStatusReason", ""))
        for event in reversed(events)
    }


def test_a_function_joins_a_network_only_if_its_role_may(dev: Account) -> None:
    ec2 = dev.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    network = {
        "SubnetIds": [ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]],
        "SecurityGroupIds": [ec2.create_security_group(GroupName="joins", Description="test", VpcId=vpc)["GroupId"]],
    }
    interfaces = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"]
    poor = dev.role("permissions-poor", trust=trust("lambda.amazonaws.com"))
    able = dev.role("permissions-able", allow(interfaces), trust=trust("lambda.amazonaws.com"))
    function = {"Runtime": "python3.12", "Handler": "handler.handler", "Code": {"ZipFile": function_code()}}
    create = dev.client("lambda").create_function
    assert refusal(create, FunctionName="poor", Role=poor, VpcConfig=network, **function) == (
        "InvalidParameterValueException",
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
    )
    created = create(FunctionName="able", Role=able, VpcConfig=network, **function)
    assert created["VpcConfig"]["SubnetIds"] == network["SubnetIds"]


def test_endpoints_gateways_and_flow_logs_are_described_as_they_were_requested(dev: Account) -> None:
    ec2 = dev.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="described", Description="test", VpcId=vpc)["GroupId"]
    policy = document(allow("kms:Decrypt"))
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.eu-west-1.kms",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
        PolicyDocument=policy,
        PrivateDnsEnabled=True,
    )["VpcEndpoint"]["VpcEndpointId"]
    described = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
    assert described["PolicyDocument"] == policy
    assert described["PrivateDnsEnabled"] is True
    assert [found["GroupId"] for found in described["Groups"]] == [group]

    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    addresses = ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["NatGatewayAddresses"]
    assert [found["AllocationId"] for found in addresses] == [address]

    role = dev.role("permissions-flow-logs", trust=trust("vpc-flow-logs.amazonaws.com"))
    flow_log = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="flows",
        DeliverLogsPermissionArn=role,
        MaxAggregationInterval=60,
        TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "unit", "Value": "test"}]}],
    )["FlowLogIds"][0]
    found = ec2.describe_flow_logs(FlowLogIds=[flow_log])["FlowLogs"][0]
    assert found["DeliverLogsPermissionArn"] == role
    assert found["MaxAggregationInterval"] == 60
    assert found["Tags"] == [{"Key": "unit", "Value": "test"}]


@pytest.mark.parametrize("by_boundary", [False, True])
def test_policies_recognize_a_key_by_its_tags(dev: Account, *, by_boundary: bool) -> None:
    others = {
        "Null": {"aws:ResourceTag/unit": "false"},
        "StringNotEquals": {"aws:ResourceTag/unit": "analytics"},
    }
    denial = {"Sid": "Others", "Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": others}
    name = f"permissions-tags-{'boundary' if by_boundary else 'policy'}"
    limit = None
    if by_boundary:
        text = document(allow("*"), denial)
        limit = dev.client("iam").create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"]
    statements = [allow("kms:*"), *([] if by_boundary else [denial])]
    kms = dev.client("kms", dev.assume(dev.role(name, *statements, boundary=limit)))
    own, foreign, untagged = (
        dev.client("kms").create_key(Tags=tags)["KeyMetadata"]["KeyId"]
        for tags in (
            [{"TagKey": "unit", "TagValue": "analytics"}],
            [{"TagKey": "unit", "TagValue": "retail"}],
            list[dict[str, str]](),
        )
    )

    kms.generate_data_key(KeyId=own, KeySpec="AES_256")
    kms.generate_data_key(KeyId=untagged, KeySpec="AES_256")
    for call in (kms.schedule_key_deletion, kms.describe_key):
        assert refusal(call, KeyId=foreign)[0] == "AccessDeniedException"


@pytest.mark.parametrize("by_boundary", [False, True])
def test_policies_recognize_a_security_group_by_its_tags(dev: Account, *, by_boundary: bool) -> None:
    denial = {
        "Sid": "Others",
        "Effect": "Deny",
        "Action": "ec2:DeleteSecurityGroup",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:ResourceTag/unit": "analytics"}},
    }
    name = f"permissions-group-tags-{'boundary' if by_boundary else 'policy'}"
    limit = None
    if by_boundary:
        text = document(allow("*"), denial)
        limit = dev.client("iam").create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"]
    statements = [allow("ec2:DeleteSecurityGroup"), *([] if by_boundary else [denial])]
    ec2 = dev.client("ec2", dev.assume(dev.role(name, *statements, boundary=limit)))
    own, foreign, untagged = (
        dev.client("ec2").create_security_group(
            GroupName=f"{name}-{unit}",
            Description="x",
            TagSpecifications=[{"ResourceType": "security-group", "Tags": [{"Key": "unit", "Value": unit}]}]
            if unit
            else [],
        )["GroupId"]
        for unit in ("analytics", "retail", "")
    )

    ec2.delete_security_group(GroupId=own)
    for group in (foreign, untagged):
        assert refusal(ec2.delete_security_group, GroupId=group)[0] == "UnauthorizedOperation"


def test_a_key_gets_an_alias_only_with_permission_on_that_key(dev: Account) -> None:
    keys = [dev.client("kms").create_key()["KeyMetadata"] for _ in range(2)]
    names = "arn:aws:kms:eu-west-1:111111111111:alias/permissions-*"
    who = dev.role("permissions-aliases", allow(["kms:CreateAlias", "kms:UpdateAlias"], [names, keys[0]["Arn"]]))
    kms = dev.client("kms", dev.assume(who))

    kms.create_alias(AliasName="alias/permissions-mine", TargetKeyId=keys[0]["KeyId"])
    for call, name in ((kms.create_alias, "alias/permissions-theirs"), (kms.update_alias, "alias/permissions-mine")):
        code, message = refusal(call, AliasName=name, TargetKeyId=keys[1]["KeyId"])
        assert (code, keys[1]["Arn"] in message) == ("AccessDeniedException", True)


def test_a_roles_path_is_part_of_its_name_to_a_policy(dev: Account) -> None:
    who = dev.role("permissions-paths", allow("iam:CreateRole", "arn:aws:iam::111111111111:role/permissions-made-*"))
    iam = dev.client("iam", dev.assume(who))
    any_principal = document(
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )

    iam.create_role(RoleName="permissions-made-here", AssumeRolePolicyDocument=any_principal)
    refused = refusal(
        iam.create_role, RoleName="permissions-made-there", Path="/elsewhere/", AssumeRolePolicyDocument=any_principal
    )
    assert refused[0] == "AccessDenied"


def test_a_budget_is_changed_and_viewed_with_the_actions_that_aws_has_for_them(dev: Account) -> None:
    own = "arn:aws:budgets::111111111111:budget/own-*"
    changes = dev.client(
        "budgets", dev.assume(dev.role("permissions-budget-changer", allow("budgets:ModifyBudget", own)))
    )
    views = dev.client("budgets", dev.assume(dev.role("permissions-budget-viewer", allow("budgets:ViewBudget", own))))
    limit = {"Amount": "100", "Unit": "USD"}
    budget = {"BudgetName": "own-month", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    changes.create_budget(AccountId="111111111111", Budget=budget)
    changes.update_budget(AccountId="111111111111", NewBudget=budget)
    which = {"AccountId": "111111111111", "BudgetName": "own-month"}
    assert views.describe_budget(**which)["Budget"]["BudgetLimit"] == limit
    assert "budgets:ViewBudget" in refusal(changes.describe_budget, **which)[1]
    assert "budgets:ModifyBudget" in refusal(views.delete_budget, **which)[1]
    another = {**budget, "BudgetName": "another-month"}
    assert refusal(changes.create_budget, AccountId="111111111111", Budget=another)[0] == "AccessDeniedException"


def test_events_of_a_log_are_written_to_the_streams_that_a_policy_names(dev: Account) -> None:
    group = "/aws/sagemaker/TrainingJobs"
    streams = f"arn:aws:logs:eu-west-1:111111111111:log-group:{group}:log-stream:pipelines-*"
    opening = allow(["logs:CreateLogGroup", "logs:CreateLogStream"])
    logs = dev.client("logs", dev.assume(dev.role("log-writer", opening, allow("logs:PutLogEvents", streams))))
    logs.create_log_group(logGroupName=group)
    event = [{"timestamp": 1, "message": "epoch 1"}]
    for stream in ("pipelines-x-Train", "train-of-ada"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(logGroupName=group, logStreamName="pipelines-x-Train", logEvents=event)
    refused = refusal(logs.put_log_events, logGroupName=group, logStreamName="train-of-ada", logEvents=event)
    assert refused[0] == "AccessDeniedException"
