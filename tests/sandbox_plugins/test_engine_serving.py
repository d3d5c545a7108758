"""Runs of the real engine, which deploys endpoints to fakes of SageMaker and Application Auto Scaling."""

import json
from collections.abc import Callable

import pytest

from mlops_platform.release.plan import Plan
from tests.sandbox_plugins.fake_autoscaling import FakeAutoScaling
from tests.sandbox_plugins.fake_sagemaker import FakeSageMaker
from tests.sandbox_plugins.fakes import run_fake
from tests.sandbox_plugins.project import Project, with_own_environment

pytestmark = pytest.mark.slow

ENDPOINT = "aws:sagemaker/endpoint:Endpoint"

SERVING = """
    import sys

    assert sys.prefix == {environment!r}, sys.prefix
    model = aws.sagemaker.Model(
        "model",
        execution_role_arn="arn:aws:iam::111111111111:role/model",
        primary_container={{
            "image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/model:1",
            "model_data_url": "s3://bucket/{version}.tar.gz",
        }},
        opts=opts,
    )
    configuration = aws.sagemaker.EndpointConfiguration(
        "configuration",
        production_variants=[{{
            "variant_name": "AllTraffic",
            "model_name": model.name,
            "instance_type": "ml.m5.large",
            "initial_instance_count": 1,
        }}],
        opts=pulumi.ResourceOptions(provider=provider, retain_on_delete=True),
    )
    aws.sagemaker.Endpoint(
        "endpoint",
        name="serving",
        endpoint_config_name=configuration.name,
        deployment_config={{
            "blue_green_update_policy": {{
                "traffic_routing_configuration": {{
                    "type": "CANARY",
                    "canary_size": {{"type": "CAPACITY_PERCENT", "value": 10}},
                    "wait_interval_in_seconds": 300,
                }},
            }},
            "auto_rollback_configuration": {{"alarms": [{{"alarm_name": "errors"}}]}},
        }},
        opts=opts,
    )
"""


def test_a_rolled_back_update_of_an_endpoint_succeeds_and_a_refresh_shows_it(
    project: Callable[[str], Project],
) -> None:
    serving, sagemaker = project("serving"), FakeSageMaker()
    environment = with_own_environment(serving)
    with run_fake(sagemaker):
        serving.environment["AWS_ENDPOINT_URL_SAGEMAKER"] = sagemaker.address
        serving.program(SERVING.format(environment=environment, version="v1"))
        assert "+ 5 created" in serving.up()
        serving.unchanged()
        old = served_configuration(serving)

        serving.program(SERVING.format(environment=environment, version="v2"))
        sagemaker.outcomes = [{"EndpointConfigName": old, "FailureReason": "An alarm fired: errors"}]
        assert "~ 1 updated" in serving.up()
        assert served_configuration(serving) == sagemaker.endpoints["serving"]["EndpointConfigName"] == old
        new = next(name for name in sagemaker.configurations if name != old)
        assert serving.resource("endpoint")["inputs"]["endpointConfigName"] == new
        assert "~ 1 to update" in serving.run("preview")
        serving.run("refresh", "--yes", "--skip-preview")
        assert serving.resource("endpoint")["inputs"]["endpointConfigName"] == old

        assert "~ 1 updated" in serving.up()
        assert served_configuration(serving) == new


def served_configuration(project: Project) -> str:
    """Return the configuration that the endpoint serves according to the state."""
    return project.resource("endpoint")["outputs"]["endpointConfigName"]


SCALED = """
    scaled = {{
        "service_namespace": "sagemaker",
        "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
        "resource_id": "endpoint/serving/variant/AllTraffic",
    }}
    target = aws.appautoscaling.Target("target", min_capacity=1, max_capacity=2, **scaled, opts=opts)
    aws.appautoscaling.Policy(
        "policy",
        name="follow",
        policy_type="TargetTrackingScaling",
        target_tracking_scaling_policy_configuration={{
            "predefined_metric_specification": {{"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"}},
            "target_value": 600.0,
        }},
        **scaled,
        opts=pulumi.ResourceOptions(provider=provider, depends_on=[target]),
    )
"""


