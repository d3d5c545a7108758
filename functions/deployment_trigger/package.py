"""Model packages, and the rules that say which of them may be deployed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from functions.deployment_trigger.errors import RefusedError
from functions.deployment_trigger.project import Project
from functions.deployment_trigger.reports import Report
from functions.deployment_trigger.settings import Settings

_ARN = re.compile(
    r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):model-package/(?P<group>[a-zA-Z0-9-]+)/(?P<version>\d{1,9})"
)
_GROUP = re.compile(r"[a-z0-9-]+-(?P<project>p-[a-z0-9]{12})")


@dataclass(frozen=True, kw_only=True)
class PackageName:
    """A version of a project's model, as its ARN names it."""

    arn: str
    group: str
    project_id: str
    version: int


@dataclass(frozen=True, kw_only=True)
class ModelPackage:
    """A version as the registry describes it."""

    arn: str
    status: str
    approval_status: str
    modified_at: int
    """Time of its last change, in milliseconds since 1970: for an approved package usually its approval."""
    modified_by: str
    """ARN of the identity that made it; empty if SageMaker does not tell."""
    containers: tuple[Mapping[str, object], ...]
    evidence: Mapping[str, str]
    """Metadata that its pipeline registered (`functions/shared/evidence.py`)."""
    reports: tuple[Report, ...]
    registered_at: datetime


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One approval of one version, which is deployed at most once."""

    version: int
    at: int
    """Milliseconds since 1970."""

    @property
    def id(self) -> str:
        """The approval's name in the title of its run."""
        return f"{self.version}-{self.at}"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An approved package that is to be deployed."""

    project: Project
    package: ModelPackage
    approval: Approval


def parse_arn(arn: str, settings: Settings) -> PackageName:
    """Read the ARN of a version.

    Raises:
        RefusedError: it names no version of a project's model in this account and region.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        raise RefusedError(f"{arn or 'the event'} names no version of a model package group")
    if (found["account"], found["region"]) != (settings.account_id, settings.region):
        raise RefusedError(f"it is of account {found['account']} in {found['region']}, and not of this one")
    group = _GROUP.fullmatch(found["group"])
    if group is None:
        raise RefusedError(f"group {found['group']} does not belong to a project")
    return PackageName(arn=arn, group=found["group"], project_id=group["project"], version=int(found["version"]))


def approved(name: PackageName, project: Project | None, package: ModelPackage | None) -> Candidate:
    """Return the package as a candidate, if it may be deployed as things are now.

    Raises:
        RefusedError: it may not; the message says why.
    """
    if project is None:
        raise RefusedError(f"project {name.project_id} has no deployment repository")
    if project.package_group != name.group:
        raise RefusedError(
            f"group {name.group} is not the one of project {name.project_id}, which is {project.package_group}"
        )
    if package is None:
        raise RefusedError("it was deleted")
    if package.status != "Completed":
        raise RefusedError(f"its status is {package.status}, not Completed")
    if package.approval_status != "Approved":
        raise RefusedError(f"its approval status is {package.approval_status}, not Approved")
    return Candidate(project=project, package=package, approval=Approval(version=name.version, at=package.modified_at))


def only_container(package: ModelPackage) -> Mapping[str, object]:
    """Return the container of a package.

    Raises:
        RefusedError: there is not exactly one.
    """
    if len(package.containers) != 1:
        raise RefusedError(f"it has {len(package.containers)} containers; one with one artifact can be deployed")
    return package.containers[0]


def artifact_key(container: Mapping[str, object], bucket: str) -> str:
    """Return the key of a container's artifact in the project's bucket.

    Raises:
        RefusedError: it has none, or it lies elsewhere.
    """
    return _key(str(container.get("ModelDataUrl", "")), bucket, "artifact")


def report_key(report: Report, bucket: str) -> str:
    """Return the key of a report in the project's bucket.

    Raises:
        RefusedError: it was registered without its digest, or it lies elsewhere.
    """
    if not report.sha256:
        raise RefusedError(
            f"its report {report.uri} was registered without its digest, so nothing tells whether you read what the evaluation "
            "wrote: update the training repository from its template, train again, and approve the new version"
        )
    return _key(report.uri, bucket, "report")


def require_one_execution(keys: Iterable[str]) -> None:
    """Check that artifact and reports are of one execution of the pipeline, whose folder they lie in.

    A selective execution takes results from an earlier one, which may have been made from another commit.

    Raises:
        RefusedError: they are of several.
    """
    found = sorted({key.split("/")[1] for key in keys if key.startswith("executions/")})
    if len(found) > 1:
        raise RefusedError(
            f"its artifact and its reports are of several executions of the pipeline ({', '.join(found)}), so it does not tell which "
            "commit made it: run the whole pipeline, and approve the new version"
        )


def _key(uri: str, bucket: str, what: str) -> str:
    key = uri.removeprefix(f"s3://{bucket}/")
    if not key or key == uri:
        raise RefusedError(f"its {what} {uri or '(none)'} does not lie in the project's bucket s3://{bucket}/")
    return key
