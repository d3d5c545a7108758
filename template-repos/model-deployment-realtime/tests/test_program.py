"""The resources that the program declares, rendered once for each environment."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from example_settings import EXAMPLE, in_force
from test_watching import CODE, CONTAINER, built

from deployment import settings
from deployment.deploy import PROGRAM
from mlops_platform.release.testing import rendering
from mlops_platform.release.testing.example import PROJECT, model_name
from mlops_platform.release.testing.rendering import PARAMETERS, Rendering, version

SETTINGS = settings.read(EXAMPLE)
KEY = PARAMETERS["encryption/data-key-arn"]
TOPIC = PARAMETERS["notifications/alarms-topic-arn"]
PROD = PROJECT.environments["prod"]
NAME = PROD.deployment_name
CONFIGURATION = f"{NAME}-v3-1a2b3c4"


def configured(shadow: int = 0, instances: int = 2) -> dict[str, Any]:
    """Return the configuration of the program with version 3."""
    return {
        "modelPackageArn": PROJECT.package_arn(3),
        "model": version(3).configuration(),
        "instances": str(instances),
        "container": CONTAINER.configuration(),
        "code": CODE,
        **({"shadow": version(shadow).configuration()} if shadow else {}),
    }


def render(environment: str, *, shadow: int = 0, instances: int = 2) -> Rendering:
    """Return everything that the program declares for an environment that gets version 3."""
    with in_force():
        return rendering.render(PROGRAM, environment, configured(shadow, instances))


@pytest.fixture(scope="module")
def preprod() -> Rendering:
    return render("preprod", instances=1)


@pytest.fixture(scope="module")
def prod() -> Rendering:
    return render("prod")


@pytest.fixture(scope="module")
def shadowed() -> Rendering:
    return render("prod", shadow=4)


def test_it_declares_these_resources_and_no_others(prod: Rendering, preprod: Rendering) -> None:
    assert prod.counts() == preprod.counts()
    assert prod.counts() == {
        "pulumi:providers:aws": 1,
        "mlops:index:EndpointConfiguration": 1,
        "mlops:index:EndpointAlarms": 1,
        "mlops:index:EndpointRelease": 1,
        "mlops:index:EndpointAutoscaling": 1,
        "mlops:index:EndpointDashboard": 1,
        "mlops:index:Watch": 1,
        "mlops:index:ScheduledPipeline": 1,
        "mlops:index:PipelineSchedule": 1,
        "aws:sagemaker/pipeline:Pipeline": 1,
        "aws:scheduler/scheduleGroup:ScheduleGroup": 1,
        "aws:scheduler/schedule:Schedule": 1,
        "aws:sqs/queue:Queue": 1,
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration": 1,
        "aws:sagemaker/endpoint:Endpoint": 1,
        "aws:appautoscaling/target:Target": 1,
        "aws:appautoscaling/policy:Policy": 1,
        "aws:cloudwatch/metricAlarm:MetricAlarm": 12,
        "aws:cloudwatch/dashboard:Dashboard": 1,
    }


def test_only_the_environments_account_is_reached_and_everything_is_tagged(prod: Rendering) -> None:
    provider = prod.one("aws").inputs
    assert json.loads(provider["allowedAccountIds"]) == ["333333333333"]
    assert json.loads(provider["defaultTags"])["tags"] == {
        "unit": "analytics",
        "environment": "prod",
        "sagemaker:project-name": "abalone",
        "sagemaker:project-id": "p-abcdefghijkl",
    }
    assert {r.provider for r in prod.resources if r.type.startswith("aws:")} == {"aws"}


def test_it_serves_the_model_that_the_account_made(prod: Rendering) -> None:
    (variant,) = prod.one("EndpointConfiguration", f"{NAME}-v3").inputs["productionVariants"]
    assert variant["modelName"] == model_name("prod", 3)


def test_disks_and_captured_requests_are_encrypted_with_the_accounts_key(prod: Rendering) -> None:
    configuration = prod.one("EndpointConfiguration", f"{NAME}-v3").inputs
    capture = configuration["dataCaptureConfig"]
    assert configuration["kmsKeyArn"] == capture["kmsKeyId"] == KEY
    assert capture["destinationS3Uri"] == f"s3://{PROD.artifacts_bucket}/captured/p-abcdefghijkl/v3"
    assert capture["enableCapture"] is True
    assert [option["captureMode"] for option in capture["captureOptions"]] == ["Input", "Output"]


def test_replaced_configurations_are_kept_and_have_random_names(prod: Rendering) -> None:
    kept = [r for r in prod.resources if r.retained]
    assert [(r.name, r.type.rpartition(":")[2]) for r in kept] == [(f"{NAME}-v3", "EndpointConfiguration")]
    assert not [r for r in kept if "name" in r.inputs]


def test_production_has_two_instances_or_more_and_as_many_as_serve_already() -> None:
    rendering = render("prod", instances=5)
    configuration = rendering.one("EndpointConfiguration", f"{NAME}-v3")
    (variant,) = configuration.inputs["productionVariants"]
    assert variant["initialInstanceCount"] == 5
    target = rendering.one("Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 6)
    assert target["resourceId"] == f"endpoint/{NAME}/variant/AllTraffic"


def test_a_shadow_starts_with_as_many_instances_as_the_production_variant() -> None:
    configuration = render("prod", shadow=4, instances=5).one("EndpointConfiguration", f"{NAME}-v3").inputs
    (production,), (shadow,) = configuration["productionVariants"], configuration["shadowProductionVariants"]
    assert production["initialInstanceCount"] == shadow["initialInstanceCount"] == 5


def test_no_change_is_ignored_as_the_engine_would_put_the_old_value_into_a_replacement(prod: Rendering) -> None:
    assert [r.name for r in prod.resources if r.ignored] == []


def release_of(rendering: Rendering) -> dict[str, Any]:
    return rendering.one("Endpoint").inputs["deploymentConfig"]


def test_production_is_released_by_a_canary_that_an_alarm_rolls_back(prod: Rendering) -> None:
    policy = release_of(prod)["blueGreenUpdatePolicy"]
    assert policy["trafficRoutingConfiguration"] == {
        "type": "CANARY",
        "canarySize": {"type": "CAPACITY_PERCENT", "value": 50},
        "waitIntervalInSeconds": 300,
    }
    assert policy["terminationWaitInSeconds"] == 300
    assert policy["maximumExecutionTimeoutInSeconds"] == 1800
    alarms = release_of(prod)["autoRollbackConfiguration"]["alarms"]
    assert [alarm["alarmName"] for alarm in alarms] == [f"{NAME}-version-errors", f"{NAME}-version-latency"]


def test_preprod_moves_at_once_and_is_watched_all_the_same(preprod: Rendering) -> None:
    policy = release_of(preprod)["blueGreenUpdatePolicy"]
    assert policy["trafficRoutingConfiguration"] == {"type": "ALL_AT_ONCE", "waitIntervalInSeconds": 0}
    assert policy["terminationWaitInSeconds"] == 300
    assert len(release_of(preprod)["autoRollbackConfiguration"]["alarms"]) == 2


def test_alarms_that_roll_a_release_back_watch_the_new_version_alone(prod: Rendering) -> None:
    whole = {"EndpointName": NAME, "VariantName": "AllTraffic"}
    dimensions = {each["name"].removeprefix(f"{NAME}-"): each["dimensions"] for each in endpoint_alarms(prod)}
    assert dimensions == {
        "server-errors": whole,
        "model-errors": whole,
        "client-errors": whole,
        "latency": whole,
        "overload": whole,
        "version-errors": {**whole, "EndpointConfigName": CONFIGURATION},
        "version-latency": {**whole, "EndpointConfigName": CONFIGURATION},
    }


def test_alarms_exist_before_the_release_that_they_watch(prod: Rendering) -> None:
    assert prod.one("Endpoint").dependencies >= {f"{NAME}-v3", "version-errors", "version-latency"}
    assert prod.one("MetricAlarm", "version-errors").dependencies >= {f"{NAME}-v3"}


def test_every_alarm_notifies_the_accounts_topic_and_missing_data_is_no_alarm(prod: Rendering) -> None:
    for alarm in endpoint_alarms(prod):
        assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]
        assert alarm["treatMissingData"] == "notBreaching"
        assert alarm["datapointsToAlarm"] <= alarm["evaluationPeriods"]
        assert alarm["name"].startswith(f"{NAME}-")


def endpoint_alarms(rendering: Rendering) -> list[Mapping[str, Any]]:
    """Return the alarms that look at the endpoint's own metrics."""
    alarms = [r.inputs for r in rendering.resources if r.type.endswith(":MetricAlarm")]
    return [each for each in alarms if each["namespace"] == "AWS/SageMaker"]


