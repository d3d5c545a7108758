"""Actions of a lead on a launched project: update it, and delete it."""

import uuid
from typing import Any

from sandbox.demo.launch import Project
from tests.e2e.actors import Actors
from tests.e2e.sandbox import ACCOUNTS
from tests.e2e.wait import wait_until


class ProjectOwners(Actors):
    """The people of a launched project, and the owners of the accounts."""

    project: Project

    def update_project(self, **changed: str) -> tuple[str, str]:
        """Change parameters of the project as its lead, wait for the end, and return its status and the reason for it."""
        catalog, product = self.lead.client("servicecatalog"), self._product()
        parameters = [each["ParameterKey"] for each in self._stack()["Parameters"]]
        kept = [{"Key": key, "UsePreviousValue": True} for key in parameters if key not in changed]
        catalog.update_provisioned_product(
            ProvisionedProductId=product,
            ProvisioningParameters=[*kept, *({"Key": key, "Value": value} for key, value in changed.items())],
            UpdateToken=str(uuid.uuid4()),
        )

        def ended() -> dict[str, Any] | None:
            found = catalog.describe_provisioned_product(Id=product)["ProvisionedProductDetail"]
            return None if found["Status"] == "UNDER_CHANGE" else dict(found)

        found = wait_until(ended, "the end of an update of the project")
        return found["Status"], found.get("StatusMessage", "")

    def launch_stack(self) -> tuple[str, bool]:
        """Return the status of the project's stack in dev, and whether CloudFormation protects it."""
        stack = self._stack()
        return stack["StackStatus"], stack["EnableTerminationProtection"]

    def delete_project(self) -> tuple[str, str]:
        """Delete the project as its lead, wait for the end, and return its status and the reason for it."""
        sagemaker = self.lead.client("sagemaker")
        sagemaker.delete_project(ProjectName=self.project.name)

        def ended() -> dict[str, Any] | None:
            found = sagemaker.describe_project(ProjectName=self.project.name)
            return None if found["ProjectStatus"] == "DeleteInProgress" else found

        found = wait_until(ended, "the end of the project")
        details = found.get("ServiceCatalogProvisionedProductDetails", {})
        return found["ProjectStatus"], details.get("ProvisionedProductStatusMessage", "")

    def _product(self) -> str:
        described = self.root("dev", "sagemaker").describe_project(ProjectName=self.project.name)
        return str(described["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"])

    def _stack(self) -> Any:
        name = f"SC-{ACCOUNTS['dev']}-{self._product()}"
        [stack] = self.root("dev", "cloudformation").describe_stacks(StackName=name)["Stacks"]
        return stack
