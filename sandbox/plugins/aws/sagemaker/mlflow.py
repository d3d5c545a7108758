"""MLflow apps."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, picked, tag_list
from sandbox.plugins.aws.sagemaker.resource import SageMakerResource
from sandbox.plugins.aws.waiting import retry, wait_until
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import RefusedError


class MlflowApp(SageMakerResource):
    """An MLflow app; its id is its ARN.

    Source: internal/service/sagemaker/mlflow_app.go of the Terraform provider for AWS.
    """

    type_name = "aws:sagemaker/mlflowApp:MlflowApp"
    inputs = Inputs(
        "artifactStoreUri defaultDomainIdLists name tags",
        replaces="roleArn",
        computed="weeklyMaintenanceWindowStart",
        required="name",
        defaults={"modelRegistrationMode": "AutoModelRegistrationDisabled"},
    )
    outputs = ("arn",)
    _settings: ClassVar = {
        "artifactStoreUri": "ArtifactStoreUri",
        "defaultDomainIdLists": "DefaultDomainIdList",
        "modelRegistrationMode": "ModelRegistrationMode",
        "name": "Name",
        "weeklyMaintenanceWindowStart": "WeeklyMaintenanceWindowStart",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the app; its role may be too new."""
        sent = given(wanted, {**self._settings, "roleArn": "RoleArn"})
        answer = retry(
            lambda: cloud.client("sagemaker").create_mlflow_app(**sent, Tags=tag_list(wanted["tagsAll"])),
            codes=["ValidationException"],
            message="SageMaker is unable to perform: sts:AssumeRole",
        )
        return answer["Arn"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until it is made, or changed."""

        def ready() -> bool | None:
            status = self._describe(cloud, identifier)["Status"]
            if status.endswith("Failed"):
                raise RefusedError(f"MLflow app {identifier} is {status}")
            return True if status in ("Created", "Updated") else None

        wait_until(ready, what=f"MLflow app {identifier}", seconds=600)

    @staticmethod
    def _describe(cloud: Aws, identifier: str) -> Mapping[str, Any]:
        return cloud.client("sagemaker").describe_mlflow_app(Arn=identifier)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the app."""
        app = self._describe(cloud, identifier)
        names = {**self._settings, "arn": "Arn", "roleArn": "RoleArn"}
        return {**picked(app, names), "tagsAll": self.tags(cloud, app["Arn"])}

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the settings: whichever changed, the official provider sends all of them."""
        if changed & self._settings.keys():
            cloud.client("sagemaker").update_mlflow_app(Arn=identifier, **given(wanted, self._settings))
            self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the app, with the runs in it."""
        cloud.client("sagemaker").delete_mlflow_app(Arn=identifier)
        self.vanish(lambda: self._describe(cloud, identifier), f"MLflow app {identifier}")


TYPES = (MlflowApp(),)
