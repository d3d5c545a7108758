"""One exact version of a model behind a real-time endpoint, in the account of one environment.

Which version, `python -m deployment deploy` has verified, and put into the configuration; what the endpoint is like,
settings.toml says; where it lives, project.toml and the account's parameters say.
"""

import json

import pulumi
import pulumi_aws as aws

from deployment import REPOSITORY, project, settings
from endpoint.alarms import Alarms, AlarmsArgs
from endpoint.autoscaling import Autoscaling, AutoscalingArgs
from endpoint.configuration import Configuration, ConfigurationArgs
from endpoint.dashboard import Dashboard, DashboardArgs
from endpoint.model import Model, ModelArgs, Version
from endpoint.release import Release, ReleaseArgs

owner, configured = project.read(), settings.read(REPOSITORY / "settings.toml")
environment, fleet = owner.environments[pulumi.get_stack()], configured.fleets[pulumi.get_stack()]
config = pulumi.Config()

# One account: the provider refuses credentials of any other, before anything is changed.
provider = aws.Provider(
    "aws",
    region=owner.region,
    allowed_account_ids=[environment.account_id],
    default_tags={
        "tags": {
            "unit": owner.unit,
            "environment": environment.name,
            "sagemaker:project-name": owner.name,
            "sagemaker:project-id": owner.id,
        }
    },
)
here, ask = pulumi.ResourceOptions(providers=[provider]), pulumi.InvokeOptions(provider=provider)


def parameter(path: str) -> str:
    """What the platform tells of the account."""
    return aws.ssm.get_parameter(name=f"{environment.parameter_path}/{path}", opts=ask).value


subnet_ids = parameter("network/private-subnet-ids").split(",")
security_group_id = parameter("network/workload-security-group-id")
kms_key_arn = parameter("encryption/data-key-arn")
topic_arn = parameter("notifications/alarms-topic-arn")


def serve(key: str, name: str) -> Model:
    """The model that the configuration describes under `key`."""
    return Model(
        name,
        ModelArgs(
            prefix=environment.endpoint_name,
            version=Version(**json.loads(config.require(key))),
            role_arn=environment.model_role_arn,
            subnet_ids=subnet_ids,
            security_group_id=security_group_id,
        ),
        here,
    )


model = serve("model", "model")
shadow = serve("shadow", "shadow") if config.get("shadow") else None
configuration = Configuration(
    "configuration",
    ConfigurationArgs(
        prefix=environment.endpoint_name,
        model=model,
        shadow=shadow,
        shadow_percent=fleet.shadow_percent,
        instance_type=fleet.instance_type,
        instances=config.require_int("instances"),
        kms_key_arn=kms_key_arn,
        captured_uri=f"s3://{environment.artifacts_bucket}/{owner.id}/captured",
        capture_percent=configured.capture.percent,
    ),
    here,
)
alarms = Alarms(
    "alarms",
    AlarmsArgs(
        endpoint_name=environment.endpoint_name,
        configuration_name=configuration.name,
        limits=configured.alarms,
        invocations_per_instance=configured.scaling.invocations_per_instance,
        topic_arn=topic_arn,
    ),
    here,
)
release = Release(
    "release",
    ReleaseArgs(
        endpoint_name=environment.endpoint_name,
        configuration_name=configuration.name,
        rollback_alarms=alarms.of_new_version,
        release=configured.release,
        canary_percent=fleet.canary_percent,
    ),
    here,
)
Autoscaling(
    "autoscaling",
    AutoscalingArgs(endpoint_name=release.endpoint_name, fleet=fleet, scaling=configured.scaling),
    here,
)
Dashboard(
    "dashboard",
    DashboardArgs(
        endpoint_name=environment.endpoint_name, region=owner.region, alarm_arns=alarms.arns, shadow=shadow is not None
    ),
    here,
)
pulumi.export("endpointName", release.endpoint_name)
pulumi.export("endpointConfigName", configuration.name)
pulumi.export("modelPackageArn", config.require("modelPackageArn"))
