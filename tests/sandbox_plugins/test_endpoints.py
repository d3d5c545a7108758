"""Models, endpoints and their scaling, against a fake SageMaker whose outcomes the test sets."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.properties import Values
from sandbox.plugins.server import start
from tests.sandbox_plugins.cases.dependencies import Dependencies
from tests.sandbox_plugins.cases.serving import (
    CONFIGURATION,
    ENDPOINT,
    MODEL,
    ROLE,
    SCALED,
    SERVING,
    canary,
    tracking,
    variant,
)
from tests.sandbox_plugins.fake_autoscaling import FakeAutoScaling
from tests.sandbox_plugins.fake_sagemaker import FakeSageMaker
from tests.sandbox_plugins.fakes import run_fake
from tests.sandbox_plugins.lifecycle import run_lifecycle
from tests.sandbox_plugins.plugin import Plugin, RefusedByPluginError, ResourceState


class ServingProvider(AwsProvider):
    """The provider, whose SageMaker and Application Auto Scaling are fakes."""

    def __init__(self, sagemaker: str, autoscaling: str) -> None:
        self._addresses = {"sagemaker": sagemaker, "application-autoscaling": autoscaling}

    def connect(self, configuration: Values) -> Aws:
        """Create the clients while the fakes' addresses are in the environment; no other service is used."""
        cloud = Aws("eu-west-1", {"unit": "analytics"})
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", "111111111111")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "root")
            for service, address in self._addresses.items():
                patch.setenv("AWS_ENDPOINT_URL", address)
                cloud.client(service)
        return cloud


class ServingDependencies(Dependencies):
    """Endpoint configurations, created on first use."""

    def __init__(self, plugin: Plugin) -> None:
        super().__init__(plugin)
        self._plugin = plugin

    def id(self, key: str) -> str:
        """Return the name of a configuration, created if there is none."""
        return configuration(self._plugin, key).id


def do_not_wait(seconds: float) -> None:
    """Return at once."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """The aws plugin in front of two fakes."""

    plugin: Plugin
    sagemaker: FakeSageMaker
    autoscaling: FakeAutoScaling


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    """The plugin and both fakes, started once: creating SageMaker's client alone takes longer than a test."""
    sagemaker, autoscaling = FakeSageMaker(), FakeAutoScaling()
    with run_fake(sagemaker), run_fake(autoscaling):
        server, port = start(ServingProvider(sagemaker.address, autoscaling.address))
        plugin = Plugin(port)
        plugin.configure()
        yield Served(plugin=plugin, sagemaker=sagemaker, autoscaling=autoscaling)
        plugin.close()
        server.stop(None).wait()


