"""Rollbacks of updates that fail themselves, and how such a stack is brought back by hand."""

import json
from collections.abc import Mapping
from typing import Any

from tests.sandbox_aws.account import Account, allow, document
from tests.sandbox_aws.test_aws_functions import create as create_function
from tests.sandbox_aws.test_aws_permissions import refusal
from tests.sandbox_aws.test_aws_stacks import at_rest

REFUSING = {
    "handler.py": """
import json
import os
import urllib.request

def handler(event, context):
    refused = event["RequestType"] == "Update" and os.environ.get("REFUSES") == "yes"
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "FAILED" if refused else "SUCCESS", "Reason": "no access", "PhysicalResourceId": "x"}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request)
""",
}


def asked(stack: str, value: str) -> dict[str, Any]:
    """The request that gives a stack this value."""
    properties = {"ServiceToken": f"arn:aws:lambda:eu-west-1:111111111111:function:{stack}", "Value": {"Ref": "Value"}}
    template: Mapping[str, Any] = {
        "Parameters": {"Value": {"Type": "String"}},
        "Resources": {"Check": {"Type": "Custom::Check", "Properties": properties}},
    }
    parameters = [{"ParameterKey": "Value", "ParameterValue": value}]
    return {"StackName": stack, "TemplateBody": json.dumps(template), "Parameters": parameters}


def refuses(account: Account, stack: str, answer: str) -> None:
    """Let the function of a stack refuse updates, or not."""
    functions = account.client("lambda")
    functions.update_function_configuration(FunctionName=stack, Environment={"Variables": {"REFUSES": answer}})


def failed(account: Account, name: str) -> str:
    """Return the id of a stack whose rollback failed."""
    stacks = account.client("cloudformation")
    create_function(account, name, "handler.handler", REFUSING)
    made: str = stacks.create_stack(**asked(name, "first"))["StackId"]
    assert at_rest(account, made)["StackStatus"] == "CREATE_COMPLETE"
    refuses(account, name, "yes")
    stacks.update_stack(**asked(name, "second"))
    found = at_rest(account, made)
    assert (found["StackStatus"], "[Check]" in found["StackStatusReason"]) == ("UPDATE_ROLLBACK_FAILED", True)
    return made


def test_a_rollback_that_failed_is_continued_once_its_cause_is_gone_and_the_stack_takes_updates_again(
    dev: Account,
) -> None:
    stacks, made = dev.client("cloudformation"), failed(dev, "continued")
    code, message = refusal(stacks.update_stack, **asked("continued", "third"))
    assert code == "ValidationError"
    assert "UPDATE_ROLLBACK_FAILED state" in message

    stacks.continue_update_rollback(StackName="continued")
    assert at_rest(dev, made)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"

    refuses(dev, "continued", "no")
    stacks.continue_update_rollback(StackName="continued")
    found = at_rest(dev, made)
    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert found["Parameters"] == [{"ParameterKey": "Value", "ParameterValue": "first"}]
    assert refusal(stacks.continue_update_rollback, StackName="continued")[0] == "ValidationError"
    stacks.update_stack(**asked("continued", "third"))
    assert at_rest(dev, made)["StackStatus"] == "UPDATE_COMPLETE"


def test_a_resource_that_cannot_be_rolled_back_is_skipped_on_request(dev: Account) -> None:
    stacks, made = dev.client("cloudformation"), failed(dev, "skipped")
    assert refusal(stacks.continue_update_rollback, StackName="skipped", ResourcesToSkip=["Other"])[0] == (
        "ValidationError"
    )
    stacks.continue_update_rollback(StackName="skipped", ResourcesToSkip=["Check"])
    assert at_rest(dev, made)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_rollback_is_continued_with_the_permissions_of_who_asks(dev: Account) -> None:
    made = failed(dev, "permitted")
    refuses(dev, "permitted", "no")
    updater = dev.role("rollbacks-updater", allow(["cloudformation:UpdateStack", "lambda:InvokeFunction"]))
    client = dev.client("cloudformation", dev.assume(updater))
    assert refusal(client.continue_update_rollback, StackName="permitted")[0] == "AccessDenied"
    powerless = dev.role("rollbacks-powerless", allow("cloudformation:ContinueUpdateRollback"))
    dev.client("cloudformation", dev.assume(powerless)).continue_update_rollback(StackName="permitted")
    assert at_rest(dev, made)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    able = dev.role("rollbacks-able", allow(["cloudformation:ContinueUpdateRollback", "lambda:InvokeFunction"]))
    dev.client("cloudformation", dev.assume(able)).continue_update_rollback(StackName="permitted")
    assert at_rest(dev, made)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


HALF_MADE = {
    "handler.py": """
import json
import urllib.request
import boto3

def handler(event, context):
    ssm = boto3.client("ssm")
    kind, name = event["RequestType"], event["ResourceProperties"]["Name"]
    if kind == "Create":
        ssm.put_parameter(Name=name, Value="half made", Type="String")
    else:
        ssm.delete_parameter(Name=event["PhysicalResourceId"])
        status = boto3.client("cloudformation").describe_stacks(StackName=event["StackId"])["Stacks"][0]["StackStatus"]
        ssm.put_parameter(Name=f"{name}-deleted-in", Value=status, Type="String")
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "FAILED" if kind == "Create" else "SUCCESS", "Reason": "half made", "PhysicalResourceId": name}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request)
""",
}


def test_a_custom_resource_whose_creation_failed_is_deleted_in_the_rollback_by_the_id_in_its_answer(
    dev: Account,
) -> None:
    create_function(dev, "half", "handler.handler", HALF_MADE)
    actions = ["cloudformation:DescribeStacks", "ssm:DeleteParameter", "ssm:PutParameter"]
    dev.client("iam").put_role_policy(
        RoleName="functions-half", PolicyName="own", PolicyDocument=document(allow(actions))
    )
    properties = {"ServiceToken": "arn:aws:lambda:eu-west-1:111111111111:function:half", "Name": "/half/made"}
    template = {"Resources": {"Half": {"Type": "Custom::Half", "Properties": properties}}}
    made = dev.client("cloudformation").create_stack(StackName="half", TemplateBody=json.dumps(template))["StackId"]

    assert at_rest(dev, made)["StackStatus"] == "ROLLBACK_COMPLETE"

    left = dev.client("ssm").get_parameters_by_path(Path="/half")["Parameters"]
    assert {each["Name"]: each["Value"] for each in left} == {"/half/made-deleted-in": "ROLLBACK_IN_PROGRESS"}
