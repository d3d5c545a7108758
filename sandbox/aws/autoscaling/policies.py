"""Scaling policies that track a target value, and the alarms by which they do."""

import json
import math
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.aws.autoscaling import scalable_targets
from sandbox.aws.autoscaling.scalable_targets import DIMENSION, NAMESPACE, VARIANT, targets
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.ministack import cloudwatch, scope
from sandbox.aws.sagemaker import names
from sandbox.aws.sagemaker.hosting import endpoints
from sandbox.aws.service import Call, Members, now

PREDEFINED: Mapping[str, str] = {"SageMakerVariantInvocationsPerInstance": "InvocationsPerInstance"}
"""By predefined metric: its name in CloudWatch."""

PERIODS_TO_SCALE_OUT = 3
PERIODS_TO_SCALE_IN = 15
SCALE_IN_BELOW = 0.9
"""Part of the target value below which usage must stay until instances are removed."""

_policies = scope.scoped_store()


def scale(policy_arn: str, alarm: Mapping[str, Any]) -> str:
    """Scale because of an alarm of the policy; return what went wrong, if anything did."""
    policy = next((policy for policy in _policies.values() if policy["PolicyARN"] == policy_arn), None)
    target = targets.get(policy["ResourceId"]) if policy else None
    if policy is None or target is None:
        return f"{policy_arn} does not exist"
    found = VARIANT.fullmatch(target["ResourceId"])
    endpoint = endpoints.find(found[1]) if found else None
    variant = endpoint.variant(found[2]) if endpoint and found else None
    usage: list[float] = json.loads(alarm["StateReasonData"])["recentDatapoints"]
    if found is None or variant is None or not usage:
        return f"{target['ResourceId']} does not exist"
    goal = policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
    wanted = math.ceil(variant.instances * usage[0] / goal)
    capacity = min(max(wanted, target["MinCapacity"]), target["MaxCapacity"])
    if capacity != variant.instances:
        try:
            endpoints.update_capacities(found[1], [{"VariantName": found[2], "DesiredInstanceCount": capacity}])
        except ServiceError as refused:
            return refused.message
    return ""


def remove_policies_of(resource: str, caller: Principal) -> None:
    """Delete the policies of a scalable target, and their alarms, if the caller may."""
    for policy in [policy for policy in _policies.values() if policy["ResourceId"] == resource]:
        _remove(policy, caller)


def _put_policy(call: Call) -> Members:
    members = call.members
    target = scalable_targets.found(members)
    if members.get("PolicyType", "StepScaling") != "TargetTrackingScaling":
        raise NotEmulatedError(f"scaling policies of the type {members.get('PolicyType', 'StepScaling')}")
    key = (target["ResourceId"], members["PolicyName"])
    known: Members | None = _policies.get(key)
    if known:
        _remove(known, call.caller)
    resource = f"resource/{NAMESPACE}/{target['ResourceId']}:policyName/{members['PolicyName']}"
    arn = known["PolicyARN"] if known else scope.arn("autoscaling", f"scalingPolicy:{uuid.uuid4()}:{resource}")
    configuration = members["TargetTrackingScalingPolicyConfiguration"]
    policy = {
        **names.pick(members, "PolicyName", "ServiceNamespace", "ResourceId", "ScalableDimension", "PolicyType"),
        "PolicyARN": arn,
        "TargetTrackingScalingPolicyConfiguration": configuration,
        "Alarms": _make_alarms(call.caller, target["ResourceId"], arn, configuration),
        "CreationTime": known["CreationTime"] if known else now(),
    }
    _policies[key] = policy
    return {"PolicyARN": arn, "Alarms": policy["Alarms"]}


def _describe_policies(call: Call) -> Members:
    resource, wanted = call.members.get("ResourceId"), call.members.get("PolicyNames")
    found = [
        policy
        for policy in _policies.values()
        if resource in (None, policy["ResourceId"]) and (not wanted or policy["PolicyName"] in wanted)
    ]
    return names.page(call.members, "ScalingPolicies", found, dict)


def _delete_policy(call: Call) -> Members:
    policy = _policies.get((call.members["ResourceId"], call.members["PolicyName"]))
    if policy is None:
        place = f"service namespace: {NAMESPACE}, resource ID: {call.members['ResourceId']}"
        name = f"scalable dimension: {DIMENSION}, policy name: {call.members['PolicyName']}"
        raise ServiceError("ObjectNotFoundException", f"No scaling policy found for {place}, {name}")
    _remove(policy, call.caller)
    return {}


def _make_alarms(caller: Principal, resource: str, policy_arn: str, configuration: Members) -> list[Members]:
    """Create the alarms by which a policy tracks its target, if the caller may."""
    metric, statistic, dimensions = _metric(resource, configuration)
    target = configuration["TargetValue"]
    alarms = [("High", "GreaterThanThreshold", target, PERIODS_TO_SCALE_OUT)]
    if not configuration.get("DisableScaleIn"):
        alarms.append(("Low", "LessThanThreshold", SCALE_IN_BELOW * target, PERIODS_TO_SCALE_IN))
    made: list[Members] = []
    for side, operator, threshold, periods in alarms:
        name = f"TargetTracking-{resource}-Alarm{side}-{uuid.uuid4()}"
        arn = scope.arn("cloudwatch", f"alarm:{name}")
        authorization.require(caller, "cloudwatch:PutMetricAlarm", arn)
        alarm = {
            "AlarmName": name,
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn}.",
            "AlarmActions": [policy_arn],
            "ComparisonOperator": operator,
            "Threshold": threshold,
            "EvaluationPeriods": periods,
            "Period": 60,
            "Statistic": statistic,
            "Dimensions": dimensions,
            **metric,
        }
        cloudwatch.put_alarm(alarm)
        made.append({"AlarmName": name, "AlarmARN": arn})
    return made


def _metric(resource: str, configuration: Members) -> tuple[Members, str, list[Members]]:
    """Return a policy's metric as an alarm names it, its statistic and its dimensions."""
    custom: Members | None = configuration.get("CustomizedMetricSpecification")
    if custom:
        if "Metrics" in custom:
            raise NotEmulatedError("scaling policies on metric math")
        return names.pick(custom, "Namespace", "MetricName"), custom["Statistic"], custom.get("Dimensions", [])
    kind: str = configuration.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", "")
    found = VARIANT.fullmatch(resource)
    if kind not in PREDEFINED or found is None:
        raise NotEmulatedError(f"scaling policies on {kind or 'no metric'}")
    dimensions: list[Members] = [
        {"Name": "EndpointName", "Value": found[1]},
        {"Name": "VariantName", "Value": found[2]},
    ]
    return {"Namespace": "AWS/SageMaker", "MetricName": PREDEFINED[kind]}, "Sum", dimensions


def _remove(policy: Members, caller: Principal) -> None:
    for alarm in policy["Alarms"]:
        authorization.require(caller, "cloudwatch:DeleteAlarms", alarm["AlarmARN"])
    for alarm in policy["Alarms"]:
        cloudwatch.delete_alarm(alarm["AlarmName"])
    _policies.pop((policy["ResourceId"], policy["PolicyName"]), None)


OPERATIONS = {
    "DeleteScalingPolicy": _delete_policy,
    "DescribeScalingPolicies": _describe_policies,
    "PutScalingPolicy": _put_policy,
}
