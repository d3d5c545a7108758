"""The endpoint's dashboard in CloudWatch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from endpoint import METRICS, SHADOW, VARIANT
from mlops_platform.monitoring import metric

INSTANCES = "/aws/sagemaker/Endpoints"
WIDTH, HEIGHT = 12, 6
HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """The endpoint that is shown."""

    endpoint_name: str
    region: str
    alarm_arns: Sequence[pulumi.Input[str]]
    shadow: bool
    """Show a shadow beside the variant that answers."""
    watched: Mapping[str, str] | None
    """Dimensions of the metrics of what watches the endpoint; None when nothing does."""


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

    def graph(title: str, lines: list[list[Any]], period: int = 60) -> dict[str, Any]:
        shown = {"title": title, "region": args.region, "view": "timeSeries", "period": period, "metrics": lines}
        return {"type": "metric", "properties": shown}

    def of_variants(namespace: str, *metrics: tuple[str, str]) -> list[list[Any]]:
        return [
            [namespace, name, "EndpointName", args.endpoint_name, "VariantName", variant, {"stat": statistic}]
            for variant in variants
            for name, statistic in metrics
        ]

    def of_watching(*names: str) -> list[list[Any]]:
        dimensions = [text for pair in (args.watched or {}).items() for text in pair]
        return [[metric.NAMESPACE, name, *dimensions, {"stat": "Maximum"}] for name in names]

    widgets = [
        {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(alarm_arns)}},
        graph("Requests", of_variants(METRICS, ("Invocations", "Sum"), ("InvocationsPerInstance", "Sum"))),
        graph("Errors", of_variants(METRICS, ("Invocation5XXErrors", "Sum"), ("Invocation4XXErrors", "Sum"))),
        graph(
            "Latency (µs)",
            of_variants(METRICS, ("ModelLatency", "p50"), ("ModelLatency", "p99"), ("OverheadLatency", "p99")),
        ),
        graph("Load (%)", of_variants(INSTANCES, ("CPUUtilization", "Average"), ("MemoryUtilization", "Average"))),
        graph("Disk (%)", of_variants(INSTANCES, ("DiskUtilization", "Average"))),
    ]
    if args.watched:
        widgets += [
            graph("Drift", of_watching(metric.MAXIMUM_PSI, metric.DRIFTED_FEATURES), HOUR),
            graph("Rows compared with training", of_watching(metric.ROWS, metric.QUARANTINED), HOUR),
            graph("Error of answers with known truth", of_watching(metric.MEAN_SQUARED_ERROR), HOUR),
            graph("Answers with known truth", of_watching(metric.ROWS_WITH_TRUTH), HOUR),
        ]
    places = (
        {"x": WIDTH * (place % 2), "y": HEIGHT * (place // 2), "width": WIDTH, "height": HEIGHT}
        for place in range(len(widgets))
    )
    return {"widgets": [{**widget, **place} for widget, place in zip(widgets, places, strict=True)]}
