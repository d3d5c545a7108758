"""Application Auto Scaling for the variants of SageMaker's endpoints, by target tracking.

Sources: Application Auto Scaling API Reference and User Guide ("Service-linked roles", "Target tracking scaling
policies"); Amazon SageMaker Developer Guide, "Automatic scaling of Amazon SageMaker AI models".
"""

import json
import math
import re
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.aws import authorization, emulator
from sandbox.aws.authorization import Principal
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.sagemaker import endpoints, names
from sandbox.aws.sagemaker.endpoint import Endpoint
from sandbox.aws.scalable_targets import NAME, targets
from sandbox.aws.service import Call, JsonService, Members, now

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
LINKED_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"
LINKED_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")

PREDEFINED: Mapping[str, str] = {"SageMakerVariantInvocationsPerInstance": "InvocationsPerInstance"}
"""Predefined metrics, and what they are called in CloudWatch."""

PERIODS_TO_SCALE_OUT = 3
PERIODS_TO_SCALE_IN = 15
SCALE_IN_BELOW = 0.9
"""Which part of the target value usage must stay below until instances go."""

_policies = emulator.scoped_store()
_tags = emulator.scoped_store()


def act(policy_arn: str, alarm: Mapping[str, Any]) -> str:
    """Scale because of an alarm of the policy; what went wrong, if anything did."""
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


def _register(call: Call) -> Members:
    members = call.members
    endpoint, variant = _variant_of(members)
    known: Members | None = targets.get(members["ResourceId"])
    place = names.arn("endpoint", endpoint)
    for action in ("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"):
        authorization.require(call.caller, action, place)
    found = endpoints.find(endpoint)
    if found is None or found.variant(variant) is None:
        raise ServiceError("ValidationException", f"SageMaker endpoint variant doesn't exist: {members['ResourceId']}")
    least, most = (members.get(name, (known or {}).get(name)) for name in ("MinCapacity", "MaxCapacity"))
    if least is None or most is None:
        raise ServiceError("ValidationException", "Both MinCapacity and MaxCapacity must be specified.")
    if least > most:
        raise ServiceError("ValidationException", "Maximum capacity cannot be less than minimum capacity.")
    if known and members.get("Tags"):
        raise ServiceError(
            "ValidationException",
            "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, "
            "use the TagResource API.",
        )
    role = _linked_role(call.caller)
    arn = known["ScalableTargetARN"] if known else _arn(f"scalable-target/{secrets.token_hex(18)}")
    targets[members["ResourceId"]] = {
        **names.pick(members, "ServiceNamespace", "ResourceId", "ScalableDimension"),
        "MinCapacity": least,
        "MaxCapacity": most,
        "RoleARN": role,
        "CreationTime": known["CreationTime"] if known else now(),
        "SuspendedState": {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
            **members.get("SuspendedState", (known or {}).get("SuspendedState", {})),
        },
        "ScalableTargetARN": arn,
    }
    _tags.setdefault(arn, {}).update(members.get("Tags", {}))
    # What is not active stays as it is (API Reference, "RegisterScalableTarget").
    if found.status == "InService":
        _bring_into_range(found, variant, least, most)
    return {"ScalableTargetARN": arn}


def _bring_into_range(endpoint: Endpoint, name: str, least: int, most: int) -> None:
    variant = endpoint.variant(name)
    if variant is not None and not least <= variant.instances <= most:
        capacity = min(max(variant.instances, least), most)
        endpoints.update_capacities(endpoint.name, [{"VariantName": name, "DesiredInstanceCount": capacity}])


def _describe_targets(call: Call) -> Members:
    wanted = call.members.get("ResourceIds")
    found = [target for key, target in targets.items() if not wanted or key in wanted]
    return names.page(call.members, "ScalableTargets", found, dict)


def _deregister(call: Call) -> Members:
    target = _target(call.members)
    for policy in [policy for policy in _policies.values() if policy["ResourceId"] == target["ResourceId"]]:
        _remove(policy, call.caller)
    _tags.pop(target["ScalableTargetARN"], None)
    targets.pop(target["ResourceId"])
    return {}


def _put_policy(call: Call) -> Members:
    members = call.members
    target = _target(members)
    if members.get("PolicyType", "StepScaling") != "TargetTrackingScaling":
        raise NotEmulatedError(f"scaling policies of the type {members.get('PolicyType', 'StepScaling')}")
    key = (target["ResourceId"], members["PolicyName"])
    known: Members | None = _policies.get(key)
    if known:
        _remove(known, call.caller)
    resource = f"resource/{NAMESPACE}/{target['ResourceId']}:policyName/{members['PolicyName']}"
    place = f"{emulator.region()}:{emulator.account_id()}"
    arn = known["PolicyARN"] if known else f"arn:aws:autoscaling:{place}:scalingPolicy:{uuid.uuid4()}:{resource}"
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


