"""Endpoint configurations."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import from_aws, tag_list, to_aws
from sandbox.plugins.aws.names import generated_name, prefix_of
from sandbox.plugins.aws.sagemaker.hosting import LONGEST_NAME, ServingResource, out_of_range, wrong_name
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName
from sandbox.plugins.values import list_of, mapping_of

LONGEST_PREFIX = 37
"""Shorter, as the official provider appends 26 characters."""
_NAMES: Mapping[str, str] = {"enableSsmAccess": "EnableSSMAccess", "volumeSizeInGb": "VolumeSizeInGB"}
"""AWS's names where they differ from the SDK's in more than the first letter."""
_VARIANT = (
    "containerStartupHealthCheckTimeoutInSeconds enableSsmAccess inferenceAmiVersion initialInstanceCount instanceType "
    "modelDataDownloadTimeoutInSeconds modelName"
)
_WEIGHT: Mapping[str, int] = {"initialVariantWeight": 1}


class EndpointConfiguration(ServingResource):
    """An endpoint configuration; its id is its name."""

    type_name = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    inputs = Inputs(
        "tags",
        replaces="dataCaptureConfig executionRoleArn kmsKeyArn name namePrefix "
        "productionVariants shadowProductionVariants",
        computed="name namePrefix",
        ordered="productionVariants shadowProductionVariants",
        objects={
            "dataCaptureConfig": Inputs(
                "destinationS3Uri enableCapture initialSamplingPercentage kmsKeyId",
                ordered="captureOptions",
                objects={
                    "captureContentTypeHeader": Inputs("csvContentTypes jsonContentTypes"),
                    "captureOptions": Inputs("captureMode"),
                },
            ),
            "productionVariants": Inputs(_VARIANT, computed="variantName volumeSizeInGb", defaults=_WEIGHT),
            "shadowProductionVariants": Inputs(_VARIANT, "volumeSizeInGb", computed="variantName", defaults=_WEIGHT),
        },
    )
    outputs = ("arn",)
    auto_name = AutoName()
    _names: ClassVar = {
        "dataCaptureConfig": "DataCaptureConfig",
        "executionRoleArn": "ExecutionRoleArn",
        "kmsKeyArn": "KmsKeyId",
        "productionVariants": "ProductionVariants",
        "shadowProductionVariants": "ShadowProductionVariants",
    }

    def refusals(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Refuse what the official provider refuses before it calls SageMaker."""
        if wanted.get("name") is not None and wanted.get("namePrefix") is not None:
            yield "name", '"name": conflicts with name_prefix'
        yield from wrong_name(wanted, "name", LONGEST_NAME)
        yield from wrong_name(wanted, "namePrefix", LONGEST_PREFIX)
        capture = wanted.get("dataCaptureConfig")
        if isinstance(capture, dict):
            path = "dataCaptureConfig.initialSamplingPercentage"
            yield from out_of_range(path, mapping_of(capture).get("initialSamplingPercentage"), 0, 100)
            header = mapping_of(capture).get("captureContentTypeHeader")
            if header is not None and not header:
                yield (
                    "dataCaptureConfig.captureContentTypeHeader",
                    'at least one of "csv_content_types", "json_content_types" must be specified',
                )

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the configuration, with generated names for variants that have none."""
        sent = {
            aws_name: to_aws(self.properties[name], wanted[name], _NAMES)
            for name, aws_name in self._names.items()
            if name in wanted
        }
        for variant in sent["ProductionVariants"] + list_of(sent.get("ShadowProductionVariants")):
            variant.setdefault("VariantName", generated_name())
            if "ModelName" in variant:
                variant.setdefault("EnableSSMAccess", False)
            else:  # models are added later, as inference components
                del variant["InitialVariantWeight"]
        name = wanted.get("name") or generated_name(wanted["namePrefix"])
        cloud.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name, **sent, Tags=tag_list(wanted["tagsAll"])
        )
        return name

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the configuration."""
        found = cloud.client("sagemaker").describe_endpoint_config(EndpointConfigName=identifier)
        return {
            **{
                name: from_aws(self.properties[name], found.get(aws_name), _NAMES)
                for name, aws_name in self._names.items()
            },
            "name": found["EndpointConfigName"],
            "namePrefix": prefix_of(found["EndpointConfigName"]),
            "arn": found["EndpointConfigArn"],
            "tagsAll": self.tags(cloud, found["EndpointConfigArn"]),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the configuration; SageMaker allows it even while an endpoint uses it."""
        cloud.client("sagemaker").delete_endpoint_config(EndpointConfigName=identifier)


TYPES = (EndpointConfiguration(),)
