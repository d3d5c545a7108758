"""Release a version: copy its artifact, write a record, and make its SageMaker model, in this order.

An attempt that was interrupted is continued by the next one. A record exists only if its artifact was copied, and a model only
if its record was written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.model_release import models
from functions.model_release.errors import RefusedError
from functions.model_release.package import (
    Container,
    ModelPackage,
    advice_about_earlier,
    require_approved,
    require_evaluated,
)
from functions.model_release.project import Project
from functions.model_release.protocols import ArtifactStore, ModelStore, RecordStore, Registrar, Registry
from functions.model_release.records import Record, artifact_key
from functions.model_release.settings import APPROVED, Settings
from functions.shared.evidence import MODEL, NoEvidenceError


@dataclass(frozen=True, kw_only=True)
class Released:
    """A released version, which the project may serve."""

    model_name: str
    model_package_arn: str
    artifact_uri: str
    sha256: str
    """Digest of the artifact, in hexadecimal digits."""


@dataclass(frozen=True, kw_only=True)
class Releaser:
    """Releases versions of one project."""

    settings: Settings
    project: Project
    registry: Registry
    artifacts: ArtifactStore
    records: RecordStore
    models: ModelStore
    released_by: Sequence[str] = ()
    """Logins of those who let the job in."""

    def release(self, version: int) -> Released:
        """Make the SageMaker model of a version.

        The version must be approved at this moment. If the registry no longer has it, a record of its earlier release suffices.

        Raises:
            RefusedError: the version may not be released; the message says why.
        """
        record = self._verified(version)
        model = models.definition(self.settings, self.project, record)
        name = models.name_of(self.settings, self.project, version, model)
        self.models.ensure(name, model, self._tags(record.model_package_arn))
        return Released(
            model_name=name,
            model_package_arn=record.model_package_arn,
            artifact_uri=record.artifact_uri,
            sha256=record.sha256,
        )

    def note_serving(self, registrar: Registrar, version: int) -> Mapping[str, object]:
        """Have the registry show that a version serves here, once it does; nothing where this account is not production.

        Development notes it under a role that hides who changed the version before, so this account looks first whether that was an
        approver whom it names.

        Raises:
            RefusedError: the version was not released here, was changed since, or may not be released as it is now.
        """
        arn = self._package_arn(version)
        package = self.registry.describe(arn)
        record = self.records.read(self.project.id, version)
        if package is None or record is None:
            raise RefusedError(f"{arn} was not released here, or is not in the registry any more")
        _require_released(record, package, require_approved(package, self.settings, released=True))
        return registrar.note(self.project.package_group, version)

    def _verified(self, version: int) -> Record:
        arn = self._package_arn(version)
        record, package = self.records.read(self.project.id, version), self.registry.describe(arn)
        if package is None:
            if record is None:
                raise RefusedError(
                    f"{arn} does not exist, or its group does not let this account read it: the version, or its whole "
                    "group, was deleted, or the project's product in Service Catalog has to be updated"
                )
            return record
        container = require_approved(package, self.settings, released=record is not None)
        if record is None:
            record = self._copy(version, package, container)
        _require_released(record, package, container)
        return record

    def _copy(self, version: int, package: ModelPackage, container: Container) -> Record:
        settings, project = self.settings, self.project
        account = settings.development_account_id
        bucket = f"{settings.development_prefix}-{project.id}-{account}-{settings.region}"
        place = f"{APPROVED}/{version}/model.tar.gz"
        sha256 = self._evaluated(version, package, bucket, place)
        frozen = self.artifacts.frozen(bucket, place, package.arn, sha256)
        if frozen.specification and frozen.specification != container.specification:
            raise RefusedError(f"{package.arn} was changed since it was approved: register it as a new version")
        key = artifact_key(project.id, version)
        self.artifacts.copy(frozen, key)
        record = Record(
            model_package_arn=package.arn,
            image=container.image,
            environment=container.environment,
            specification=container.specification,
            artifact_uri=f"s3://{settings.artifacts_bucket}/{key}",
            sha256=frozen.sha256,
            approved_by=package.decided_by.arn,
            approver=package.decided_by.profile_in(account, settings.region).rpartition("/")[2],
            made_by=package.description,
            released_by=self.released_by,
        )
        return self.records.write(project.id, version, record)

    def _evaluated(self, version: int, package: ModelPackage, bucket: str, key: str) -> str:
        """Return the SHA-256 of the artifact that was evaluated.

        What an approval froze is no evidence itself: before there was any, jobs could replace the artifact until its approval, and
        write where it is frozen until the project deployed its models. Of such a version the settings have to say what it was.
        """
        name = self._name(version)
        try:
            return require_evaluated(package, self.settings.earlier_versions.get(name, {}))
        except NoEvidenceError as error:
            frozen = self.artifacts.frozen_sha256(bucket, key)
            advice = advice_about_earlier(name, package, frozen) if frozen else ""
            raise RefusedError(f"{package.arn} is not released: {error}{advice}") from None

    def _name(self, version: int) -> str:
        """Return group and number of a version."""
        return f"{self.project.package_group}/{version}"

    def _package_arn(self, version: int) -> str:
        settings = self.settings
        place = f"{settings.region}:{settings.development_account_id}"
        return f"arn:aws:sagemaker:{place}:model-package/{self._name(version)}"

    def _tags(self, package_arn: str) -> dict[str, str]:
        return {
            "unit": self.settings.unit,
            "environment": self.settings.environment,
            "sagemaker:project-name": self.project.name,
            "sagemaker:project-id": self.project.id,
            "model-package-arn": package_arn,
        }


def _require_released(record: Record, package: ModelPackage, container: Container) -> None:
    """Raise unless a version is, as the registry describes it now, the one that was released here.

    Raises:
        RefusedError: its artifact or its container is another one.
    """
    # Compatibility: what was released before pipelines registered digests has a record, and none to compare it with.
    if package.evidence.get(MODEL, record.sha256) != record.sha256:
        raise RefusedError(
            f"{package.arn} was released here with another artifact than the one it names now: train again"
        )
    if record.specification != container.specification:
        raise RefusedError(f"{package.arn} was changed since it was released here first: register it as a new version")
