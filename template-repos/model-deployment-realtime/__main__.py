"""Serve one exact version of a model behind a real-time endpoint, in the account of one environment.

`python -m deployment deploy` has the account make the version's SageMaker model, and writes its name into the
configuration. settings.toml says how the endpoint is built and released, project.toml and the account's parameters name
what it uses.
"""

import json

import pulumi

from deployment import settings
from endpoint.alarms import Alarms, AlarmsArgs
from endpoint.autoscaling import Autoscaling, AutoscalingArgs
from endpoint.configuration import Configuration, ConfigurationArgs
from endpoint.dashboard import Dashboard, DashboardArgs
from endpoint.release import Release, ReleaseArgs
from mlops_platform import REPOSITORY
from mlops_platform.release import program, project
from mlops_platform.release.version import Version
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.names import Names
from watching import PURPOSE
from watching.definition import Watching
from watching.places import captured_uri
from watching.resources import Watch, WatchArgs

owner, configured = project.read(), settings.read(REPOSITORY / "settings.toml")
environment, fleet = owner.environments[pulumi.get_stack()], configured.fleets[pulumi.get_stack()]
endpoint_name, config = environment.deployment_name, pulumi.Config()
provider = program.provider(owner, environment)
opts = pulumi.ResourceOptions(providers=[provider])
account = program.account(environment, pulumi.InvokeOptions(provider=provider))
version = Version.parse(config.require("model"))
shadow = Version.parse(config.require("shadow")) if config.get("shadow") else None
configuration = Configuration(
    "configuration",
    ConfigurationArgs(
        prefix=endpoint_name,
        version=version,
        shadow=shadow,
        shadow_percent=fleet.shadow_percent,
        instance_type=fleet.instance_type,
        instances=config.require_int("instances"),
        kms_key_arn=account.kms_key_arn,
        captured_uri=captured_uri(owner, environment, version.version),
        capture_percent=configured.capture.percent,
    ),
    opts,
)
alarms = Alarms(
    "alarms",
    AlarmsArgs(
        endpoint_name=endpoint_name,
        configuration_name=configuration.name,
        limits=configured.alarms,
        invocations_per_instance=configured.scaling.invocations_per_instance,
        topic_arn=account.alarms_topic_arn,
    ),
    opts,
)
release = Release(
    "release",
    ReleaseArgs(
        endpoint_name=endpoint_name,
        configuration_name=configuration.name,
        rollback_alarms=alarms.of_new_version,
        release=configured.release,
        canary_percent=fleet.canary_percent,
    ),
    opts,
)
Autoscaling(
    "autoscaling",
    AutoscalingArgs(endpoint_name=release.endpoint_name, fleet=fleet, scaling=configured.scaling),
    opts,
)
watched = (
    Watch(
        "watch",
        WatchArgs(
            watching=Watching(
                names=Names(project=owner, environment=environment, purpose=PURPOSE),
                version=version,
                container=Container(**json.loads(config.require("container"))),
                settings=configured.watch,
                kms_key_arn=account.kms_key_arn,
                code_uri=config.require("code"),
            ),
            topic_arn=account.alarms_topic_arn,
            # Requests to preproduction are tests, whose drift says nothing about the callers' rows.
            retraining_function_arn=(
                program.parameter(
                    environment, "monitoring/retraining-function-arn", pulumi.InvokeOptions(provider=provider)
                )
                if environment.name == "prod"
                else None
            ),
        ),
        opts,
    )
    if configured.watch.every_hours
    else None
)
Dashboard(
    "dashboard",
    DashboardArgs(
        endpoint_name=endpoint_name,
        region=owner.region,
        alarm_arns=[*alarms.arns, *(watched.alarm_arns if watched else [])],
        shadow=shadow is not None,
        watched=watched.dimensions if watched else None,
    ),
    opts,
)
pulumi.export("endpointName", release.endpoint_name)
pulumi.export("endpointConfigName", configuration.name)
pulumi.export("modelPackageArn", config.require("modelPackageArn"))
if watched:
    pulumi.export("watchDefinition", json.dumps(watched.definition, sort_keys=True))
