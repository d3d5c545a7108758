"""Retire the batch of an environment: nothing is started there any more, and the project can be deleted.

What was scored stays, and so do the input and the models: the deletion of the project decides about these.
"""

from deployment.deploy import live_batch, stack_of
from deployment.settings import Settings
from mlops_platform.project import summary
from mlops_platform.release import DeploymentError, model
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.steps import step


def retire(owner: Project, environment: Environment, _: Settings) -> None:
    """Delete what the environment's stack has.

    Raises:
        DeploymentError: those who let the job in may not, or something cannot be deleted, or is there although the state does not know it.
    """
    with step("ask the account"):
        model.require_release(owner, environment)
    live = live_batch(owner, environment)
    stack_of(owner, environment).retire(live.existing())
    if left := live.existing():
        raise DeploymentError(
            f"{environment.name} still has {', '.join(sorted(left.values()))}, which the state does not know: deploy a version "
            "again, which takes them up, and then retire it"
        )
    summary.publish(f"## {environment.name} scores nothing any more\n\n`{live.names.pipeline}` was retired.\n")
