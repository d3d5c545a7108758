"""Deploy a model version: upload the job's code, update pipeline and schedule, and check what runs."""

import json
import logging
from dataclasses import dataclass
from typing import Any

from batch import PURPOSE
from deployment.running import version_in
from deployment.settings import Plan, Settings
from mlops_platform import REPOSITORY
from mlops_platform.project import aws, summary
from mlops_platform.release import DeploymentError, bounds, model
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.stack import Stack
from mlops_platform.release.steps import step
from mlops_platform.release.version import Version
from mlops_platform.scheduled.code import data_key, upload_code
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.live import Live
from mlops_platform.scheduled.names import Names

logger = logging.getLogger(__name__)

PROGRAM = "model-deployment-batch"
"""Name of the program in Pulumi.yaml."""


def deploy(owner: Project, environment: Environment, configured: Settings, arn: str) -> None:
    """Deploy a model version to an environment.

    Raises:
        DeploymentError: the version may not be deployed, or another one runs in the end.
    """
    live, stack = live_batch(owner, environment), stack_of(owner, environment)
    plan = configured.plans[environment.name]
    bounds.require_instance_type(owner, environment, bounds.BATCHES, plan.instance_type, environment.name)
    with step("release the model"):
        wanted = model.release(owner, environment, arn)
        container = Container.described(live.sagemaker.describe_model(ModelName=wanted.model_name))
    with step("upload the job's code"):
        code_uri = upload_code(live.names, data_key(live.names))
    update = Update(wanted=wanted, container=container, code_uri=code_uri, plan=plan, live=live)
    with step("prepare the state"):
        stack.configure(update.configuration())
        before = live.pipeline()
        stack.select()
        stack.release_lock()
        stack.recover(live.existing())
    with step("pulumi up"):
        exit_code = stack.up()
    if exit_code:
        raise DeploymentError(f"pulumi up failed in {environment.name}; its messages are above")
    live.require(stack.outputs()["pipelineDefinition"], starts=bool(plan.schedule))
    update.report(before)


def live_batch(owner: Project, environment: Environment) -> Live:
    """Return the batch of an environment."""
    return Live(
        names=Names(project=owner, environment=environment, purpose=PURPOSE),
        sagemaker=aws.client("sagemaker", owner.region),
        scheduler=aws.client("scheduler", owner.region),
    )


def stack_of(owner: Project, environment: Environment) -> Stack:
    """Return the stack of an environment."""
    return Stack.of(PROGRAM, REPOSITORY, owner, environment)


@dataclass(frozen=True, kw_only=True)
class Update:
    """An update of the batch to a model version."""

    wanted: Version
    container: Container
    code_uri: str
    plan: Plan
    live: Live

    def configuration(self) -> dict[str, Any]:
        """Return the program's configuration."""
        return {
            "modelPackageArn": self.wanted.package_arn,
            "model": self.wanted.configuration(),
            "container": self.container.configuration(),
            "code": self.code_uri,
        }

    def report(self, before: dict[str, Any] | None) -> None:
        """Publish what was deployed, after `before`, the description of the pipeline until then."""
        from_here = json.loads(before["PipelineDefinition"]) if before else None
        names, wanted, plan = self.live.names, self.wanted, self.plan
        rows = {
            "version in the model registry": f"`{wanted.package_arn}`",
            "its artifact": f"`{wanted.artifact_uri}`, SHA-256 `{wanted.sha256}`",
            "version before": f"`{version_in(from_here)}`" if from_here else "none",
            "pipeline and schedule": f"`{names.pipeline}`",
            "runs": f"`{plan.schedule}` in {plan.time_zone}" if plan.schedule else "by hand",
            "code of the job": f"`{self.code_uri}`",
        }
        heading = f"## {names.environment.name} scores with version {wanted.version}"
        summary.publish(f"{heading}\n\n{summary.table(rows)}\n")