def _list_tags(call: Call) -> Members:
    return {"Tags": dict(_tags_of(call))}


def _tag(call: Call) -> Members:
    _tags_of(call).update(call.members["Tags"])
    return {}


def _untag(call: Call) -> Members:
    tags = _tags_of(call)
    for key in call.members["TagKeys"]:
        tags.pop(key, None)
    return {}


def _tags_of(call: Call) -> dict[str, str]:
    arn = call.members["ResourceARN"]
    if not any(target["ScalableTargetARN"] == arn for target in targets.values()):
        raise ServiceError("ResourceNotFoundException", f"The scalable target {arn} does not exist.")
    return _tags.setdefault(arn, {})


def _make_alarms(caller: Principal, resource: str, policy_arn: str, configuration: Members) -> list[Members]:
    """The alarms by which a policy follows its target; the caller needs the permission for them."""
    metric, statistic, dimensions = _metric(resource, configuration)
    target = configuration["TargetValue"]
    alarms = [("High", "GreaterThanThreshold", target, PERIODS_TO_SCALE_OUT)]
    if not configuration.get("DisableScaleIn"):
        alarms.append(("Low", "LessThanThreshold", SCALE_IN_BELOW * target, PERIODS_TO_SCALE_IN))
    made: list[Members] = []
    for side, operator, threshold, periods in alarms:
        name = f"TargetTracking-{resource}-Alarm{side}-{uuid.uuid4()}"
        arn = f"arn:aws:cloudwatch:{emulator.region()}:{emulator.account_id()}:alarm:{name}"
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
        emulator.cloudwatch._put_metric_alarm({}, alarm, False, True)
        made.append({"AlarmName": name, "AlarmARN": arn})
    return made


def _metric(resource: str, configuration: Members) -> tuple[Members, str, list[Members]]:
    """A policy's metric as an alarm names it, its statistic and its dimensions."""
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
        emulator.cloudwatch.cloudformation_delete_metric_alarm(alarm["AlarmName"])
    _policies.pop((policy["ResourceId"], policy["PolicyName"]), None)


def _target(members: Members) -> Members:
    _variant_of(members)
    found = targets.get(members["ResourceId"])
    if found is None:
        raise ServiceError(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {members['ServiceNamespace']}, resource ID: "
            f"{members['ResourceId']}, scalable dimension: {members['ScalableDimension']}",
        )
    return found


def _variant_of(members: Members) -> tuple[str, str]:
    """Endpoint and variant that a request is about."""
    found = VARIANT.fullmatch(members["ResourceId"])
    if (members["ServiceNamespace"], members["ScalableDimension"]) != (NAMESPACE, DIMENSION) or found is None:
        raise NotEmulatedError(f"scaling of {members['ResourceId']} by {members['ScalableDimension']}")
    return found[1], found[2]


def _linked_role(caller: Principal) -> str:
    """The service's own role, made when the account first needs it, if the caller may."""
    path = f"/aws-service-role/{LINKED_SERVICE}/"
    arn = f"arn:aws:iam::{emulator.account_id()}:role{path}{LINKED_ROLE}"
    if LINKED_ROLE not in emulator.iam._roles:
        authorization.require(caller, "iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": LINKED_SERVICE})
        emulator.iam._create_service_linked_role({"AWSServiceName": [LINKED_SERVICE]})
        made = emulator.iam._roles.pop(f"AWSServiceRoleFor{NAMESPACE.capitalize()}")
        emulator.iam._roles[LINKED_ROLE] = {**made, "RoleName": LINKED_ROLE, "Arn": arn}
    return arn


def _arn(resource: str) -> str:
    return f"arn:aws:{NAME}:{emulator.region()}:{emulator.account_id()}:{resource}"


SERVICE = JsonService(
    name=NAME,
    target_prefix="AnyScaleFrontendService",
    operations={
        "DeleteScalingPolicy": _delete_policy,
        "DeregisterScalableTarget": _deregister,
        "DescribeScalableTargets": _describe_targets,
        "DescribeScalingPolicies": _describe_policies,
        "ListTagsForResource": _list_tags,
        "PutScalingPolicy": _put_policy,
        "RegisterScalableTarget": _register,
        "TagResource": _tag,
        "UntagResource": _untag,
    },
)
