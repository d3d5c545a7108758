"""Deploy a model version: update the endpoint, check what it serves, and remove what was superseded."""

import logging
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from deployment import live, removal, settings
from deployment.live import Description, LiveEndpoint
from deployment.removal import ENDPOINT
from deployment.scaling import TARGET, Scaling
from deployment.settings import Fleet, Settings
from deployment.watch import Watch, watch_of
from mlops_platform import REPOSITORY
from mlops_platform.project import aws, summary
from mlops_platform.release import DeploymentError, bounds, model
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.stack import Stack
from mlops_platform.release.steps import step
from mlops_platform.release.version import Version

logger = logging.getLogger(__name__)

PROGRAM = "model-deployment-realtime"
"""Name of the program in Pulumi.yaml."""
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"


def deploy(owner: Project, environment: Environment, configured: Settings, arn: str) -> None:
    """Deploy a model version to an environment.

    Raises:
        DeploymentError: the version may not be deployed, or the endpoint does not serve it in the end.
    """
    fleet = configured.fleets[environment.name]
    bounds.require_instance_type(owner, environment, bounds.ENDPOINTS, fleet.instance_type, environment.name)
    if configured.watch.every_hours:
        # Those who compare requests are jobs like those of batches.
        bounds.require_instance_type(owner, environment, bounds.BATCHES, configured.watch.instance_type, "watch")
    with step("release the model"):
        wanted = model.release(owner, environment, arn)
        shadow = _shadow(owner, environment, fleet, wanted)
    endpoint, stack = live_endpoint(owner, environment, configured), stack_of(owner, environment)
    scaling = Scaling(
        endpoint_name=endpoint.name, client=aws.client("application-autoscaling", owner.region), say=logger.info
    )
    watch = watch_of(owner, environment, configured.watch.every_hours)
    with step("prepare what watches the endpoint"):
        watching = watch.prepare(wanted)
    update = Update(
        wanted=wanted,
        shadow=shadow,
        fleet=fleet,
        endpoint=endpoint,
        stack=stack,
        scaling=scaling,
        watch=watch,
        watching=watching,
    )
    with step("prepare the state"):
        before = endpoint.ready_for_update()
        in_the_way = update.prepare(before)
    with step("pulumi up"), scaling.set_aside() if in_the_way else nullcontext():
        after = update.run(before)
    with step("remove what was superseded"):
        for name in endpoint.prune(serving=live.configuration_of(after), before=live.configuration_of(before)):
            logger.info("deleted %s", name)
    update.report(before, after)


def live_endpoint(owner: Project, environment: Environment, configured: Settings) -> LiveEndpoint:
    """Return the endpoint of an environment."""
    return LiveEndpoint(
        environment=environment,
        sagemaker=aws.client("sagemaker", owner.region),
        cloudwatch=aws.client("cloudwatch", owner.region),
        minutes_to_wait=settings.minutes_to_settle(configured.release),
        say=logger.info,
    )


def stack_of(owner: Project, environment: Environment) -> Stack:
    """Return the stack of an environment."""
    return Stack.of(PROGRAM, REPOSITORY, owner, environment)


@dataclass(frozen=True, kw_only=True)
class Update:
    """An update of the endpoint to a model version."""

    wanted: Version
    shadow: Version | None
    fleet: Fleet
    endpoint: LiveEndpoint
    stack: Stack
    scaling: Scaling
    watch: Watch
    watching: dict[str, Any]
    """The program's configuration of what watches the endpoint; empty when nothing does."""

    def prepare(self, before: Description | None) -> bool:
        """Write the stack file and repair the state; returns whether automatic scaling is in the way of the update.

        Raises:
            DeploymentError: the update would replace or delete the endpoint.
        """
        fleet, started = self.fleet, self.endpoint.started(before)
        # Never fewer instances than serve now: autoscaling has reasons.
        instances = max(fleet.minimum_instances, live.instances(before))
        # But another number alone is no reason for another release of the same version.
        kept = started.instances if started and started.instance_type == fleet.instance_type else instances
        self.stack.configure(self._configuration(kept))
        self.stack.select()
        self.stack.release_lock()
        # Endpoint configurations have random names; what a killed run leaves of them is pruned later. A
        # scaling target that the state does not know is set aside. All else is overwritten by the call that creates it.
        endpoint = {ENDPOINT: self.endpoint.name} if before else {}
        known = self.stack.recover({**endpoint, **self.watch.existing})
        if before:
            plan = self.stack.preview()
            serving = live.configuration_of(before)
            removal.refuse(
                plan, environment=self.stack.environment.name, endpoint=self.endpoint.name, configuration=serving
            )
            # Another configuration starts another fleet, and so does every other change of the endpoint, such as one of
            # how it is released.
            if kept != instances and plan.changes((CONFIGURATION, ENDPOINT)):
                self.stack.configure(self._configuration(instances))
        return started is not None and (started.instance_type != fleet.instance_type or TARGET not in known)

    def run(self, before: Description | None) -> Description | None:
        """Run the program, and return the endpoint when it serves the wanted version.

        Raises:
            DeploymentError: it serves something else or nothing, or is not watched.
        """
        code = self.stack.up()
        # The provider stops waiting when SageMaker begins to roll back.
        after = self.endpoint.settled()
        outputs = {} if code else self.stack.outputs()
        self.endpoint.require_serving(after, outputs.get("endpointConfigName"), before=before)
        self.watch.require(outputs)
        return after

    def report(self, before: Description | None, after: Description | None) -> None:
        """Publish what was deployed."""
        wanted, serving, earlier = self.wanted, live.configuration_of(after), live.configuration_of(before)
        rows = {
            "version in the model registry": f"`{wanted.package_arn}`",
            "SageMaker model": f"`{wanted.model_name}`",
            "its artifact": f"`{wanted.artifact_uri}`",
            "endpoint": f"`{self.endpoint.name}`",
            "configuration that it serves": f"`{serving}`",
            "configuration before": "the same" if earlier == serving else f"`{earlier}`" if earlier else "none",
            "shadow, which gets a copy of requests": f"version {self.fleet.shadow_version}" if self.shadow else "none",
            "compared with the rows of training": f"every {self.watch.every_hours} hours" if self.watching else "never",
        }
        heading = f"## {self.stack.environment.name} serves version {wanted.version}"
        summary.publish(f"{heading}\n\n{summary.table(rows)}\n")

    def _configuration(self, instances: int) -> dict[str, Any]:
        shadow = {} if self.shadow is None else {"shadow": self.shadow.configuration()}
        return {
            "modelPackageArn": self.wanted.package_arn,
            "model": self.wanted.configuration(),
            "instances": str(instances),
            **shadow,
            **self.watching,
        }


def _shadow(owner: Project, environment: Environment, fleet: Fleet, wanted: Version) -> Version | None:
    if not fleet.shadow_version:
        return None
    if fleet.shadow_version == wanted.version:
        raise DeploymentError(
            f"version {fleet.shadow_version} is to be deployed and cannot be its own shadow: "
            f"change [{environment.name}] shadow_version in settings.toml"
        )
    return model.release(owner, environment, owner.package_arn(fleet.shadow_version))
