"""Models and their endpoints: Amazon SageMaker AI."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import (
    Aws,
    code_of,
    from_aws,
    generated_name,
    given,
    out_of_range,
    picked,
    prefix_of,
    retry,
    tag_list,
    to_aws,
    wait_until,
)
from sandbox.plugins.aws.sagemaker import SageMakerResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import list_of, mapping_of

LONGEST_NAME = 63
LONGEST_PREFIX = 37
"""Leaves room for what the official provider appends."""

_NAMES: Mapping[str, str] = {"enableSsmAccess": "EnableSSMAccess", "volumeSizeInGb": "VolumeSizeInGB"}
"""AWS's names where they are not the SDK's."""

_TRUST_TOO_NEW = (
    'Please ensure that the role exists and that its trust relationship policy allows the action "sts:AssumeRole" '
    'for the service principal "sagemaker.amazonaws.com"'
)
_TRUST_SECONDS = 120


def wrong_name(wanted: Mapping[str, Any], name: str, longest: int) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a name or prefix, in the official provider's words."""
    value = wanted.get(name)
    if value is None:
        return
    if not re.fullmatch(r"[0-9A-Za-z-]+", value):
        yield name, f'only alphanumeric characters and hyphens allowed in "{name}": "{value}"'
    if len(value) > longest:
        yield name, f'"{name}" cannot be longer than {longest} characters: "{value}"'
    if value.startswith("-"):
        yield name, f'"{name}" cannot begin with a hyphen: "{value}"'


