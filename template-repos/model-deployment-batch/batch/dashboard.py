"""The batch's dashboard in CloudWatch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from mlops_platform.monitoring import metric
from mlops_platform.scheduled.alarms import PIPELINES
from mlops_platform.scheduled.names import Names

WIDTH, HEIGHT = 12, 6
HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """The batch that is shown."""

    names: Names
    alarm_arns: Sequence[pulumi.Input[str]]


class Dashboard(pulumi.ComponentResource):
    """Alarms, executions, rows and drift, side by side."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:BatchDashboard", name, None, opts)
        aws.cloudwatch.Dashboard(
            "dashboard",
            dashboard_name=args.names.pipeline,
            dashboard_body=pulumi.Output.all(*args.alarm_arns).apply(lambda arns: json.dumps(body(args.names, arns))),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def body(names: Names, alarm_arns: Sequence[str]) -> dict[str, Any]:
    """Return the dashboard in CloudWatch's format."""
    pipeline = ("PipelineName", names.pipeline)
    watched = ("Project", names.project.id, "Environment", names.environment.name)
    region = names.project.region

    def graph(
        title: str, namespace: str, dimensions: Sequence[str], statistic: str, metrics: Sequence[str]
    ) -> dict[str, Any]:
        lines = [[namespace, each, *dimensions, {"stat": statistic}] for each in metrics]
        properties = {"title": title, "region": region, "view": "timeSeries", "period": HOUR, "metrics": lines}
        return {"type": "metric", "properties": properties}

    executions = ("ExecutionStarted", "ExecutionSucceeded", "ExecutionFailed")
    drift = (metric.MAXIMUM_PSI, metric.DRIFTED_FEATURES)
    widgets = [
        {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(alarm_arns)}},
        graph("Runs", PIPELINES, pipeline, "Sum", executions),
        graph("Duration (ms)", PIPELINES, pipeline, "Maximum", ("ExecutionDuration",)),
        graph("Rows", metric.NAMESPACE, watched, "Sum", (metric.ROWS, metric.QUARANTINED)),
        graph("Drift", metric.NAMESPACE, watched, "Maximum", drift),
        graph("Quarantine (%)", metric.NAMESPACE, watched, "Maximum", (metric.QUARANTINED_PERCENT,)),
    ]
    places = (
        {"x": WIDTH * (place % 2), "y": HEIGHT * (place // 2), "width": WIDTH, "height": HEIGHT}
        for place in range(len(widgets))
    )
    return {"widgets": [{**widget, **place} for widget, place in zip(widgets, places, strict=True)]}
