"""Alarms and dashboards: Amazon CloudWatch."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws, only
from sandbox.plugins.aws.convert import given, picked, tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName
from sandbox.plugins.values import list_of, mapping_of


class MetricAlarm(AwsResource):
    """An alarm on a metric, or on an expression over several metrics; its id is its name."""

    type_name = "aws:cloudwatch/metricAlarm:MetricAlarm"
    inputs = Inputs(
        "alarmActions alarmDescription comparisonOperator datapointsToAlarm dimensions evaluationPeriods",
        "extendedStatistic insufficientDataActions metricName namespace okActions period statistic tags threshold",
        "thresholdMetricId unit",
        replaces="name",
        computed="evaluateLowSampleCountPercentiles name",
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        objects={
            "metricQueries": Inputs(
                "accountId expression id label period",
                defaults={"returnData": False},
                objects={"metric": Inputs("dimensions metricName namespace period stat unit")},
            )
        },
    )
    outputs = ("arn",)
    auto_name = AutoName()
    gone = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
    _names: ClassVar = {
        "name": "AlarmName",
        "actionsEnabled": "ActionsEnabled",
        "alarmActions": "AlarmActions",
        "alarmDescription": "AlarmDescription",
        "comparisonOperator": "ComparisonOperator",
        "datapointsToAlarm": "DatapointsToAlarm",
        "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
        "evaluationPeriods": "EvaluationPeriods",
        "extendedStatistic": "ExtendedStatistic",
        "insufficientDataActions": "InsufficientDataActions",
        "metricName": "MetricName",
        "namespace": "Namespace",
        "okActions": "OKActions",
        "period": "Period",
        "statistic": "Statistic",
        "thresholdMetricId": "ThresholdMetricId",
        "treatMissingData": "TreatMissingData",
        "unit": "Unit",
    }
    _query_names: ClassVar = {
        "accountId": "AccountId",
        "expression": "Expression",
        "id": "Id",
        "label": "Label",
        "period": "Period",
        "returnData": "ReturnData",
    }
    _alone: ClassVar = ("dimensions", "extendedStatistic", "metricName", "namespace", "period", "statistic")
    """Properties that an alarm on an expression cannot have."""

    def refusals(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Refuse what the official provider refuses before it calls CloudWatch."""
        queries = wanted.get("metricQueries")
        if (wanted.get("metricName") is None) == (queries is None):
            yield "metricName", "exactly one of metricName, metricQueries must be specified"
        if queries is not None:
            for name in self._alone:
                if wanted.get(name) is not None:
                    yield name, f'"{name}" conflicts with metricQueries'
        statistics = [name for name in ("statistic", "extendedStatistic") if wanted.get(name) is not None]
        if wanted.get("metricName") is not None and len(statistics) != 1:
            yield (
                "statistic",
                "One of `statistic` or `extended_statistic` must be set for a cloudwatch metric alarm",
            )
        if wanted.get("threshold") is not None and wanted.get("thresholdMetricId") is not None:
            yield "threshold", '"threshold" conflicts with thresholdMetricId'
        for name in ("comparisonOperator", "evaluationPeriods"):
            if wanted.get(name) is None:
                yield name, "this property is required for traditional metric alarms"
        if isinstance(queries, list):
            for query in list_of(queries):
                if isinstance(query, dict) and {"expression", "metric"} <= mapping_of(query).keys():
                    yield "metricQueries", "No metric_query may have both `expression` and a `metric` specified"

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the alarm."""
        self._put(cloud, wanted, Tags=tag_list(wanted["tagsAll"]))
        return wanted["name"]

    def _put(self, cloud: Aws, wanted: Values, **more: Any) -> None:
        sent = given(wanted, self._names)
        if wanted.get("dimensions"):
            sent["Dimensions"] = tag_list(wanted["dimensions"], "Name")
        if wanted.get("metricQueries"):
            sent["Metrics"] = [self._query_to_aws(query) for query in wanted["metricQueries"]]
        if "ThresholdMetricId" not in sent:
            sent["Threshold"] = wanted.get("threshold", 0)
        cloud.client("cloudwatch").put_metric_alarm(**sent, **more)

    def _query_to_aws(self, query: Values) -> Values:
        sent = given(query, self._query_names)
        if query.get("metric"):
            metric: Values = query["metric"]
            sent["MetricStat"] = {
                "Metric": {
                    **given(metric, {"metricName": "MetricName", "namespace": "Namespace"}),
                    "Dimensions": tag_list(mapping_of(metric.get("dimensions")), "Name"),
                },
                **given(metric, {"period": "Period", "stat": "Stat", "unit": "Unit"}),
            }
        return sent

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the alarm."""
        client = cloud.client("cloudwatch")
        alarm = only(
            client.describe_alarms(AlarmNames=[identifier], AlarmTypes=["MetricAlarm"]).get("MetricAlarms", [])
        )
        return {
            **{name: alarm.get(aws_name) for name, aws_name in self._names.items()},
            "arn": alarm["AlarmArn"],
            "dimensions": tag_map(alarm.get("Dimensions"), "Name"),
            "metricQueries": [self._query_from_aws(query) for query in alarm.get("Metrics", [])] or None,
            "threshold": alarm.get("Threshold"),
            "treatMissingData": alarm.get("TreatMissingData") or "missing",
            "tagsAll": tag_map(client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]),
        }

    def _query_from_aws(self, query: Mapping[str, Any]) -> Values:
        converted = picked(
            query, {name: aws_name for name, aws_name in self._query_names.items() if query.get(aws_name)}
        )
        statistic = query.get("MetricStat")
        if statistic:
            metric = statistic["Metric"]
            converted["metric"] = {
                **picked(metric, {"metricName": "MetricName", "namespace": "Namespace"}),
                **picked(statistic, {"period": "Period", "stat": "Stat", "unit": "Unit"}),
                "dimensions": tag_map(metric.get("Dimensions"), "Name"),
            }
        return converted

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        client = cloud.client("cloudwatch")
        if removed:
            client.untag_resource(ResourceARN=state["arn"], TagKeys=removed)
        if added:
            client.tag_resource(ResourceARN=state["arn"], Tags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the whole alarm again."""
        self._put(cloud, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the alarm."""
        cloud.client("cloudwatch").delete_alarms(AlarmNames=[identifier])


class Dashboard(AwsResource):
    """A dashboard; its id is its name."""

    type_name = "aws:cloudwatch/dashboard:Dashboard"
    inputs = Inputs(replaces="dashboardName", json="dashboardBody")
    outputs = ("dashboardArn",)
    gone = frozenset({"ResourceNotFound", "DashboardNotFoundError"})

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the dashboard."""
        self._put(cloud, wanted)
        return wanted["dashboardName"]

    @staticmethod
    def _put(cloud: Aws, wanted: Values) -> None:
        cloud.client("cloudwatch").put_dashboard(
            DashboardName=wanted["dashboardName"], DashboardBody=wanted["dashboardBody"]
        )

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the dashboard."""
        found = cloud.client("cloudwatch").get_dashboard(DashboardName=identifier)
        names = {"dashboardArn": "DashboardArn", "dashboardBody": "DashboardBody", "dashboardName": "DashboardName"}
        return picked(found, names)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the dashboard again."""
        self._put(cloud, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the dashboard."""
        cloud.client("cloudwatch").delete_dashboards(DashboardNames=[identifier])


TYPES = (MetricAlarm(), Dashboard())
