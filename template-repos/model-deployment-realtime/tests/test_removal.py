"""Plans that would replace or delete the endpoint, and what the refusal says."""

import json
import shlex
from typing import Any

import pytest

from deployment import removal
from deployment.removal import ENDPOINT
from mlops_platform.release import DeploymentError
from mlops_platform.release.plan import Plan

URN = f"urn:pulumi:prod::model-deployment-realtime::mlops:index:EndpointRelease${ENDPOINT}::endpoint"
ROLLBACK = {
    "__defaults": [],
    "blueGreenUpdatePolicy": {
        "__defaults": [],
        "trafficRoutingConfiguration": {"__defaults": [], "type": "ALL_AT_ONCE", "waitIntervalInSeconds": 0},
    },
    "autoRollbackConfiguration": {"__defaults": [], "alarms": [{"__defaults": [], "alarmName": "errors"}]},
}
"""As the official plugin checks it: it notes in each object which fields it filled in."""


def refusal(**step: Any) -> list[str]:
    """Return the lines of the refusal of a plan with one step for the endpoint."""
    plan = Plan.parse(json.dumps({"steps": [{"urn": URN, **step}]}))
    with pytest.raises(DeploymentError) as caught:
        removal.refuse(plan, environment="prod", endpoint="abalone", configuration="abalone-v1")
    return str(caught.value).splitlines()


@pytest.mark.parametrize("operation", ["same", "refresh", "create", "update", "import"])
def test_a_plan_that_keeps_the_endpoint_is_not_refused(operation: str) -> None:
    other = {"op": "delete", "urn": URN.replace("endpoint:Endpoint", "endpointConfiguration:EndpointConfiguration")}
    plan = Plan.parse(json.dumps({"steps": [{"op": operation, "urn": URN}, other]}))
    removal.refuse(plan, environment="prod", endpoint="abalone", configuration="abalone-v1")


@pytest.mark.parametrize(
    "operation", ["replace", "create-replacement", "delete-replaced", "an operation of the future"]
)
def test_every_operation_that_is_not_known_to_keep_the_endpoint_is_refused(operation: str) -> None:
    assert refusal(op=operation)[0] == "prod was left as it is: this run would replace abalone"


def test_the_refusal_names_the_properties_that_the_provider_names() -> None:
    detailed = {"deploymentConfig.autoRollbackConfiguration": {"kind": "add-replace"}, "tags": {"kind": "update"}}
    lines = refusal(op="replace", replaceReasons=["deploymentConfig"], detailedDiff=detailed)
    assert "  reason: another value of deploymentConfig.autoRollbackConfiguration" in lines
    assert "  reason: another value of name" in refusal(op="replace", replaceReasons=["name"], detailedDiff=None)
    assert "  reason: the program no longer declares it" in refusal(op="delete")


def test_a_lost_rollback_comes_with_the_command_that_puts_it_back() -> None:
    inputs = {"name": "abalone", "deploymentConfig": ROLLBACK}
    lines = refusal(op="replace", replaceReasons=["deploymentConfig"], newState={"inputs": inputs})
    (command,) = [shlex.split(line) for line in lines if line.startswith("  aws ")]
    assert command[:-1] == [
        *("aws", "sagemaker", "update-endpoint", "--endpoint-name", "abalone"),
        *("--endpoint-config-name", "abalone-v1", "--retain-all-variant-properties", "--deployment-config"),
    ]
    assert json.loads(command[-1]) == {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }


def test_any_other_reason_leads_to_the_page_that_says_how_an_endpoint_is_retired() -> None:
    lines = refusal(op="replace", replaceReasons=["name", "deploymentConfig"], newState={"inputs": {"name": "b"}})
    assert lines[-1].endswith("README.md says how (Retire or replace the endpoint).")
