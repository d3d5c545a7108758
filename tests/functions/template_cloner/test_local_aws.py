"""The template cloner as a function of the local AWS, called by its CloudFormation."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.template_cloner.stacks import CloudFormationStacks
from tests.functions.template_cloner.test_routing import CHECK_PROPERTIES
from tests.functions.template_cloner.test_settings import ENVIRONMENT
from tests.sandbox_aws.account import Account, allow, document
from tests.sandbox_aws.test_aws_functions import create as create_function
from tests.sandbox_aws.test_aws_stacks import at_rest

FUNCTIONS = Path(__file__).parents[3] / "functions"
FUNCTION = "arn:aws:lambda:eu-west-1:111111111111:function:cloner"
ACCOUNT = "arn:aws:lambda:eu-west-1:111111111111:function:onboarding"
ANSWERING = {
    "handler.py": """
import boto3

def handler(event, context):
    serves = boto3.client("ssm").get_parameter(Name="/cloner/serves")["Parameter"]["Value"]
    return {"state": "refused", "reason": "retire it first"} if serves == "yes" else {"state": "done", "roles": {}}
""",
}


@pytest.fixture(scope="module")
def cloner(dev: Account) -> str:
    """The template cloner, which may read and protect stacks, and ask one account."""
    files = {
        f"functions/{path.relative_to(FUNCTIONS)}": path.read_text()
        for folder in ("shared", "template_cloner")
        for path in (FUNCTIONS / folder).rglob("*.py")
    }
    functions = create_function(dev, "cloner", "functions.template_cloner.handler.handler", files)
    variables = {**ENVIRONMENT, "ONBOARDING_FUNCTION_ARNS": json.dumps({"prod": ACCOUNT})}
    functions.update_function_configuration(FunctionName="cloner", Timeout=60, Environment={"Variables": variables})
    create_function(dev, "onboarding", "handler.handler", ANSWERING)
    roles = dev.client("iam")
    actions = ["cloudformation:DescribeStacks", "cloudformation:UpdateTerminationProtection", "lambda:InvokeFunction"]
    roles.put_role_policy(RoleName="functions-cloner", PolicyName="own", PolicyDocument=document(allow(actions)))
    roles.put_role_policy(
        RoleName="functions-onboarding", PolicyName="own", PolicyDocument=document(allow("ssm:GetParameter"))
    )
    return FUNCTION


class Checked:
    """A stack whose one resource, or whose first of two, is a deletion check."""

    def __init__(self, dev: Account, cloner: str, name: str) -> None:
        self._dev, self.stacks, self.name = dev, dev.client("cloudformation"), name
        check = {**CHECK_PROPERTIES, "ServiceToken": cloner, "Accounts": {"prod": "111111111111"}}
        check["DeletionProtection"] = {"Ref": "DeletionProtection"}
        second = {"ServiceToken": cloner, "Accounts": "none"}
        self._template = {
            "Parameters": {"DeletionProtection": {"Type": "String"}, "More": {"Type": "String"}},
            "Conditions": {"More": {"Fn::Equals": [{"Ref": "More"}, "yes"]}},
            "Resources": {
                "Check": {"Type": "Custom::DeletionCheck", "Properties": check},
                "Refused": {
                    "Type": "Custom::DeletionCheck",
                    "Condition": "More",
                    "DependsOn": "Check",
                    "Properties": second,
                },
            },
        }

    def serves(self, serves: bool) -> None:
        """Let the project serve in the account, or not."""
        self._dev.client("ssm").put_parameter(
            Name="/cloner/serves", Value="yes" if serves else "no", Type="String", Overwrite=True
        )

    def with_protection(self, protection: str, *, and_more: bool = False) -> dict[str, Any]:
        """Return the arguments of a creation or an update; what there is more of is refused."""
        values = {"DeletionProtection": protection, "More": "yes" if and_more else "no"}
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        return {"StackName": self.name, "TemplateBody": json.dumps(self._template), "Parameters": parameters}

    def taken_out(self) -> str:
        """Update the stack to a template without the check, as by a product without deployment; return its status."""
        without = {
            "Resources": {
                "Other": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": self.name}}
            }
        }
        made = self.stacks.update_stack(StackName=self.name, TemplateBody=json.dumps(without))["StackId"]
        return at_rest(self._dev, made)["StackStatus"]

    def create(self, protection: str, *, and_more: bool = False) -> str:
        """Create the stack, and return its status."""
        made = self.stacks.create_stack(**self.with_protection(protection, and_more=and_more))["StackId"]
        return at_rest(self._dev, made)["StackStatus"]

    def update(self, protection: str, *, and_more: bool = False) -> str:
        """Update the stack, and return its status."""
        made = self.stacks.update_stack(**self.with_protection(protection, and_more=and_more))["StackId"]
        return at_rest(self._dev, made)["StackStatus"]

    def delete(self) -> str:
        """Delete the stack, and return its status."""
        made = self.stacks.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"]
        self.stacks.delete_stack(StackName=self.name)
        return at_rest(self._dev, made)["StackStatus"]

    def refused(self) -> bool:
        """Return whether CloudFormation refuses to delete the stack, and leaves its status as it is."""
        before = self.stacks.describe_stacks(StackName=self.name)["Stacks"][0]
        if not before["EnableTerminationProtection"]:
            return False
        with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
            self.stacks.delete_stack(StackName=self.name)
        assert self.stacks.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"] == before["StackStatus"]
        return True


def test_a_refused_deletion_leaves_a_project_that_takes_updates_until_it_may_go(dev: Account, cloner: str) -> None:
    checked = Checked(dev, cloner, "serving")
    checked.serves(True)

    assert checked.create("on") == "CREATE_COMPLETE"
    assert checked.refused()
    assert checked.update("off") == "UPDATE_ROLLBACK_COMPLETE"
    assert checked.refused()
    events = checked.stacks.describe_stack_events(StackName="serving")["StackEvents"]
    [refusal] = [each for each in events if each["ResourceStatus"] == "UPDATE_FAILED"]
    assert refusal["ResourceStatusReason"].endswith("stays protected from its deletion: retire it first")

    checked.serves(False)
    assert checked.update("off") == "UPDATE_COMPLETE"
    assert not checked.refused()
    assert checked.update("on") == "UPDATE_COMPLETE"
    assert checked.refused()
    assert checked.update("off") == "UPDATE_COMPLETE"
    assert checked.delete() == "DELETE_COMPLETE"


def test_a_launch_that_fails_after_its_protection_is_taken_back_and_can_be_deleted(dev: Account, cloner: str) -> None:
    checked = Checked(dev, cloner, "failing")
    checked.serves(False)

    assert checked.create("on", and_more=True) == "ROLLBACK_COMPLETE"
    assert not checked.refused()
    assert checked.delete() == "DELETE_COMPLETE"


@pytest.mark.parametrize(("before", "after"), [("on", "off"), ("off", "on")])
def test_an_update_that_fails_after_a_change_of_the_protection_takes_it_back(
    dev: Account, cloner: str, before: str, after: str
) -> None:
    checked = Checked(dev, cloner, f"back-to-{before}")
    checked.serves(False)
    assert checked.create(before) == "CREATE_COMPLETE"

    assert checked.update(after, and_more=True) == "UPDATE_ROLLBACK_COMPLETE"

    assert checked.refused() == (before == "on")


def test_a_project_that_serves_again_once_its_protection_was_lifted_is_not_deleted(dev: Account, cloner: str) -> None:
    checked = Checked(dev, cloner, "serving-again")
    checked.serves(False)
    assert checked.create("off") == "CREATE_COMPLETE"
    checked.serves(True)

    assert checked.delete() == "DELETE_FAILED"

    with pytest.raises(ClientError, match="DELETE_FAILED state and cannot be updated"):
        checked.update("on")


def test_a_product_without_deployment_takes_no_protection_off_a_project_that_serves(dev: Account, cloner: str) -> None:
    checked = Checked(dev, cloner, "taken-out")
    checked.serves(True)
    assert checked.create("on") == "CREATE_COMPLETE"

    assert checked.taken_out() == "UPDATE_COMPLETE"

    assert checked.refused()
    assert CloudFormationStacks(checked.stacks).is_protected("taken-out")
    events = checked.stacks.describe_stack_events(StackName="taken-out")["StackEvents"]
    [refusal] = [each for each in events if each["ResourceStatus"] == "DELETE_FAILED"]
    assert refusal["ResourceStatusReason"].endswith("stays protected from its deletion: retire it first")


def test_a_product_without_deployment_takes_the_protection_off_a_project_that_serves_nowhere(
    dev: Account, cloner: str
) -> None:
    checked = Checked(dev, cloner, "taken-out-retired")
    checked.serves(False)
    assert checked.create("on") == "CREATE_COMPLETE"

    assert checked.taken_out() == "UPDATE_COMPLETE"

    assert not checked.refused()
    assert not CloudFormationStacks(checked.stacks).is_protected("taken-out-retired")
    assert checked.delete() == "DELETE_COMPLETE"


def test_an_update_that_the_second_resource_refuses_is_rolled_back_completely(dev: Account, cloner: str) -> None:
    accounts = {"prod": {"Ref": "Account"}}

    def check(name: str, **more: Any) -> dict[str, Any]:
        properties = {**CHECK_PROPERTIES, "ServiceToken": cloner, "DeletionProtection": "on", **more}
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