def test_limits_are_in_the_units_of_the_metrics(prod: Rendering) -> None:
    limits = {r.name: r.inputs["threshold"] for r in prod.resources if r.type.endswith(":MetricAlarm")}
    assert limits["version-errors"] == limits["server-errors"] == SETTINGS.alarms.server_error_percent / 100
    assert limits["client-errors"] == SETTINGS.alarms.client_error_percent / 100
    assert limits["version-latency"] == SETTINGS.alarms.latency_milliseconds * 1000
    assert limits["overload"] == 1.5 * SETTINGS.scaling.invocations_per_instance


def test_an_alarm_that_rolls_a_release_back_fires_while_the_canary_bakes(prod: Rendering) -> None:
    for name in ("version-errors", "version-latency"):
        alarm = prod.one("MetricAlarm", name).inputs
        assert alarm["evaluationPeriods"] * alarm["period"] < SETTINGS.release.baking_minutes * 60


def test_instances_follow_the_requests(prod: Rendering) -> None:
    policy = prod.one("Policy").inputs
    tracking = policy["targetTrackingScalingPolicyConfiguration"]
    assert policy["resourceId"] == f"endpoint/{NAME}/variant/AllTraffic"
    assert tracking["predefinedMetricSpecification"] == {
        "predefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    }
    assert tracking["targetValue"] == SETTINGS.scaling.invocations_per_instance


def test_the_dashboard_shows_every_alarm_and_metrics_of_this_endpoint_alone(prod: Rendering) -> None:
    dashboard = prod.one("Dashboard").inputs
    assert dashboard["dashboardName"] == NAME
    alarms, *graphs = json.loads(dashboard["dashboardBody"])["widgets"]
    assert len(alarms["properties"]["alarms"]) == 12
    lines = [line for graph in graphs for line in graph["properties"]["metrics"]]
    assert {tuple(line[2:6]) for line in lines} == {
        ("EndpointName", NAME, "VariantName", "AllTraffic"),
        ("Project", "p-abcdefghijkl", "Environment", "prod"),
    }


def test_a_shadow_gets_its_share_of_the_requests_and_is_on_the_dashboard(shadowed: Rendering) -> None:
    configuration = shadowed.one("EndpointConfiguration", f"{NAME}-v3").inputs
    (production,), (shadow,) = configuration["productionVariants"], configuration["shadowProductionVariants"]
    assert (production["modelName"], shadow["modelName"]) == (model_name("prod", 3), model_name("prod", 4))
    assert (production["initialVariantWeight"], shadow["initialVariantWeight"]) == (1.0, 1.0)
    body = shadowed.one("Dashboard").inputs["dashboardBody"]
    assert '"VariantName", "Shadow"' in body


def test_without_a_shadow_there_is_none(prod: Rendering) -> None:
    assert "shadowProductionVariants" not in prod.one("EndpointConfiguration", f"{NAME}-v3").inputs


def test_the_values_that_the_deploy_command_checks_are_exported(prod: Rendering) -> None:
    assert json.loads(prod.exports["watchDefinition"]) == built()
    assert {name: value for name, value in prod.exports.items() if name != "watchDefinition"} == {
        "endpointName": NAME,
        "endpointConfigName": CONFIGURATION,
        "modelPackageArn": PROJECT.package_arn(3),
    }


def test_what_watches_is_called_after_the_project_so_that_policies_know_it(prod: Rendering) -> None:
    pipeline, group, schedule = (prod.one(kind).inputs for kind in ("Pipeline", "ScheduleGroup", "Schedule"))
    watch = f"{NAME}-watch"
    assert pipeline["pipelineName"] == group["name"] == schedule["name"] == schedule["groupName"] == watch
    assert prod.one("Queue").inputs["name"] == f"{watch}-dead-letters"
    assert pipeline["roleArn"] == f"arn:aws:iam::333333333333:role/{NAME}-watch"
    assert json.loads(pipeline["pipelineDefinition"]) == built()


def test_the_schedule_passes_its_time_from_which_the_window_follows(prod: Rendering) -> None:
    schedule = prod.one("Schedule").inputs
    assert schedule["scheduleExpression"] == "cron(0 0 * * ? *)"
    assert schedule["target"]["roleArn"] == f"arn:aws:iam::333333333333:role/{NAME}-schedule"
    assert json.loads(schedule["target"]["input"]) == {
        "PipelineName": f"{NAME}-watch",
        "ClientRequestToken": "p-abcdefghijkl-watch-<aws.scheduler.scheduled-time>",
        "PipelineParameters": [{"Name": "Scheduled", "Value": "<aws.scheduler.scheduled-time>"}],
    }


def test_drift_and_wrong_answers_alone_ask_for_a_retraining_and_each_such_run_is_a_change_of_state(
    prod: Rendering,
) -> None:
    alarms = {r.inputs["name"]: r.inputs for r in prod.resources if r.type.endswith(":MetricAlarm")}
    retraining = PARAMETERS["monitoring/retraining-function-arn"]
    told = {f"{NAME}-drift": "DriftedFeatures", f"{NAME}-quality": "InsufficientQuality"}
    assert {name for name, each in alarms.items() if retraining in each["alarmActions"]} == set(told)
    for name, metric_name in told.items():
        alarm = alarms[name]
        assert alarm["alarmActions"] == [TOPIC, retraining]
        assert (alarm["metricName"], alarm["threshold"], alarm["treatMissingData"]) == (metric_name, 0, "missing")
        # Over before the next run, also where one comes every hour.
        assert (alarm["period"], alarm["evaluationPeriods"]) == (300, 1)
    for name in ("dead-letters", "failed", "unreadable"):
        assert alarms[f"{NAME}-watch-{name}"]["alarmActions"] == [TOPIC]
    unreadable = alarms[f"{NAME}-watch-unreadable"]
    assert (unreadable["metricName"], unreadable["threshold"]) == ("QuarantinedPercent", 50)


def test_preproduction_tells_its_people_and_asks_for_no_retraining(preprod: Rendering) -> None:
    alarms = {r.inputs["name"]: r.inputs for r in preprod.resources if r.type.endswith(":MetricAlarm")}
    name = PROJECT.environments["preprod"].deployment_name
    for cause in ("drift", "quality"):
        assert alarms[f"{name}-{cause}"]["alarmActions"] == [TOPIC]
    retraining = PARAMETERS["monitoring/retraining-function-arn"]
    assert all(retraining not in each["alarmActions"] for each in alarms.values())


def test_where_no_truth_is_looked_for_there_is_no_alarm_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    without = replace(SETTINGS, watch=replace(SETTINGS.watch, truth_days=0))

    def read(_: Path) -> settings.Settings:
        return without

    monkeypatch.setattr(settings, "read", read)
    rendered = rendering.render(PROGRAM, "prod", configured())
    assert rendered.counts()["aws:cloudwatch/metricAlarm:MetricAlarm"] == 11
    assert "truth/" not in rendered.exports["watchDefinition"]


def test_nothing_watches_where_the_settings_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    unwatched = replace(SETTINGS, watch=replace(SETTINGS.watch, every_hours=0))

    def read(_: Path) -> settings.Settings:
        return unwatched

    monkeypatch.setattr(settings, "read", read)
    configuration = {
        "modelPackageArn": PROJECT.package_arn(3),
        "model": version(3).configuration(),
        "instances": "2",
    }
    counts = rendering.render(PROGRAM, "prod", configuration).counts()
    assert counts["aws:cloudwatch/metricAlarm:MetricAlarm"] == 7
    assert [kind for kind in counts if "Pipeline" in kind or "Schedule" in kind or "Watch" in kind] == []
