"""The endpoint's dashboard in CloudWatch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from endpoint import SHADOW, VARIANT

REQUESTS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"
WIDTH, HEIGHT = 12, 6


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """The endpoint that is shown."""

    endpoint_name: str
    region: str
    alarm_arns: Sequence[pulumi.Input[str]]
    shadow: bool
    """Show a shadow beside the variant that answers."""


class Dashboard(pulumi.ComponentResource):
    """Alarms, requests, errors, latency and load, side by side."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:EndpointDashboard", name, None, opts)
        aws.cloudwatch.Dashboard(
            "dashboard",
            dashboard_name=args.endpoint_name,
            dashboard_body=pulumi.Output.all(*args.alarm_arns).apply(lambda arns: json.dumps(body(args, arns))),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def body(args: DashboardArgs, alarm_arns: Sequence[str]) -> dict[str, Any]:
    """Return the dashboard in CloudWatch's format."""
    variants = [VARIANT, *([SHADOW] if args.shadow else [])]

    def graph(title: str, namespace: str, metrics: Sequence[tuple[str, str]]) -> dict[str, Any]:
        lines = [
            [namespace, metric, "EndpointName", args.endpoint_name, "VariantName", variant, {"stat": statistic}]
            for variant in variants
            for metric, statistic in metrics
        ]
        return {
            "type": "metric",
            "properties": {"title": title, "region": args.region, "view": "timeSeries", "period": 60, "metrics": lines},
        }

    widgets = [
        {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(alarm_arns)}},
        graph("Requests", REQUESTS, [("Invocations", "Sum"), ("InvocationsPerInstance", "Sum")]),
        graph("Errors", REQUESTS, [("Invocation5XXErrors", "Sum"), ("Invocation4XXErrors", "Sum")]),
        graph("Latency (µs)", REQUESTS, [("ModelLatency", "p50"), ("ModelLatency", "p99"), ("OverheadLatency", "p99")]),
        graph("Load (%)", INSTANCES, [("CPUUtilization", "Average"), ("MemoryUtilization", "Average")]),
        graph("Disk (%)", INSTANCES, [("DiskUtilization", "Average")]),
    ]
    places = (
        {"x": WIDTH * (place % 2), "y": HEIGHT * (place // 2), "width": WIDTH, "height": HEIGHT}
        for place in range(len(widgets))
    )
    return {"widgets": [{**widget, **place} for widget, place in zip(widgets, places, strict=True)]}
