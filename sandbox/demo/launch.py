"""Launch a project as a lead data scientist does in Studio."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3

from sandbox import identities
from sandbox.organization import (
    DATA_SCIENTIST,
    DEPLOYMENT,
    LEAD_DATA_SCIENTIST,
    ORGANIZATION,
    PRODUCT,
    PROJECT,
    TRAINING,
)
from sandbox.servers import Servers
from sandbox.stacks import StackFile

LAUNCH_SECONDS = 300


class LaunchFailedError(Exception):
    """The project could not be launched; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A launched project."""

    name: str
    id: str
    created: bool
    """Whether this call launched it; if not, it existed."""

    @property
    def training(self) -> str:
        """Full name of the training repository."""
        return f"{ORGANIZATION.login}/mlops-{self.name}-{self.id}-{TRAINING}"

    @property
    def deployment(self) -> str:
        """Full name of the deployment repository."""
        return f"{ORGANIZATION.login}/mlops-{self.name}-{self.id}-{DEPLOYMENT}"

    @property
    def pipeline(self) -> str:
        """Name of the project's pipeline, and of its group of model packages."""
        return f"{self.name}-{self.id}"

    def endpoint(self, stack: StackFile) -> str:
        """Name of the project's endpoint in the account of a stack."""
        return f"{stack.prefix}-{self.id}"


def studio_session(servers: Servers, stack: StackFile, *, domain: str, profile: str) -> boto3.Session:
    """Return an AWS session with the role of a Studio user profile."""
    return identities.session(identities.studio(servers, stack, domain=domain, profile=profile), stack.region)


def project(session: boto3.Session, *, on_status: Callable[[str], None]) -> Project:
    """Launch the project unless it exists, and wait until it is complete.

    Raises:
        LaunchFailedError: the launch failed or took longer than `LAUNCH_SECONDS`.
    """
    sagemaker = session.client("sagemaker")
    found = [
        summary["ProjectStatus"]
        for summary in sagemaker.list_projects(NameContains=PROJECT)["ProjectSummaryList"]
        if summary["ProjectName"] == PROJECT
    ]
    if "CreateFailed" in found:
        sagemaker.delete_project(ProjectName=PROJECT)
    created = found in ([], ["CreateFailed"])
    if created:
        _create(session)
    deadline = time.monotonic() + LAUNCH_SECONDS
    while True:
        described = sagemaker.describe_project(ProjectName=PROJECT)
        status = str(described["ProjectStatus"])
        on_status(status)
        # A deletion that was refused leaves the project as it is.
        if status in ("CreateCompleted", "DeleteFailed"):
            return Project(name=PROJECT, id=str(described["ProjectId"]), created=created)
        if status == "CreateFailed":
            details = described["ServiceCatalogProvisionedProductDetails"]
            raise LaunchFailedError(str(details["ProvisionedProductStatusMessage"]))
        if time.monotonic() > deadline:
            raise LaunchFailedError(f"the project is still {status} after {LAUNCH_SECONDS} seconds")
        time.sleep(0.2)


def _create(session: boto3.Session) -> None:
    product, artifact = _product(session.client("servicecatalog"))
    session.client("sagemaker").create_project(
        ProjectName=PROJECT,
        ProjectDescription="Age of abalone from their measurements",
        ServiceCatalogProvisioningDetails={
            "ProductId": product,
            "ProvisioningArtifactId": artifact,
            "ProvisioningParameters": [
                {"Key": "GitUser", "Value": LEAD_DATA_SCIENTIST.login},
                {"Key": "GitReviewers", "Value": DATA_SCIENTIST.login},
            ],
        },
    )


def _product(catalog: Any) -> tuple[str, str]:
    """Return the ids of the product and of its newest version, the one that Studio offers."""
    found = [summary for summary in catalog.search_products()["ProductViewSummaries"] if summary["Name"] == PRODUCT]
    if len(found) != 1:
        raise LaunchFailedError(f"the catalog offers {len(found)} products called {PRODUCT!r} to this role, not one")
    product = str(found[0]["ProductId"])
    versions = catalog.describe_product(Id=product)["ProvisioningArtifacts"]
    return product, str(max(versions, key=lambda version: version["CreatedTime"])["Id"])
