"""Launch a project as a lead data scientist does in Studio."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import boto3

from sandbox import identities
from sandbox.demo import catalog
from sandbox.demo.catalog import Order, OrderError
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
PEOPLE = {"GitUser": LEAD_DATA_SCIENTIST.login, "GitReviewers": DATA_SCIENTIST.login}
"""Those who work in a project unless a launch names others."""
GONE = "DeleteCompleted"
"""Status of a project that is deleted."""
_FAILED, _KEPT = "CreateFailed", "DeleteFailed"
"""Statuses of a project whose launch or later update failed, and of one whose deletion was refused."""


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
    def repositories(self) -> str:
        """Beginning of the full names of its repositories, which end with their kinds."""
        return f"{ORGANIZATION.login}/mlops-{self.name}-{self.id}-"

    @property
    def training(self) -> str:
        """Full name of the training repository."""
        return f"{self.repositories}{TRAINING}"

    @property
    def deployment(self) -> str:
        """Full name of the deployment repository."""
        return f"{self.repositories}{DEPLOYMENT}"

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
    """Launch the demo's project unless it exists, and wait until it is complete.

    Raises:
        LaunchFailedError: the launch failed or took longer than `LAUNCH_SECONDS`.
    """
    created = _status(session, PROJECT) in (None, _FAILED)
    if created:
        product = catalog.find(catalog.products(session), PRODUCT)
        _create(session, catalog.order(product, PROJECT, PEOPLE), "Age of abalone from their measurements")
    return _wait(session, PROJECT, created=created, on_status=on_status)


def launch(session: boto3.Session, order: Order, *, on_status: Callable[[str], None]) -> Project:
    """Launch a new project, and wait until it is complete.

    Raises:
        LaunchFailedError: as for `project`.
    """
    _create(session, order, "Launched by the command of the sandbox")
    return _wait(session, order.name, created=True, on_status=on_status)


def require_free(session: boto3.Session, name: str) -> None:
    """Make sure that no project has a name; one whose launch failed makes room for the next.

    Raises:
        OrderError: one has it.
    """
    status = _status(session, name)
    if status not in (None, _FAILED):
        raise OrderError(f"there is a project {name!r} already ({status}): choose another --name")


def _status(session: boto3.Session, name: str) -> str | None:
    """Return the status of a project; None when there is none."""
    pages = session.client("sagemaker").get_paginator("list_projects").paginate(NameContains=name)
    found = [each for page in pages for each in page["ProjectSummaryList"] if each["ProjectName"] == name]
    return next((str(each["ProjectStatus"]) for each in found if each["ProjectStatus"] != GONE), None)


def _create(session: boto3.Session, order: Order, description: str) -> None:
    sagemaker = session.client("sagemaker")
    if _status(session, order.name) == _FAILED:
        sagemaker.delete_project(ProjectName=order.name)
        _wait_until_gone(session, order.name)
    sagemaker.create_project(
        ProjectName=order.name,
        ProjectDescription=description,
        ServiceCatalogProvisioningDetails={
            "ProductId": order.product.id,
            "ProvisioningArtifactId": order.product.version,
            "ProvisioningParameters": [{"Key": key, "Value": value} for key, value in order.parameters.items()],
        },
    )


def _wait_until_gone(session: boto3.Session, name: str) -> None:
    deadline = time.monotonic() + LAUNCH_SECONDS
    while (status := _status(session, name)) is not None:
        if status == _KEPT or time.monotonic() > deadline:
            raise LaunchFailedError(f"the earlier project {name!r} is still there: it is {status}")
        time.sleep(0.2)


def _wait(session: boto3.Session, name: str, *, created: bool, on_status: Callable[[str], None]) -> Project:
    sagemaker = session.client("sagemaker")
    deadline = time.monotonic() + LAUNCH_SECONDS
    while True:
        described = sagemaker.describe_project(ProjectName=name)
        status = str(described["ProjectStatus"])
        on_status(status)
        # A deletion that was refused leaves the project as it is.
        if status in ("CreateCompleted", _KEPT):
            return Project(name=name, id=str(described["ProjectId"]), created=created)
        if status == _FAILED:
            details = described["ServiceCatalogProvisionedProductDetails"]
            raise LaunchFailedError(str(details["ProvisionedProductStatusMessage"]))
        if time.monotonic() > deadline:
            raise LaunchFailedError(f"the project is still {status} after {LAUNCH_SECONDS} seconds")
        time.sleep(0.2)
