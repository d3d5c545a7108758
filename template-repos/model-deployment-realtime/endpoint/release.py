"""The endpoint, and the release of a new version: beside the old fleet, watched, and rolled back if an alarm fires."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from deployment import settings


@dataclass(frozen=True, kw_only=True)
class ReleaseArgs:
    """The configuration to release, and the alarms that roll the release back."""

    endpoint_name: str
    configuration_name: pulumi.Input[str]
    rollback_alarms: Sequence[pulumi.Input[str]]
    release: settings.Release
    canary_percent: int
    """Share of the capacity that gets requests first; 0 moves all at once, and the old fleet stays while the new one is watched."""


class Release(pulumi.ComponentResource):
    """A SageMaker endpoint with deployment guardrails."""

    endpoint_name: pulumi.Output[str]
    """Known once the endpoint is in service."""

    def __init__(self, name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:EndpointRelease", name, None, opts)
        release = args.release
        endpoint = aws.sagemaker.Endpoint(
            "endpoint",
            name=args.endpoint_name,
            endpoint_config_name=args.configuration_name,
            deployment_config={
                "blue_green_update_policy": {
                    "traffic_routing_configuration": {
                        "type": "CANARY",
                        "canary_size": {"type": "CAPACITY_PERCENT", "value": args.canary_percent},
                        "wait_interval_in_seconds": release.baking_minutes * 60,
                    }
                    if args.canary_percent
                    else {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 0},
                    "termination_wait_in_seconds": release.termination_wait_minutes * 60,
                    "maximum_execution_timeout_in_seconds": release.maximum_minutes * 60,
                },
                "auto_rollback_configuration": {"alarms": [{"alarm_name": alarm} for alarm in args.rollback_alarms]},
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.endpoint_name = endpoint.name
        self.register_outputs({"endpoint_name": self.endpoint_name})
