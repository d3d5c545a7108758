"""Deletions of stacks that are protected, or that one resource resists."""

import json
from collections.abc import Mapping
from typing import Any

from tests.sandbox_aws.account import Account, allow
from tests.sandbox_aws.test_aws_functions import create as create_function
from tests.sandbox_aws.test_aws_permissions import refusal
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
PARAMETER: Mapping[str, Any] = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "a"}}


def test_a_protected_stack_is_not_deleted_and_stays_as_it_is(dev: Account) -> None:
    stacks = dev.client("cloudformation")
    resources = {"One": PARAMETER}
    made = stacks.create_stack(StackName="protected", TemplateBody=json.dumps({"Resources": resources}))["StackId"]
    assert at_rest(dev, made)["EnableTerminationProtection"] is False

    answer = stacks.update_termination_protection(StackName=made, EnableTerminationProtection=True)

    assert answer["StackId"] == made
    for name in ("protected", made):
        assert refusal(stacks.delete_stack, StackName=name) == (
            "ValidationError",
            f"Stack [{made}] cannot be deleted while TerminationProtection is enabled",
        )
    found = at_rest(dev, made)
    assert (found["StackStatus"], found["EnableTerminationProtection"]) == ("CREATE_COMPLETE", True)
    resources["Another"] = PARAMETER
    stacks.update_stack(StackName="protected", TemplateBody=json.dumps({"Resources": resources}))
    assert at_rest(dev, made)["StackStatus"] == "UPDATE_COMPLETE"
    stacks.update_termination_protection(StackName="protected", EnableTerminationProtection=False)
    stacks.delete_stack(StackName="protected")
    assert at_rest(dev, made)["StackStatus"] == "DELETE_COMPLETE"


def test_a_failed_creation_rolls_back_a_protected_stack_which_then_cannot_be_deleted(dev: Account) -> None:
    stacks = dev.client("cloudformation")
    resources = {
        "One": PARAMETER,
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "DependsOn": "One",
            "Properties": {"FunctionName": "missing", "FunctionVersion": "$LATEST", "Name": "one"},
        },
    }
    made = stacks.create_stack(
        StackName="protected-failed",
        TemplateBody=json.dumps({"Resources": resources}),
        EnableTerminationProtection=True,
    )["StackId"]

    assert at_rest(dev, made)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "TerminationProtection" in refusal(stacks.delete_stack, StackName="protected-failed")[1]
    stacks.update_termination_protection(StackName="protected-failed", EnableTerminationProtection=False)
    stacks.delete_stack(StackName="protected-failed")
    assert at_rest(dev, made)["StackStatus"] == "DELETE_COMPLETE"
    assert refusal(
        stacks.update_termination_protection, StackName="protected-failed", EnableTerminationProtection=True
    )[0] == ("ValidationError")


def test_the_protection_of_a_stack_is_a_permission_of_its_own(dev: Account) -> None:
    stacks = dev.client("cloudformation")
    resources = {"One": PARAMETER}
    for name in ("SC-ours", "other"):
        made = stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))["StackId"]
        at_rest(dev, made)
    launches = "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-*"
    guard = dev.role("stacks-guard", allow("cloudformation:UpdateTerminationProtection", launches))
    updater = dev.role("stacks-updater", allow(["cloudformation:UpdateStack", "cloudformation:SetStackPolicy"]))

    guarded = dev.client("cloudformation", dev.assume(guard))
    guarded.update_termination_protection(StackName="SC-ours", EnableTerminationProtection=True)
    updating = dev.client("cloudformation", dev.assume(updater))
    for client, name in ((guarded, "other"), (updating, "SC-ours")):
        assert (
            refusal(client.update_termination_protection, StackName=name, EnableTerminationProtection=False)[0]
            == "AccessDenied"
        )


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
