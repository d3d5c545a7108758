"""Score windows of rows with one exact version of a model, by a schedule, in the account of one environment.

`python -m deployment deploy` has the account make the version's SageMaker model, uploads the job's code, and writes both into the
configuration. settings.toml says when and how the batch runs, project.toml and the account's parameters name what it uses.
"""

import json

import pulumi

from batch import PURPOSE
from batch.alarms import Alarms, AlarmsArgs
from batch.dashboard import Dashboard, DashboardArgs
from batch.definition import Batch, definition
from batch.window import scheduled
from deployment import settings
from mlops_platform import REPOSITORY
from mlops_platform.release import program, project
from mlops_platform.release.version import Version
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.names import Names
from mlops_platform.scheduled.pipeline import Pipeline, PipelineArgs
from mlops_platform.scheduled.schedule import Schedule, ScheduleArgs, Times

owner, configured = project.read(), settings.read(REPOSITORY / "settings.toml")
environment, plan = owner.environments[pulumi.get_stack()], configured.plans[pulumi.get_stack()]
names, config = Names(project=owner, environment=environment, purpose=PURPOSE), pulumi.Config()
provider = program.provider(owner, environment)
opts = pulumi.ResourceOptions(providers=[provider])
account = program.account(environment, pulumi.InvokeOptions(provider=provider))
wanted = definition(
    Batch(
        names=names,
        version=Version.parse(config.require("model")),
        container=Container(**json.loads(config.require("container"))),
        plan=plan,
        settings=configured,
        kms_key_arn=account.kms_key_arn,
        code_uri=config.require("code"),
    )
)
pipeline = Pipeline("pipeline", PipelineArgs(names=names, definition=wanted), opts)
schedule = Schedule(
    "schedule",
    ScheduleArgs(
        names=names,
        pipeline_name=pipeline.name,
        description=f"Scores a window of project {owner.name}",
        times=Times(
            expression=plan.schedule,
            time_zone=plan.time_zone,
            flexible_minutes=plan.flexible_minutes,
            maximum_attempts=configured.retries.maximum_attempts,
            maximum_minutes=configured.retries.maximum_minutes,
        ),
        parameters=scheduled(names, configured.input),
    ),
    opts,
)
alarms = Alarms("alarms", AlarmsArgs(names=names, limits=configured.alarms, topic_arn=account.alarms_topic_arn), opts)
Dashboard("dashboard", DashboardArgs(names=names, alarm_arns=alarms.arns), opts)
pulumi.export("pipelineName", pipeline.name)
pulumi.export("pipelineDefinition", json.dumps(wanted, sort_keys=True))
pulumi.export("scheduleName", schedule.name)
pulumi.export("modelPackageArn", config.require("modelPackageArn"))
