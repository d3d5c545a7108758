"""Scaling of endpoints: targets, policies and their alarms, and the permissions for them."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox_aws.account import Account, allow
from tests.sandbox_aws.hosting import Hosting, variant
from tests.sandbox_aws.test_aws_endpoints_updating import alarm, interrupted, policy
from tests.sandbox_aws.test_aws_permissions import refusal

SCALED: dict[str, Any] = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/scaling/variant/scaling",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
POLICY: dict[str, Any] = {
    **SCALED,
    "PolicyName": "follow",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 10.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    },
}
ENDPOINT = "arn:aws:sagemaker:eu-west-1:111111111111:endpoint/scaling"
ALARMS = "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:TargetTracking-endpoint/scaling/variant/scaling-*"
LINKED = "sagemaker.application-autoscaling.amazonaws.com"


@pytest.fixture(scope="module")
def hosting(dev: Account) -> Iterator[Hosting]:
    """An endpoint with one variant."""
    with Hosting.prepare(dev, "scaling-models") as prepared:
        prepared.endpoint("scaling", prepared.configuration("scaling", prepared.model("scaling")))
        yield prepared


def grants(*, linked: bool = True) -> list[Any]:
    """Return the statements that scaling takes."""
    ours = {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}}
    return [
        allow("application-autoscaling:*", "*", ours),
        allow("application-autoscaling:ListTagsForResource"),
        allow(["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"], ENDPOINT),
        allow(["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"], ALARMS),
        *([allow("iam:CreateServiceLinkedRole", when={"StringEquals": {"iam:AWSServiceName": LINKED}})] * linked),
    ]


@pytest.mark.usefixtures("hosting")
def test_a_variant_is_registered_followed_and_forgotten(dev: Account) -> None:
    without = dev.client("application-autoscaling", dev.assume(dev.role("scaling-without", *grants(linked=False))))
    capacity = {"MinCapacity": 1, "MaxCapacity": 2}
    code, message = refusal(without.register_scalable_target, **SCALED, **capacity)
    assert (code, "iam:CreateServiceLinkedRole" in message) == ("AccessDeniedException", True)

    scaling = dev.client("application-autoscaling", dev.assume(dev.role("scaling-with", *grants())))
    assert refusal(scaling.put_scaling_policy, **POLICY) == (
        "ObjectNotFoundException",
        (
            "No scalable target registered for service namespace: sagemaker, resource ID: "
            "endpoint/scaling/variant/scaling, scalable dimension: sagemaker:variant:DesiredInstanceCount"
        ),
    )
    arn = scaling.register_scalable_target(**SCALED, **capacity, Tags={"unit": "test"})["ScalableTargetARN"]
    scaling.register_scalable_target(**SCALED, MaxCapacity=3)
    tagging = refusal(scaling.register_scalable_target, **SCALED, MaxCapacity=3, Tags={"unit": "another"})
    assert (tagging[0], "use the TagResource API" in tagging[1]) == ("ValidationException", True)
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["ScalableTargetARN"], target["MinCapacity"], target["MaxCapacity"]) == (arn, 1, 3)
    assert target["RoleARN"].endswith(f"/{LINKED}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"unit": "test"}

    made = scaling.put_scaling_policy(**POLICY)
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["PolicyARN"] == made["PolicyARN"]
    names = [alarm["AlarmName"] for alarm in made["Alarms"]]
    described = dev.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert sorted((alarm["ComparisonOperator"], alarm["Threshold"]) for alarm in described) == [
        ("GreaterThanThreshold", 10.0),
        ("LessThanThreshold", 9.0),
    ]

    scaling.deregister_scalable_target(**SCALED)
    assert dev.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    assert refusal(scaling.deregister_scalable_target, **SCALED)[0] == "ObjectNotFoundException"


def test_usage_beyond_the_target_adds_instances_up_to_the_most_that_are_allowed(dev: Account, hosting: Hosting) -> None:
    scaling = dev.client("application-autoscaling")
    scaling.register_scalable_target(**SCALED, MinCapacity=1, MaxCapacity=2)
    scaling.put_scaling_policy(**POLICY)
    point = {
        "MetricName": "InvocationsPerInstance",
        "Dimensions": [{"Name": "EndpointName", "Value": "scaling"}, {"Name": "VariantName", "Value": "scaling"}],
        "Value": 1000.0,
    }
    deadline = time.monotonic() + 15
    while hosting.settled("scaling")["ProductionVariants"][0]["CurrentInstanceCount"] != 2:
        assert time.monotonic() < deadline, "nothing is scaled"
        dev.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=[point])
        time.sleep(0.2)
    scaling.deregister_scalable_target(**SCALED)


def test_registration_moves_a_variant_into_the_range_at_once(dev: Account, hosting: Hosting) -> None:
    scaling = dev.client("application-autoscaling")
    counts: list[int] = []
    for least, most in ((3, 4), (1, 4), (1, 1)):
        scaling.register_scalable_target(**SCALED, MinCapacity=least, MaxCapacity=most)
        counts.append(hosting.settled("scaling")["ProductionVariants"][0]["CurrentInstanceCount"])
    scaling.deregister_scalable_target(**SCALED)
    assert counts == [3, 3, 1]


def test_alarms_are_still_evaluated_after_a_scaling_action_failed_during_an_update(
    dev: Account, hosting: Hosting
) -> None:
    scaling, cloudwatch = dev.client("application-autoscaling"), dev.client("cloudwatch")
    scaling.register_scalable_target(**SCALED, MinCapacity=1, MaxCapacity=4)
    dimensions = [{"Name": "EndpointName", "Value": "scaling"}, {"Name": "VariantName", "Value": "scaling"}]
    point = {"MetricName": "InvocationsPerInstance", "Dimensions": dimensions, "Value": 1000.0}

    def history(name: str, kind: str) -> list[str]:
        found = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType=kind)
        return [item["HistorySummary"] for item in found["AlarmHistoryItems"]]

    hosting.configuration("scaling-baking", ProductionVariants=[variant("scaling")])
    with interrupted(hosting, "scaling", "scaling-baking", policy(bake=3600)):
        # Not before the update starts: data points of other tests would scale the endpoint.
        alarms = [found["AlarmName"] for found in scaling.put_scaling_policy(**POLICY)["Alarms"]]
        high = next(name for name in alarms if "AlarmHigh" in name)

        def has_acted() -> bool:
            cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=[point])
            return bool(history(high, "Action"))

        hosting.wait_for(has_acted)
        assert "Failed to execute action" in history(high, "Action")[0]
        assert "Cannot update in-progress endpoint" in history(high, "Action")[0]
        later = alarm(hosting, "nothing")
        hosting.wait_for(lambda: "Alarm updated from INSUFFICIENT_DATA to OK" in history(later, "StateUpdate"))
        cloudwatch.delete_alarms(AlarmNames=[later])
    scaling.deregister_scalable_target(**SCALED)


def test_the_type_of_instances_that_are_scaled_is_changed_only_after_they_are_deregistered(
    dev: Account, hosting: Hosting
) -> None:
    larger = {**variant("scaling"), "InstanceType": "ml.m5.xlarge"}
    for name, wanted in (("another-model", variant("scaling")), ("larger", larger)):
        hosting.configuration(f"scaling-{name}", ProductionVariants=[wanted])
    scaling, update = dev.client("application-autoscaling"), hosting.sagemaker.update_endpoint
    scaling.register_scalable_target(**SCALED, MinCapacity=1, MaxCapacity=2)
    change: dict[str, Any] = {"EndpointName": "scaling", "EndpointConfigName": "scaling-larger"}
    code, message = refusal(update, **change)
    assert (code, "target of automatic scaling" in message) == ("ValidationException", True)
    update(**(change | {"EndpointConfigName": "scaling-another-model"}))
    assert hosting.settled("scaling")["EndpointConfigName"] == "scaling-another-model"
    scaling.deregister_scalable_target(**SCALED)
    update(**change)
    assert hosting.settled("scaling")["EndpointConfigName"] == "scaling-larger"


@pytest.mark.usefixtures("hosting")
@pytest.mark.parametrize("lacking", ["endpoint", "endpoint-config"])
def test_an_endpoint_is_updated_and_invoked_only_with_permission(lacking: str, dev: Account) -> None:
    place = "arn:aws:sagemaker:eu-west-1:111111111111"
    resources = [f"{place}:{kind}/scaling" for kind in ("endpoint", "endpoint-config") if kind != lacking]
    who = dev.assume(dev.role(f"scaling-without-{lacking}", allow("sagemaker:*", resources)))
    code, message = refusal(
        dev.client("sagemaker", who).update_endpoint, EndpointName="scaling", EndpointConfigName="scaling"
    )
    assert (code, "sagemaker:UpdateEndpoint" in message) == ("AccessDeniedException", True)
    ask: dict[str, Any] = {"EndpointName": "scaling", "ContentType": "text/csv", "Body": b"1"}
    if lacking == "endpoint":
        assert refusal(dev.client("sagemaker-runtime", who).invoke_endpoint, **ask)[0] == "AccessDeniedException"
    else:
        dev.client("sagemaker-runtime", who).invoke_endpoint(**ask)
