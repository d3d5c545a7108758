"""Score windows of rows with one exact version of a model, by a schedule, in the account of one environment.

`python -m deployment deploy` has the account make the version's SageMaker model, uploads the job's code, and writes both into the
configuration. settings.toml says when and how the batch runs, project.toml and the account's parameters name what it uses.
"""

import json

import pulumi

from batch.alarms import Alarms, AlarmsArgs
from batch.dashboard import Dashboard, DashboardArgs
from batch.definition import Batch, Container, definition
from batch.names import Names
from batch.pipeline import Pipeline, PipelineArgs
from batch.schedule import Schedule, ScheduleArgs
from deployment import settings
from mlops_platform import REPOSITORY
from mlops_platform.release import program, project
from mlops_platform.release.version import Version

owner, configured = project.read(), settings.read(REPOSITORY / "settings.toml")
environment, plan = owner.environments[pulumi.get_stack()], configured.plans[pulumi.get_stack()]
names, config = Names(project=owner, environment=environment), pulumi.Config()
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
        names=names, pipeline_name=pipeline.name, plan=plan, input=configured.input, retries=configured.retries
    ),
    opts,
)
alarms = Alarms("alarms", AlarmsArgs(names=names, limits=configured.alarms, topic_arn=account.alarms_topic_arn), opts)
Dashboard("dashboard", DashboardArgs(names=names, alarm_arns=alarms.arns), opts)
pulumi.export("pipelineName", pipeline.name)
pulumi.export("pipelineDefinition", json.dumps(wanted, sort_keys=True))
pulumi.export("scheduleName", schedule.name)
pulumi.export("modelPackageArn", config.require("modelPackageArn"))
