"""Requests about alarms, dashboards, topics, rules, parameters and scaling: their resources and condition keys.

Some are about several resources at once; AWS decides about each. Source: Service Authorization Reference, pages of
CloudWatch, EventBridge, SNS, Systems Manager, Lambda, Application Auto Scaling and SageMaker.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.aws import emulator, scalable_targets
from sandbox.aws.sagemaker import names as sagemaker

Members = Mapping[str, Any]

SCALING = scalable_targets.NAME


def of(service: str, operation: str, members: Members) -> list[str]:
    """Every resource that a request is about, the first first; none where its operation has none."""
    return list(dict.fromkeys(RESOURCES[service](operation, members)))


def context(service: str, operation: str, members: Members) -> dict[str, Any]:
    """The condition keys of a request."""
    return {key: value for key, value in CONTEXTS[service](operation, members) if value is not None}


def _of_alarms(operation: str, members: Members) -> Iterator[str]:
    if "ResourceARN" in members:
        yield members["ResourceARN"]
    if "Dashboard" in operation:
        for name in (members.get("DashboardName"), *members.get("DashboardNames", [])):
            if name:
                yield f"arn:aws:cloudwatch::{emulator.account_id()}:dashboard/{name}"
    elif "Alarm" in operation and operation != "DescribeAlarmsForMetric":
        alarms = [name for name in (members.get("AlarmName"), *members.get("AlarmNames", [])) if name]
        # A prefix picks among all alarms.
        for name in alarms or ["*"]:
            yield _arn("cloudwatch", f"alarm:{name}")


def _of_rules(operation: str, members: Members) -> Iterator[str]:
    if operation == "PutEvents":
        for bus in (entry.get("EventBusName", "default") for entry in members.get("Entries", [])):
            yield bus if bus.startswith("arn:") else _arn("events", f"event-bus/{bus}")
        return
    if "ResourceARN" in members:
        yield members["ResourceARN"]
    bus = members.get("EventBusName", "default").rpartition("/")[2]
    about_a_bus = "EventBus" in operation or "Permission" in operation
    name = members.get("Rule") or (members.get("Name") if not about_a_bus else None)
    if name:
        yield _arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")
    elif about_a_bus and operation != "ListEventBuses":
        yield _arn("events", f"event-bus/{members.get('Name', bus)}")


def _of_topics(operation: str, members: Members) -> Iterator[str]:
    for member in ("TopicArn", "TargetArn", "ResourceArn"):
        if members.get(member):
            yield members[member]
    if members.get("SubscriptionArn"):
        yield members["SubscriptionArn"].rpartition(":")[0]
    if operation == "CreateTopic":
        yield _arn("sns", members.get("Name", ""))


def _of_parameters(operation: str, members: Members) -> Iterator[str]:
    if operation in ("GetParameters", "DeleteParameters"):
        for name in members.get("Names", []):
            yield name if name.startswith("arn:") else _arn("ssm", f"parameter/{name.partition(':')[0].lstrip('/')}")
    elif operation == "GetParametersByPath":
        yield _arn("ssm", f"parameter/{members.get('Path', '').strip('/')}")


def _of_endpoints(operation: str, members: Members) -> Iterator[str]:
    if operation in ("CreateEndpoint", "UpdateEndpoint"):
        yield sagemaker.arn("endpoint", members.get("EndpointName", ""))
        yield sagemaker.arn("endpoint-config", members.get("EndpointConfigName", ""))


def _of_scaling(operation: str, members: Members) -> Iterator[str]:
    if operation.startswith("Describe"):
        return
    yield members.get("ResourceARN") or scalable_targets.arn_of(members) or _arn(SCALING, "scalable-target/*")


def _context_of_alarms(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    if operation == "PutMetricAlarm":
        yield "cloudwatch:AlarmActions", members.get("AlarmActions") or None
    if operation == "PutMetricData":
        yield "cloudwatch:namespace", members.get("Namespace")


def _context_of_rules(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    if operation == "PutTargets":
        yield "events:TargetArn", [target.get("Arn") for target in members.get("Targets", [])] or None
    if operation == "PutRule" and members.get("EventPattern"):
        try:
            pattern = json.loads(members["EventPattern"])
        except ValueError:
            return
        yield "events:source", pattern.get("source")
        yield "events:detail-type", pattern.get("detail-type")
    yield "events:creatorAccount", emulator.account_id()


def _context_of_topics(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    if operation == "Subscribe":
        yield "sns:Endpoint", members.get("Endpoint")
        yield "sns:Protocol", members.get("Protocol")


def _context_of_functions(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    if operation.startswith("AddPermission"):
        yield "lambda:Principal", members.get("Principal")


def _context_of_scaling(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    del operation
    yield f"{SCALING}:service-namespace", members.get("ServiceNamespace")
    yield f"{SCALING}:scalable-dimension", members.get("ScalableDimension")


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{emulator.region()}:{emulator.account_id()}:{resource}"


RESOURCES: Mapping[str, Callable[[str, Members], Iterator[str]]] = {
    SCALING: _of_scaling,
    "events": _of_rules,
    "monitoring": _of_alarms,
    "sagemaker": _of_endpoints,
    "sns": _of_topics,
    "ssm": _of_parameters,
}
"""By MiniStack's name of the service."""

CONTEXTS: Mapping[str, Callable[[str, Members], Iterator[tuple[str, Any]]]] = {
    SCALING: _context_of_scaling,
    "events": _context_of_rules,
    "lambda": _context_of_functions,
    "monitoring": _context_of_alarms,
    "sns": _context_of_topics,
}
