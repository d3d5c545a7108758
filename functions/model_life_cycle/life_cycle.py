"""Set the stages of a project's versions by what production serves.

SageMaker tells of a version who changed it last, by which production knows who approved it. A stage that is set hides that. So a version
gets none that somebody else has changed: production looks at the one that it serves before it tells, and one that it does not serve
any more is changed only if nothing has happened to it since its stage was set, or if it needs another approval anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.model_life_cycle.errors import RefusedError
from functions.model_life_cycle.protocols import Registry
from functions.model_life_cycle.registry import Version
from functions.model_life_cycle.settings import Settings
from functions.shared.identity import is_role

PRODUCTION, ARCHIVED = "Production", "Archived"
"""Stages. Source: SageMaker Developer Guide, "Staging construct for your model lifecycle"."""
SERVING, REPLACED, RETIRED = "Serving", "Replaced", "Retired"
"""Status of a version in the first stage, and in the second."""


@dataclass(frozen=True, kw_only=True)
class Noted:
    """The stages of a project's versions, afterwards."""

    serving: str
    """ARN of the version that is in production; empty if none is."""
    archived: Sequence[str]
    """ARNs of those that were before."""
    left: Sequence[str]
    """ARNs of those that were, and keep their stage: somebody has decided about them since."""


def note(registry: Registry, settings: Settings, group: str, served: str) -> Noted:
    """Set the stage of the version that is served, if it has not got it, then those of the others that had it.

    Args:
        registry: the model registry.
        settings: the roles of this account.
        group: the project's group of versions.
        served: ARN of the version; empty if none is served any more.

    Raises:
        RefusedError: the version was changed by somebody else than a lead, or is not approved; no stage was changed.
    """
    if served:
        _put_into_production(registry, settings, registry.describe(served))
    archived: list[str] = []
    left: list[str] = []
    for arn in registry.staged(group):
        version = registry.describe(arn)
        if arn == served or version.stage != PRODUCTION:
            continue
        if version.is_approved and not is_role(version.changed_by, settings.account_id, settings.own_role):
            left.append(arn)
            continue
        registry.set_stage(arn, ARCHIVED, REPLACED if served else RETIRED)
        archived.append(arn)
    return Noted(serving=served, archived=archived, left=left)


def _put_into_production(registry: Registry, settings: Settings, version: Version) -> None:
    if not version.is_approved:
        raise RefusedError(f"{version.arn} is not approved any more")
    deciders = (settings.approver_role, settings.own_role)
    if version.changed_by and not any(is_role(version.changed_by, settings.account_id, role) for role in deciders):
        raise RefusedError(f"{version.arn} was last changed by {version.changed_by}, which does not approve models")
    if version.stage != PRODUCTION:
        registry.set_stage(version.arn, PRODUCTION, SERVING)
