"""Roll back an update of a resource: restore what can be restored, and never refuse.

CloudFormation rolls a custom resource back by another Update, to the properties that it had, also the resource whose update
failed. Nothing in the request tells, only the state of the stack. When such an Update fails, the stack stays in
UPDATE_ROLLBACK_FAILED, and takes no update until an administrator continues its rollback (README, "Update a project").
Source: aws/aws-cdk, issue 17040.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from functions.template_cloner.attempts import attempt
from functions.template_cloner.request import Request
from functions.template_cloner.resources import DeletionCheck, DeploymentRoles, ProjectRepository, Resource
from functions.template_cloner.routing import Outcome, Workers, repository_attributes, roles_attributes
from functions.template_cloner.settings import Settings

logger = logging.getLogger(__name__)


def restore(request: Request, settings: Settings, workers: Workers) -> Outcome:
    """Restore the resource that the request names as far as possible; what is not restored is logged.

    The template still refers to the resource's attributes: those that are known are returned, whatever was restored.
    """
    if request.problems:
        logger.warning("not restored: properties of %s: %s", request.physical_id, request.problems)
    attributes: Mapping[str, str] = {}
    match request.resource or request.old:
        case ProjectRepository():
            attributes = _repository(request, settings, workers)
        case DeploymentRoles():
            attributes = _roles(request, workers)
        case DeletionCheck():
            _deletion_check(request, workers)
        case _:
            # There is nothing to do.
            pass
    return Outcome(physical_id=request.physical_id, attributes=attributes)


def _repository(request: Request, settings: Settings, workers: Workers) -> Mapping[str, str]:
    full_name = request.physical_id
    launcher = attempt(full_name, workers.launcher)
    if launcher is None:
        return repository_attributes(full_name, None, settings)
    # Before the time is over: what is restored takes longer.
    found = attempt(f"ids of {full_name}", lambda: launcher.github.repository(full_name))
    if isinstance(project := request.resource, ProjectRepository) and _is_of(project, request):
        refused = request.old.users if isinstance(request.old, ProjectRepository) else ()
        attempt(full_name, lambda: launcher.restore(project, refused))
    return repository_attributes(full_name, found, settings)


def _roles(request: Request, workers: Workers) -> Mapping[str, str]:
    known = [each for each in (request.resource, request.old) if isinstance(each, DeploymentRoles)]
    same = [each for each in known if _is_of(each, request)]
    if not same:
        logger.warning("not restored: the request does not describe %s", request.physical_id)
        return {}
    # Products that were published earlier did not name the repository, which is the same before and after the update.
    named = next((each for each in same if each.repository_id), same[0])
    roles = replace(same[0], repository_name=named.repository_name, repository_id=named.repository_id)
    made = attempt(roles.name, lambda: workers.roles_provisioner(roles).update())
    return roles_attributes(made or roles.arns)


def _deletion_check(request: Request, workers: Workers) -> None:
    if isinstance(check := request.resource, DeletionCheck):
        attempt(f"protection of {check.project_id}", lambda: workers.deletion_guard(check).restore())


def _is_of(resource: Resource, request: Request) -> bool:
    # GitHub ignores the case of names.
    return resource.physical_id.lower() == request.physical_id.lower()