@pytest.fixture
def serving(running: Served, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """The aws plugin in front of empty fakes, and without its pauses."""
    running.sagemaker.reset()
    running.autoscaling.reset()
    monkeypatch.setattr(time, "sleep", do_not_wait)
    return running.plugin


@pytest.fixture
def sagemaker(serving: Plugin, running: Served) -> FakeSageMaker:
    """The fake SageMaker that `serving` uses."""
    return running.sagemaker


def configuration(plugin: Plugin, name: str) -> ResourceState:
    """Create a configuration."""
    return plugin.create(CONFIGURATION, {"name": name, "productionVariants": [variant()]})


def endpoint(plugin: Plugin, **more: Any) -> tuple[ResourceState, dict[str, Any]]:
    """Create an endpoint that serves `v1`."""
    inputs = {"name": "probe", "endpointConfigName": configuration(plugin, "v1").id, **more}
    return plugin.create(ENDPOINT, inputs), inputs


@pytest.mark.parametrize("kind", SERVING)
def test_a_serving_resource_goes_through_its_lifecycle(serving: Plugin, kind: str) -> None:
    run_lifecycle(serving, ServingDependencies(serving), AwsProvider.types[kind], SERVING[kind])


def test_an_update_that_sagemaker_rolls_back_succeeds_and_the_state_has_the_old_configuration(
    serving: Plugin, sagemaker: FakeSageMaker
) -> None:
    created, inputs = endpoint(serving, deploymentConfig=canary("errors"))
    wanted = {**inputs, "endpointConfigName": configuration(serving, "v2").id}
    sagemaker.outcomes = [{"EndpointConfigName": "v1", "FailureReason": "One or more alarms fired: errors"}]
    after = serving.update(ENDPOINT, created, wanted)
    assert after.properties["endpointConfigName"] == "v1"
    refreshed = serving.read(ENDPOINT, after, wanted)
    assert refreshed is not None
    assert refreshed[1]["endpointConfigName"] == "v1"
    assert serving.difference(ENDPOINT, refreshed[0], wanted).changed == ["endpointConfigName"]
    again = serving.update(ENDPOINT, refreshed[0], wanted)
    assert again.properties["endpointConfigName"] == "v2"


def test_an_endpoint_whose_creation_fails_is_an_error_and_not_in_the_state(
    serving: Plugin, sagemaker: FakeSageMaker
) -> None:
    sagemaker.outcomes = [{"EndpointStatus": "Failed", "FailureReason": "The container did not pass the ping"}]
    with pytest.raises(
        RefusedByPluginError,
        match=r"creating aws:sagemaker/endpoint:Endpoint \(probe\): waiting for SageMaker AI Endpoint \(probe\) create: unexpected state 'Failed', wanted target "
        r"'InService'\. last error: The container did not pass the ping",
    ):
        endpoint(serving)
    with pytest.raises(RefusedByPluginError, match="Cannot create already existing endpoint"):
        serving.create(ENDPOINT, {"name": "probe", "endpointConfigName": "v1"})


def test_an_endpoint_is_created_again_while_its_role_is_too_new(serving: Plugin, sagemaker: FakeSageMaker) -> None:
    reason = (
        f"The execution role ARN {ROLE} is invalid. Please ensure that the role exists and that its trust relationship "
        'policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com".'
    )
    sagemaker.outcomes = [{"EndpointStatus": "Failed", "FailureReason": reason}]
    assert endpoint(serving)[0].properties["endpointConfigName"] == "v1"
    assert [name for name, _ in sagemaker.requests].count("CreateEndpoint") == 2


def test_an_unknown_status_ends_an_update(serving: Plugin, sagemaker: FakeSageMaker) -> None:
    created, inputs = endpoint(serving)
    sagemaker.outcomes = [{"EndpointStatus": "RollingBack"}]
    with pytest.raises(RefusedByPluginError, match="update: unexpected state 'RollingBack', wanted target 'InService'"):
        serving.update(ENDPOINT, created, {**inputs, "endpointConfigName": configuration(serving, "v2").id})


def test_an_update_whose_old_configuration_is_gone_is_refused(serving: Plugin) -> None:
    created, inputs = endpoint(serving)
    serving.delete(CONFIGURATION, ResourceState(id="v1", properties={}))
    with pytest.raises(RefusedByPluginError, match="Could not find endpoint configuration"):
        serving.update(ENDPOINT, created, {**inputs, "endpointConfigName": configuration(serving, "v2").id})


@pytest.mark.parametrize(
    ("before", "after", "replaces"),
    [
        (canary("a"), canary("b"), []),
        (canary("a"), canary("a", percent=50), []),
        (canary("a"), {**canary(), "autoRollbackConfiguration": None}, ["deploymentConfig"]),
        (None, canary("a"), ["deploymentConfig"]),
        (canary("a"), None, ["deploymentConfig"]),
    ],
)
def test_setting_or_removing_automatic_rollback_requires_a_new_endpoint(
    serving: Plugin, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, replaces: list[str]
) -> None:
    created, inputs = endpoint(serving, deploymentConfig=before)
    difference = serving.difference(ENDPOINT, created, {**inputs, "deploymentConfig": after})
    assert (difference.changed, difference.replaces) == (["deploymentConfig"], replaces)


def test_an_update_of_a_models_subnets_does_nothing(serving: Plugin) -> None:
    inputs = SERVING[MODEL].inputs(ServingDependencies(serving))
    created = serving.create(MODEL, inputs)
    wanted = {**inputs, "vpcConfig": {"subnets": ["subnet-3"], "securityGroupIds": ["sg-1"]}}
    assert serving.difference(MODEL, created, wanted).replaces == []
    assert serving.update(MODEL, created, wanted).properties["vpcConfig"]["subnets"] == ["subnet-1", "subnet-2"]


def test_a_configuration_with_a_prefix_is_named_on_creation(serving: Plugin, sagemaker: FakeSageMaker) -> None:
    inputs = serving.check(CONFIGURATION, {"namePrefix": "v2-", "productionVariants": [variant(None)]}).inputs
    assert "name" not in inputs
    one, two = serving.create(CONFIGURATION, inputs), serving.create(CONFIGURATION, inputs)
    assert one.id != two.id
    assert sagemaker.configurations[one.id]["ProductionVariants"][0]["VariantName"].startswith("terraform-")
    assert serving.difference(CONFIGURATION, one, inputs).changed == []
    assert serving.check(CONFIGURATION, {"productionVariants": [variant()]}).inputs["name"].startswith("probe-")


@pytest.mark.parametrize(
    ("kind", "inputs", "sentence"),
    [
        (MODEL, {"name": "a_b", "executionRoleArn": ROLE}, "only alphanumeric characters and hyphens allowed in"),
        (MODEL, {"name": "a" * 64, "executionRoleArn": ROLE}, "cannot be longer than 63 characters"),
        (CONFIGURATION, {"namePrefix": "a" * 38, "productionVariants": []}, "cannot be longer than 37 characters"),
        (CONFIGURATION, {"namePrefix": "-a", "productionVariants": []}, "cannot begin with a hyphen"),
        (CONFIGURATION, {"name": "a", "namePrefix": "a", "productionVariants": []}, "conflicts with name_prefix"),
        (
            CONFIGURATION,
            {
                "productionVariants": [],
                "dataCaptureConfig": {
                    "initialSamplingPercentage": 101,
                    "destinationS3Uri": "s3://a/b",
                    "captureOptions": [],
                },
            },
            r"in the range \(0 - 100\), got 101",
        ),
        (
            CONFIGURATION,
            {
                "productionVariants": [],
                "dataCaptureConfig": {
                    "initialSamplingPercentage": 1,
                    "destinationS3Uri": "s3://a/b",
                    "captureOptions": [],
                    "captureContentTypeHeader": {},
                },
            },
            'at least one of "csv_content_types", "json_content_types"',
        ),
        (
            "aws:appautoscaling/policy:Policy",
            {
                **SCALED,
                "targetTrackingScalingPolicyConfiguration": {
                    **tracking(1),
                    "customizedMetricSpecification": {"metricName": "a"},
                },
            },
            "conflicts with predefinedMetricSpecification",
        ),
        (ENDPOINT, {"endpointConfigName": "a", "deploymentConfig": {}}, "exactly one of blueGreenUpdatePolicy"),
        (
            ENDPOINT,
            {
                "endpointConfigName": "a",
                "deploymentConfig": {
                    "rollingUpdatePolicy": {
                        "maximumBatchSize": {"type": "INSTANCE_COUNT", "value": 1},
                        "waitIntervalInSeconds": 3601,
                    }
                },
            },
            r"in the range \(0 - 3600\), got 3601",
        ),
    ],
)
def test_the_provider_refuses_invalid_inputs_before_it_calls_aws(
    serving: Plugin, kind: str, inputs: dict[str, Any], sentence: str
) -> None:
    assert re.search(sentence, "\n".join(serving.check(kind, inputs).failures.values()))
