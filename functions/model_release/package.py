"""Model packages of the account that trained them, and the rules that say which may be released."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.model_release.errors import RefusedError
from functions.model_release.settings import Settings
from functions.shared.evidence import EvidenceError, NoEvidenceError, container_digest, evaluated_artifact
from functions.shared.identity import is_role
from functions.shared.model_specification import specification_digest


@dataclass(frozen=True, kw_only=True)
class Container:
    """The container of a version."""

    image: str
    """As the pipeline registered it. `ImageDigest` decides nothing: it is not in the pipeline's digest, so a lead could set another."""
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
        """Return the domain and the name of the user profile, such as `d-…/grace`; empty if there is none of that account.

        The case of a name does not matter, and the ARN may have another one. Source: API Reference, CreateUserProfile.
        """
        found = re.fullmatch(rf"arn:aws:sagemaker:{region}:{account_id}:user-profile/([^/]+)/([^/]+)", self.profile_arn)
        return f"{found[1]}/{self.profile}" if found and found[2].casefold() == self.profile.casefold() else ""


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
    """Digests that its pipeline registered (`functions/shared/evidence.py`)."""


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
    # What was released has a record, which says who approved it. Others may only have changed what SageMaker tells; and development
    # notes where it serves, under a role that approves nothing, once this account has asked for it (`life_cycle.py`).
    decider, noted = package.decided_by.arn, settings.life_cycle_role
    if not released or (decider and not is_role(decider, settings.development_account_id, noted)):
        _require_approver(package, settings)
    if len(package.containers) != 1:
        raise RefusedError(
            f"{package.arn} has {len(package.containers)} containers; only models with one can be deployed"
        )
    return _container(package.containers[0])


def require_evaluated(package: ModelPackage, earlier: Mapping[str, str]) -> str:
    """Return the SHA-256 of the artifact that was evaluated, of a package with one container.

    Args:
        package: the version, as the registry describes it now.
        earlier: the digests that the account's settings give it; they count only if its pipeline registered none.

    Raises:
        NoEvidenceError: neither says what was evaluated.
        RefusedError: the container is another one.
    """
    try:
        return evaluated_artifact(package.evidence or earlier, package.containers[0])
    except NoEvidenceError:
        raise
    except EvidenceError as error:
        raise RefusedError(f"{package.arn} is not released: {error}") from None


def _require_approver(package: ModelPackage, settings: Settings) -> None:
    account, role, decider = settings.development_account_id, settings.approver_role, package.decided_by
    again = f"somebody with the role {role} has to approve it again"
    if not decider.arn:
        raise RefusedError(f"SageMaker does not tell which identity changed {package.arn} last: {again}")
    if not is_role(decider.arn, account, role):
        raise RefusedError(f"{package.arn} was last changed by {decider.arn}, which does not approve models: {again}")
    profile = decider.profile_in(account, settings.region)
    # With its domain: another domain of the account may have a profile of the same name.
    if settings.approvers and profile.casefold() not in map(str.casefold, settings.approvers):
        who = f"the user profile {profile}" if profile else "no user profile of Studio that SageMaker tells of"
        raise RefusedError(
            f"{package.arn} was last changed by {who}: this account releases what {' or '.join(settings.approvers)} approved "
            "(workload.approvers), so one of them has to approve it again, in Studio"
        )


def advice_about_earlier(name: str, package: ModelPackage, frozen: str) -> str:
    """Return what to enter into the account's settings, so that a version without evidence is released all the same.

    Args:
        name: group and number of the version.
        package: the version, as the registry describes it now.
        frozen: SHA-256 of what its approval froze.
    """
    container = container_digest(package.containers[0])
    return (
        f"; or, if that is what you evaluated and approved before versions had digests, enter {{version: {name}, modelSha256: "
        f"{frozen}, containerSha256: {container}}} in workload.earlierVersions of the stack of this account, and deploy it"
    )


def _container(described: Mapping[str, object]) -> Container:
    environment = described.get("Environment")
    return Container(
        image=str(described["Image"]),
        environment={str(key): str(value) for key, value in environment.items()}
        if isinstance(environment, Mapping)
        else {},
        specification=specification_digest(described),
    )
