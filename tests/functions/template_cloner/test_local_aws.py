"""The template cloner as a function of the local AWS, called by its CloudFormation."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.functions.template_cloner.test_routing import CHECK_PROPERTIES
from tests.functions.template_cloner.test_settings import ENVIRONMENT
from tests.sandbox_aws.account import Account, allow, document
from tests.sandbox_aws.test_aws_functions import create as create_function
from tests.sandbox_aws.test_aws_stacks import at_rest

FUNCTIONS = Path(__file__).parents[3] / "functions"
FUNCTION = "arn:aws:lambda:eu-west-1:111111111111:function:cloner"


@pytest.fixture(scope="module")
def cloner(dev: Account) -> str:
    """The template cloner, which may read stacks and nothing else."""
    files = {
        f"functions/{path.relative_to(FUNCTIONS)}": path.read_text()
        for folder in ("shared", "template_cloner")
        for path in (FUNCTIONS / folder).rglob("*.py")
    }
    functions = create_function(dev, "cloner", "functions.template_cloner.handler.handler", files)
    functions.update_function_configuration(FunctionName="cloner", Timeout=60, Environment={"Variables": ENVIRONMENT})
    dev.client("iam").put_role_policy(
        RoleName="functions-cloner",
        PolicyName="read-stacks",
        PolicyDocument=document(allow("cloudformation:DescribeStacks")),
    )
    return FUNCTION


def test_an_update_that_the_second_resource_refuses_is_rolled_back_completely(dev: Account, cloner: str) -> None:
    accounts = {"prod": {"Ref": "Account"}}

    def check(name: str, **more: Any) -> dict[str, Any]:
        properties = {**CHECK_PROPERTIES, "ServiceToken": cloner, **more}
        return {"Type": "Custom::DeletionCheck", "Properties": properties}

    first = check("First", Comment={"Ref": "Account"})
    template = {
        "Parameters": {"Account": {"Type": "String"}},
        "Resources": {"First": first, "Second": {**check("Second", Accounts=accounts), "DependsOn": "First"}},
    }
    stacks = dev.client("cloudformation")

    def with_account(value: str) -> dict[str, Any]:
        parameters = [{"ParameterKey": "Account", "ParameterValue": value}]
        return {"StackName": "cloner", "TemplateBody": json.dumps(template), "Parameters": parameters}

    made = stacks.create_stack(**with_account("333333333333"))["StackId"]
    assert at_rest(dev, made)["StackStatus"] == "CREATE_COMPLETE"
    before = stacks.describe_stack_resources(StackName="cloner")["StackResources"]

    stacks.update_stack(**with_account("somewhere"))

    assert at_rest(dev, made)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    after = stacks.describe_stack_resources(StackName="cloner")["StackResources"]
    assert [each["PhysicalResourceId"] for each in after] == [each["PhysicalResourceId"] for each in before]
    events = stacks.describe_stack_events(StackName="cloner")["StackEvents"]
    [refusal] = [each for each in events if each["ResourceStatus"] == "UPDATE_FAILED"]
    assert refusal["LogicalResourceId"] == "Second"
    assert "AccountId 'somewhere' must be the 12 digits of an account" in refusal["ResourceStatusReason"]
