"""Endpoints."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import from_aws, given, picked, tag_list, to_aws
from sandbox.plugins.aws.sagemaker.hosting import LONGEST_NAME, ServingResource, out_of_range, wrong_name
from sandbox.plugins.aws.waiting import wait_until
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import mapping_of

_TRUST_TOO_NEW = (
    'Please ensure that the role exists and that its trust relationship policy allows the action "sts:AssumeRole" '
    'for the service principal "sagemaker.amazonaws.com"'
)
_TRUST_SECONDS = 120
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
                # ForceNew in hashicorp/terraform-provider-aws, internal/service/sagemaker/endpoint.go. Terraform's SDK
                # compares the number of such blocks, so that other alarms in one are no reason.
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
        """Refuse what the official provider refuses before it calls SageMaker."""
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
        """Create the endpoint and wait until it is in service.

        An endpoint that fails stays in the account without being in the state, as with the official provider.
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
        """Return the endpoint, or None if there is none or it is being deleted."""
        try:
            found: Mapping[str, Any] = cloud.client("sagemaker").describe_endpoint(EndpointName=name)
        except ClientError as error:
            if self.is_gone(error):
                return None
            raise
        return None if found["EndpointStatus"] == "Deleting" else found

    def _wait(self, cloud: Aws, name: str, operation: str) -> None:
        """Wait until the endpoint is in service.

        The configuration that it serves then is not checked: after an automatic rollback, the endpoint is in service
        with its previous configuration, and the official provider takes that for success
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
        """Read the endpoint and the configuration that it actually serves."""
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
        """Delete the endpoint and wait until it is gone."""
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


TYPES = (Endpoint(),)
