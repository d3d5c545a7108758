"""Look at all launched projects as the owners of the accounts: their repositories, and what they have in each account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox import identities
from sandbox.demo import serving
from sandbox.demo.launch import GONE, Project
from sandbox.demo.member import Member
from sandbox.organization import ORGANIZATION, PROJECT
from sandbox.stacks import StackFile


@dataclass(frozen=True, kw_only=True)
class ProjectAccount:
    """Everything that a project has in one account."""

    environment: str
    resources: int
    """Number of resources in the stacks of its launch or of its roles."""
    pipelines: tuple[str, ...]
    """Each pipeline with the state of its newest execution."""
    models: tuple[str, ...]
    """Each version in the account's model registry, with its approval."""
    serves: tuple[str, ...]
    """Its endpoint, and the schedules that start its pipelines."""
    reports: tuple[str, ...]
    """Addresses of the newest reports of drift."""


@dataclass(frozen=True, kw_only=True)
class LaunchedProject:
    """A launched project."""

    name: str
    id: str
    status: str
    repositories: tuple[tuple[str, str], ...]
    """Name and address of each."""
    accounts: tuple[ProjectAccount, ...]

    @property
    def summary(self) -> str:
        """Numbers of its resources and repositories."""
        resources = ", ".join(f"{each.resources} in {each.environment}" for each in self.accounts if each.resources)
        count = len(self.repositories)
        return f"{count} {'repository' if count == 1 else 'repositories'}; resources of stacks: {resources}"


class Owner:
    """An account's owner, who sees everything in it; each client is made once, which takes longer than its requests."""

    def __init__(self, file: StackFile) -> None:
        self.file = file
        self._session = identities.session(identities.root(file.account_id), file.region)

    @cached_property
    def cloudformation(self) -> Any:
        """Client of CloudFormation."""
        return self._session.client("cloudformation")

    @cached_property
    def sagemaker(self) -> Any:
        """Client of SageMaker."""
        return self._session.client("sagemaker")

    @cached_property
    def scheduler(self) -> Any:
        """Client of EventBridge Scheduler."""
        return self._session.client("scheduler")

    @cached_property
    def storage(self) -> Any:
        """Client of S3."""
        return self._session.client("s3")


def read(organization: Member, files: Mapping[str, StackFile]) -> list[LaunchedProject]:
    """Return the projects that are not deleted, by name.

    Args:
        organization: an owner of the organization, who sees every repository.
        files: the stack of each environment; projects are launched in that of dev.
    """
    owners = {environment: Owner(file) for environment, file in files.items()}
    dev = owners["dev"].sagemaker
    found: list[LaunchedProject] = []
    for summary in _listed(dev):
        project = Project(name=str(summary["ProjectName"]), id=str(summary["ProjectId"]), created=False)
        repositories = organization.repositories(ORGANIZATION.login, project.repositories)
        described = dev.describe_project(ProjectName=project.name)
        launch = str(described["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"])
        found.append(
            LaunchedProject(
                name=project.name,
                id=project.id,
                status=str(summary["ProjectStatus"]),
                repositories=tuple((str(each["name"]), str(each["html_url"])) for each in repositories),
                accounts=tuple(_account(owner, project, launch) for owner in owners.values()),
            )
        )
    return found


def further(dev: StackFile) -> list[str]:
    """Return the names of the projects that are not the demo's; `dev` is the stack in whose account they were launched."""
    return [name for name in (str(each["ProjectName"]) for each in _listed(Owner(dev).sagemaker)) if name != PROJECT]


def _listed(sagemaker: Any) -> list[dict[str, Any]]:
    """Return the summaries of the projects that are not deleted, by name."""
    pages = sagemaker.get_paginator("list_projects").paginate()
    listed = [each for page in pages for each in page["ProjectSummaryList"] if each["ProjectStatus"] != GONE]
    return sorted(listed, key=lambda each: str(each["ProjectName"]))


def _account(owner: Owner, project: Project, launch: str) -> ProjectAccount:
    file, own = owner.file, f"{owner.file.prefix}-{project.id}"
    return ProjectAccount(
        environment=file.environment,
        resources=_resources(owner.cloudformation, f"SC-{file.account_id}-{launch}", own),
        pipelines=tuple(_pipelines(owner.sagemaker, project.pipeline, own)),
        models=tuple(_models(owner.sagemaker, project.pipeline)),
        serves=tuple(_serves(owner, project.endpoint(file), own)),
        reports=tuple(_reports(owner.storage, project, file)),
    )


def _resources(stacks: Any, *names: str) -> int:
    """Return the number of resources of the stacks that exist."""
    count = 0
    for page in stacks.get_paginator("list_stacks").paginate():
        for stack in page["StackSummaries"]:
            if stack["StackName"] in names and stack["StackStatus"] != "DELETE_COMPLETE":
                count += len(stacks.describe_stack_resources(StackName=stack["StackName"])["StackResources"])
    return count


def _pipelines(sagemaker: Any, name: str, own: str) -> Iterator[str]:
    for page in sagemaker.get_paginator("list_pipelines").paginate():
        for pipeline in (str(each["PipelineName"]) for each in page["PipelineSummaries"]):
            if pipeline == name or _owns(own, pipeline):
                newest = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"][:1]
                status = str(newest[0]["PipelineExecutionStatus"]).lower() if newest else "not run yet"
                yield f"{pipeline}: {status}"


def _models(sagemaker: Any, group: str) -> Iterator[str]:
    groups = sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]
    if group not in [each["ModelPackageGroupName"] for each in groups]:
        return
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Ascending"
    )
    for each in (each for page in pages for each in page["ModelPackageSummaryList"]):
        yield f"version {each['ModelPackageVersion']}: {each['ModelApprovalStatus']}"


def _serves(owner: Owner, endpoint: str, own: str) -> Iterator[str]:
    version = serving.version(owner.sagemaker, endpoint)
    if version is not None:
        yield f"endpoint {endpoint}: version {version}"
    for page in owner.scheduler.get_paginator("list_schedules").paginate():
        for each in page["Schedules"]:
            if _owns(own, str(each["GroupName"])):
                found = owner.scheduler.get_schedule(GroupName=each["GroupName"], Name=each["Name"])
                yield f"schedule {each['Name']}: {found['ScheduleExpression']}, {str(found['State']).lower()}"


def _reports(storage: Any, project: Project, file: StackFile) -> Iterator[str]:
    """Yield the newest report of drift in the account's bucket."""
    bucket = f"{file.prefix}-artifacts-{file.account_id}-{file.region}"
    if bucket not in [each["Name"] for each in storage.list_buckets()["Buckets"]]:
        return
    pages = storage.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"watched/{project.id}/")
    found = [each for page in pages for each in page.get("Contents", ()) if each["Key"].endswith("/report.html")]
    if found:
        yield f"s3://{bucket}/{max(found, key=lambda each: each['LastModified'])['Key']}"


def _owns(own: str, name: str) -> bool:
    return name == own or name.startswith(f"{own}-")
