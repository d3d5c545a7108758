"""Model packages of the account that trained them, and the rules that say which may be released."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.model_release.errors import RefusedError
from functions.model_release.settings import Settings
from functions.shared.evidence import EvidenceError, evaluated_artifact
from functions.shared.model_specification import specification_digest


@dataclass(frozen=True, kw_only=True)
class Container:
    """The container of a version."""

    image: str
    """With the digest that was registered, if there is one: a tag may move."""
    environment: Mapping[str, str]
    specification: str
    """Digest of what was approved (`functions/shared/model_specification.py`)."""


@dataclass(frozen=True, kw_only=True)
class Decider:
    """The identity that changed a version last, or else registered it, as far as SageMaker tells it.

    Source: SageMaker API Reference, UserContext.
    """

    arn: str = ""
    """ARN of a role, of a session of it, or of something else; empty if it is not told."""
    profile: str = ""
    """Name of the user profile in whose app of Studio that was done; empty if it is not told, or was not done there."""
    profile_arn: str = ""

    def profile_in(self, account_id: str, region: str) -> str:
        """Return the name of the user profile; empty if there is none, or it is not one of that account."""
        found = re.fullmatch(rf"arn:aws:sagemaker:{region}:{account_id}:user-profile/[^/]+/([^/]+)", self.profile_arn)
        return self.profile if found and found[1] == self.profile else ""


@dataclass(frozen=True, kw_only=True)
class ModelPackage:
    """A version as the registry describes it."""

    arn: str
    status: str
    approval_status: str
    decided_by: Decider
    containers: Sequence[Mapping[str, object]]
    description: str
    """Commit and definition of the pipeline that made it; SageMaker has no operation that changes it."""
    evidence: Mapping[str, str]
    """Metadata that its pipeline registered (`functions/shared/evidence.py`)."""


def require_approved(package: ModelPackage, settings: Settings, *, released: bool) -> Container:
    """Return the container of a package that may be released as things are now; `released` if it was released here before.

    Raises:
        RefusedError: it may not; the message says why.
    """
    if package.status != "Completed":
        raise RefusedError(f"{package.arn} is {package.status}, not Completed")
    if package.approval_status != "Approved":
        raise RefusedError(
            f"{package.arn} is {package.approval_status}, not Approved: somebody has to approve it in the model registry"
        )
    # What was released has a record, which says who approved it. Others may only have changed what SageMaker tells.
    if package.decided_by.arn or not released:
        _require_approver(package, settings)
    if len(package.containers) != 1:
        raise RefusedError(
            f"{package.arn} has {len(package.containers)} containers; only models with one can be deployed"
        )
    return _container(package.containers[0])


def require_evaluated(package: ModelPackage) -> str:
    """Return the SHA-256 of the artifact that was evaluated, of a package with one container.

    Raises:
        RefusedError: the container is not the one that was registered, or nothing was registered about them.
    """
    try:
        return evaluated_artifact(package.evidence, package.containers[0])
    except EvidenceError as error:
        raise RefusedError(f"{package.arn} is not released: {error}") from None


def _require_approver(package: ModelPackage, settings: Settings) -> None:
    account, role, decider = settings.development_account_id, settings.approver_role, package.decided_by
    again = f"somebody with the role {role} has to approve it again"
    if not decider.arn:
        raise RefusedError(f"SageMaker does not tell which identity changed {package.arn} last: {again}")
    if not _is_role(decider.arn, account, role):
        raise RefusedError(f"{package.arn} was last changed by {decider.arn}, which does not approve models: {again}")
    profile = decider.profile_in(account, settings.region)
    if settings.approvers and profile.casefold() not in map(str.casefold, settings.approvers):
        who = f"the user profile {profile}" if profile else "no user profile of Studio that SageMaker tells of"
        raise RefusedError(
            f"{package.arn} was last changed by {who}: this account releases what {' or '.join(settings.approvers)} approved "
            "(workload.approvers), so one of them has to approve it again, in Studio"
        )


def _container(described: Mapping[str, object]) -> Container:
    image, digest = str(described["Image"]), described.get("ImageDigest")
    if digest:
        registry, slash, repository = image.rpartition("/")
        image = f"{registry}{slash}{repository.partition('@')[0].partition(':')[0]}@{digest}"
    environment = described.get("Environment")
    return Container(
        image=image,
        environment={str(key): str(value) for key, value in environment.items()}
        if isinstance(environment, Mapping)
        else {},
        specification=specification_digest(described),
    )


def _is_role(identity: str, account_id: str, role: str) -> bool:
    """Tell whether an identity is a role, or a session of it: SageMaker's reference does not say which it names."""
    return identity == f"arn:aws:iam::{account_id}:role/{role}" or identity.startswith(
        f"arn:aws:sts::{account_id}:assumed-role/{role}/"
    )
