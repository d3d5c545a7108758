"""Models."""

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, code_of
from sandbox.plugins.aws.convert import from_aws, tag_list, to_aws
from sandbox.plugins.aws.sagemaker.hosting import LONGEST_NAME, ServingResource, wrong_name
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName

_CONTAINER = Inputs(
    "containerHostname environment image inferenceSpecificationName modelDataUrl modelPackageName",
    defaults={"mode": "SingleModel"},
)


class Model(ServingResource):
    """A container and a model's artifact; its id is its name."""

    type_name = "aws:sagemaker/model:Model"
    inputs = Inputs(
        "tags",
        replaces="containers enableNetworkIsolation executionRoleArn name primaryContainer",
        # The official provider plans an update in place for other subnets, and then changes nothing.
        presence_replaces="vpcConfig",
        computed="name",
        ordered="containers",
        objects={
            "containers": _CONTAINER,
            "primaryContainer": _CONTAINER,
            "vpcConfig": Inputs("securityGroupIds subnets"),
        },
    )
    outputs = ("arn",)
    auto_name = AutoName()
    _names: ClassVar = {
        "name": "ModelName",
        "containers": "Containers",
        "enableNetworkIsolation": "EnableNetworkIsolation",
        "executionRoleArn": "ExecutionRoleArn",
        "primaryContainer": "PrimaryContainer",
        "vpcConfig": "VpcConfig",
    }

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a name that SageMaker would refuse."""
        return list(wrong_name(wanted, "name", LONGEST_NAME))

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the model; what it refers to may be too new, such as its role."""
        sent = {
            self._names[name]: to_aws(self.properties[name], wanted[name]) for name in self._names if name in wanted
        }
        retry(
            lambda: cloud.client("sagemaker").create_model(**sent, Tags=tag_list(wanted["tagsAll"])),
            codes=["ValidationException"],
        )
        return wanted["name"]

    def is_gone(self, error: Exception) -> bool:
        """Return whether the model is gone: the official provider takes any validation error for that."""
        if isinstance(error, ClientError) and error.operation_name == "DescribeModel":
            return code_of(error) == "ValidationException"
        return super().is_gone(error)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the model."""
        model = cloud.client("sagemaker").describe_model(ModelName=identifier)
        return {
            **{name: from_aws(self.properties[name], model.get(aws_name)) for name, aws_name in self._names.items()},
            "arn": model["ModelArn"],
            "tagsAll": self.tags(cloud, model["ModelArn"]),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the model."""
        cloud.client("sagemaker").delete_model(ModelName=identifier)


TYPES = (Model(),)