class ServingResource(SageMakerResource):
    """What models, configurations and endpoints share: SageMaker's way of saying that there is none."""

    def is_gone(self, error: Exception) -> bool:
        """Tell whether SageMaker could not find it."""
        return (
            isinstance(error, ClientError)
            and code_of(error) == "ValidationException"
            and "Could not find" in str(error)
        ) or super().is_gone(error)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Do nothing, as the official provider does where only tags can change."""


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
        # The official provider takes other subnets for a change in place, and then changes nothing.
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
        """Make the model; what SageMaker refuses at first may be too new, such as its role."""
        sent = {
            self._names[name]: to_aws(self.properties[name], wanted[name]) for name in self._names if name in wanted
        }
        retry(
            lambda: cloud.client("sagemaker").create_model(**sent, Tags=tag_list(wanted["tagsAll"])),
            codes=["ValidationException"],
        )
        return wanted["name"]

    def is_gone(self, error: Exception) -> bool:
        """Tell whether SageMaker could not find it; of a model, the official provider believes any such error."""
        if isinstance(error, ClientError) and error.operation_name == "DescribeModel":
            return code_of(error) == "ValidationException"
        return super().is_gone(error)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the model."""
        model = cloud.client("sagemaker").describe_model(ModelName=identifier)
        return {
            **{name: from_aws(self.properties[name], model.get(there)) for name, there in self._names.items()},
            "arn": model["ModelArn"],
            "tagsAll": self.tags(cloud, model["ModelArn"]),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the model."""
        cloud.client("sagemaker").delete_model(ModelName=identifier)


_VARIANT = (
    "containerStartupHealthCheckTimeoutInSeconds enableSsmAccess inferenceAmiVersion initialInstanceCount instanceType "
    "modelDataDownloadTimeoutInSeconds modelName"
)
_WEIGHT: Mapping[str, int] = {"initialVariantWeight": 1}


class EndpointConfiguration(ServingResource):
    """What an endpoint serves, and on which instances; its id is its name."""

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
        """Refuse what the official provider refuses before it asks SageMaker."""
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
        """Make the configuration; a variant without a name is given one."""
        sent = {
            there: to_aws(self.properties[name], wanted[name], _NAMES)
            for name, there in self._names.items()
            if name in wanted
        }
        for variant in sent["ProductionVariants"] + list_of(sent.get("ShadowProductionVariants")):
            variant.setdefault("VariantName", generated_name())
            if "ModelName" in variant:
                variant.setdefault("EnableSSMAccess", False)
            else:  # the models come later, as inference components
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
            **{name: from_aws(self.properties[name], found.get(there), _NAMES) for name, there in self._names.items()},
            "name": found["EndpointConfigName"],
            "namePrefix": prefix_of(found["EndpointConfigName"]),
            "arn": found["EndpointConfigArn"],
            "tagsAll": self.tags(cloud, found["EndpointConfigArn"]),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the configuration, even one that an endpoint still serves: SageMaker lets it go."""
        cloud.client("sagemaker").delete_endpoint_config(EndpointConfigName=identifier)


_SIZE = Inputs("type value")


class Endpoint(ServingResource):
    """An endpoint; its id is its name."""

    type_name = "aws:sagemaker/endpoint:Endpoint"
    inputs = Inputs(
        "endpointConfigName tags",
        replaces="name",
        computed="name",
        objects={
            "deploymentConfig": Inputs(
                presence_replaces="autoRollbackConfiguration",
                objects={
                    "autoRollbackConfiguration": Inputs(objects={"alarms": Inputs("alarmName")}),
                    "blueGreenUpdatePolicy": Inputs(
                        "maximumExecutionTimeoutInSeconds",
                        defaults={"terminationWaitInSeconds": 0},
                        objects={
                            "trafficRoutingConfiguration": Inputs(
                                "type waitIntervalInSeconds",
                                objects={"canarySize": _SIZE, "linearStepSize": _SIZE},
                            )
                        },
                    ),
                    "rollingUpdatePolicy": Inputs(
                        "maximumExecutionTimeoutInSeconds waitIntervalInSeconds",
                        objects={
                            "maximumBatchSize": _SIZE,
                            "rollbackMaximumBatchSize": _SIZE,
                        },
                    ),
                },
            )
        },
    )
    outputs = ("arn",)
    auto_name = AutoName()

    def refusals(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Refuse what the official provider refuses before it asks SageMaker."""
        yield from wrong_name(wanted, "name", LONGEST_NAME)
        yield from wrong_name(wanted, "endpointConfigName", LONGEST_NAME)
        deployment = wanted.get("deploymentConfig")
        if not isinstance(deployment, dict):
            return
        policies = [
            f"deploymentConfig.{name}"
            for name in ("blueGreenUpdatePolicy", "rollingUpdatePolicy")
            if mapping_of(deployment).get(name) is not None
        ]
        if len(policies) != 1:
            yield "deploymentConfig", "exactly one of blueGreenUpdatePolicy, rollingUpdatePolicy must be specified"
        for path in policies:
            policy = mapping_of(mapping_of(deployment)[path.split(".")[1]])
            waits = {
                **{name: policy.get(name) for name in ("terminationWaitInSeconds", "waitIntervalInSeconds")},
                "trafficRoutingConfiguration.waitIntervalInSeconds": mapping_of(
                    policy.get("trafficRoutingConfiguration")
                ).get("waitIntervalInSeconds"),
            }
            for name, seconds in waits.items():
                yield from out_of_range(f"{path}.{name}", seconds, 0, 3600)
            name = "maximumExecutionTimeoutInSeconds"
            yield from out_of_range(f"{path}.{name}", policy.get(name), 600, 14400)

    def _sent(self, wanted: Values) -> Values:
        sent = given(wanted, {"endpointConfigName": "EndpointConfigName"})
        if wanted.get("deploymentConfig"):
            sent["DeploymentConfig"] = to_aws(self.properties["deploymentConfig"], wanted["deploymentConfig"])
        return sent

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the endpoint and wait for it.

        One that fails stays in the account, and no state knows of it: so does the official provider.
        """
        name = wanted["name"]
        end = time.monotonic() + _TRUST_SECONDS
        while True:
            cloud.client("sagemaker").create_endpoint(
                EndpointName=name, **self._sent(wanted), Tags=tag_list(wanted["tagsAll"])
            )
            try:
                self._wait(cloud, name, "create")
            except RefusedError as error:
                if _TRUST_TOO_NEW not in str(error):
                    raise
                self.delete(cloud, name, {})
                if time.monotonic() > end:
                    raise
            else:
                return name

    def _find(self, cloud: Aws, name: str) -> Mapping[str, Any] | None:
        """Return the endpoint, or None where there is none or it is about to go."""
        try:
            found: Mapping[str, Any] = cloud.client("sagemaker").describe_endpoint(EndpointName=name)
        except ClientError as error:
            if self.is_gone(error):
                return None
            raise
        return None if found["EndpointStatus"] == "Deleting" else found

    def _wait(self, cloud: Aws, name: str, operation: str) -> None:
        """Wait until the endpoint is in service.

        What it serves then is not looked at: after an automatic rollback it is in service as well, with the
        configuration from before, and the official provider calls that a success
        (hashicorp/terraform-provider-aws, issues 48997 and 46663).
        """

        def in_service() -> bool | None:
            found = self._find(cloud, name)
            status = found["EndpointStatus"] if found else "NotFound"
            if status in {"Creating", "Updating", "SystemUpdating"}:
                return None
            if status != "InService":
                reason = mapping_of(found).get("FailureReason")
                raise RefusedError(
                    f"waiting for SageMaker AI Endpoint ({name}) {operation}: unexpected state '{status}', "
                    f"wanted target 'InService'. last error: {reason}"
                )
            return True

        wait_until(in_service, what=f"SageMaker AI Endpoint ({name}) {operation}", seconds=3600, longest=1)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the endpoint, and what it really serves."""
        found = self._find(cloud, identifier)
        if found is None:
            return None
        names = {"arn": "EndpointArn", "endpointConfigName": "EndpointConfigName", "name": "EndpointName"}
        deployment = found.get("LastDeploymentConfig")
        return {
            **picked(found, names),
            "deploymentConfig": from_aws(self.properties["deploymentConfig"], deployment) if deployment else None,
            "tagsAll": self.tags(cloud, found["EndpointArn"]),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the endpoint and wait until it is in service again."""
        cloud.client("sagemaker").update_endpoint(EndpointName=identifier, **self._sent(wanted))
        self._wait(cloud, identifier, "update")

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the endpoint and wait until it is gone."""
        cloud.client("sagemaker").delete_endpoint(EndpointName=identifier)

        def gone() -> bool | None:
            try:
                cloud.client("sagemaker").describe_endpoint(EndpointName=identifier)
            except ClientError as error:
                if self.is_gone(error):
                    return True
                raise
            return None

        wait_until(gone, what=f"SageMaker AI Endpoint ({identifier}) delete", seconds=600, longest=1)


TYPES = (Model(), EndpointConfiguration(), Endpoint())
