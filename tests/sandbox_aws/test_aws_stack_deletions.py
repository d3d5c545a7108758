"""Deletions of stacks that one resource resists."""

import json
from collections.abc import Mapping
from typing import Any

from tests.sandbox_aws.account import Account
from tests.sandbox_aws.test_aws_functions import create as create_function
from tests.sandbox_aws.test_aws_stacks import at_rest

FAILING = {
    "handler.py": """
import json
import os
import urllib.request

def handler(event, context):
    refused = event["RequestType"] == "Delete" and event["ResourceProperties"]["Keep"] == "yes"
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "FAILED" if refused else "SUCCESS", "Reason": "it serves", "PhysicalResourceId": "x"}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request)
""",
}


def test_what_a_resource_needs_that_cannot_be_deleted_is_not_deleted_either(dev: Account) -> None:
    create_function(dev, "keeper", "handler.handler", FAILING)

    def parameter(name: str) -> Mapping[str, Any]:
        return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": name, "Value": "a"}}

    check = {
        "Type": "Custom::Check",
        "DependsOn": "Near",
        "Properties": {
            "ServiceToken": "arn:aws:lambda:eu-west-1:111111111111:function:keeper",
            "Keep": {"Ref": "Keep"},
        },
    }
    template = {
        "Parameters": {"Keep": {"Type": "String"}},
        "Resources": {
            "Far": parameter("/keeper/far"),
            "Near": {**parameter("/keeper/near"), "DependsOn": "Far"},
            "Check": check,
            "Beside": parameter("/keeper/beside"),
        },
    }
    stacks, ssm = dev.client("cloudformation"), dev.client("ssm")

    def with_keep(value: str) -> dict[str, Any]:
        parameters = [{"ParameterKey": "Keep", "ParameterValue": value}]
        return {"StackName": "keeper", "TemplateBody": json.dumps(template), "Parameters": parameters}

    def left() -> list[str]:
        found = ssm.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/keeper"]}]
        )
        return sorted(each["Name"] for each in found["Parameters"])

    made = stacks.create_stack(**with_keep("yes"))["StackId"]
    assert at_rest(dev, made)["StackStatus"] == "CREATE_COMPLETE"
    stacks.delete_stack(StackName="keeper")
    found = at_rest(dev, made)
    assert (found["StackStatus"], "[Check]" in found["StackStatusReason"]) == ("DELETE_FAILED", True)
    assert left() == ["/keeper/far", "/keeper/near"]
    resources = stacks.describe_stack_resources(StackName="keeper")["StackResources"]
    assert {each["LogicalResourceId"]: each["ResourceStatus"] for each in resources} == {
        "Far": "CREATE_COMPLETE",
        "Near": "CREATE_COMPLETE",
        "Check": "DELETE_FAILED",
    }
    stacks.delete_stack(StackName="keeper", RetainResources=["Check"])
    assert at_rest(dev, made)["StackStatus"] == "DELETE_COMPLETE"
    assert left() == []
