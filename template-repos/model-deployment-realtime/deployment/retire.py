"""Retire the endpoint of an environment: nothing serves there any more, and the project can be deleted.

Models, and what callers sent, are not deleted: the deletion of the project does that, or the next deployment.
"""

from deployment.deploy import live_endpoint, stack_of
from deployment.removal import ENDPOINT
from deployment.settings import Settings
from deployment.watch import watch_of
from mlops_platform.project import summary
from mlops_platform.release import model
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.steps import step


def retire(owner: Project, environment: Environment, configured: Settings) -> None:
    """Delete what the environment's stack has, and the endpoint if the state does not know it.

    Raises:
        DeploymentError: those who let the job in may not, or something cannot be deleted.
    """
    with step("ask the account"):
        model.require_release(owner, environment)
    endpoint, stack = live_endpoint(owner, environment, configured), stack_of(owner, environment)
    watch = watch_of(owner, environment, configured.watch.every_hours)
    stack.retire({**({ENDPOINT: endpoint.name} if endpoint.settled() else {}), **watch.existing})
    with step("end the endpoint"):
        endpoint.end()
    summary.publish(f"## {environment.name} serves nothing any more\n\n`{endpoint.name}` was retired.\n")