def previewed(project: Project) -> str:
    """Return what a preview writes."""
    output, _ = project.start("preview", "--refresh", "--json").communicate(timeout=240)
    return output


def planned(project: Project) -> dict[str, str]:
    """Return the operations that a preview plans for the resources that change, by their names."""
    steps = json.loads(previewed(project))["steps"]
    changing = [step for step in steps if step["op"] not in ("same", "read", "refresh")]
    return {step["urn"].rpartition("::")[2]: step["op"] for step in changing}


def test_a_preview_shows_a_release_and_missing_scaling_is_created_again(
    project: Callable[[str], Project],
) -> None:
    serving, sagemaker, autoscaling = project("scaled"), FakeSageMaker(), FakeAutoScaling()
    program = (SERVING + SCALED).format(environment=with_own_environment(serving), version="v1")
    with run_fake(sagemaker), run_fake(autoscaling):
        serving.environment["AWS_ENDPOINT_URL_SAGEMAKER"] = sagemaker.address
        serving.environment["AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING"] = autoscaling.address
        serving.program(program)
        assert "+ 7 created" in serving.up()
        assert planned(serving) == {}

        configuration = next(iter(sagemaker.configurations)).rpartition("-")[0]
        serving.program(program.replace('"initial_instance_count": 1', '"initial_instance_count": 2'))
        released = planned(serving)
        assert set(released) == {configuration, "endpoint"}
        assert released["endpoint"] == "update"

        autoscaling.targets.clear()
        autoscaling.policies.clear()
        assert "+ 2 created" in serving.run("up", "--yes", "--refresh", "--skip-preview")
        assert (len(autoscaling.targets), len(autoscaling.policies)) == (1, 1)


def test_a_rollback_that_was_dropped_elsewhere_plans_a_replacement_and_putting_it_back_ends_that(
    project: Callable[[str], Project],
) -> None:
    serving, sagemaker = project("dropped"), FakeSageMaker()
    with run_fake(sagemaker):
        serving.environment["AWS_ENDPOINT_URL_SAGEMAKER"] = sagemaker.address
        serving.program(SERVING.format(environment=with_own_environment(serving), version="v1"))
        serving.up()
        # UpdateEndpoint drops it unless RetainDeploymentConfig is set.
        dropped = sagemaker.endpoints["serving"].pop("LastDeploymentConfig")
        removal = Plan.parse(previewed(serving)).removal(ENDPOINT)
        assert removal is not None
        assert (removal.kind, removal.name, removal.properties) == ("replace", "endpoint", ("deploymentConfig",))
        assert removal.inputs["deploymentConfig"]["autoRollbackConfiguration"] == {
            "__defaults": [],
            "alarms": [{"__defaults": [], "alarmName": "errors"}],
        }

        sagemaker.endpoints["serving"]["LastDeploymentConfig"] = dropped
        assert planned(serving) == {}


def test_an_existing_endpoint_is_imported_and_needs_no_change(project: Callable[[str], Project]) -> None:
    adopting, sagemaker = project("adopting"), FakeSageMaker()
    environment = with_own_environment(adopting)
    with run_fake(sagemaker):
        adopting.environment["AWS_ENDPOINT_URL_SAGEMAKER"] = sagemaker.address
        adopting.program(SERVING.format(environment=environment, version="v1"))
        adopting.up()
        made = adopting.resource("endpoint")
        adopting.run("state", "delete", made["urn"], "--yes")
        provider = made["provider"].rpartition("::")[0]
        adopting.run(
            *("import", "aws:sagemaker/endpoint:Endpoint", "endpoint", "serving"),
            *("--provider", f"provider={provider}", "--yes", "--skip-preview"),
            *("--generate-code=false", "--protect=false"),
        )
        imported = adopting.resource("endpoint")
        assert {name: imported["inputs"][name] for name in ("name", "endpointConfigName", "deploymentConfig")} == {
            name: made["outputs"][name] for name in ("name", "endpointConfigName", "deploymentConfig")
        }
        adopting.run("preview", "--expect-no-changes")
