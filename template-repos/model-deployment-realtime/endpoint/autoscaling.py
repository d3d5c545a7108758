"""Automatic scaling of the fleet between its smallest and largest size, by the number of requests."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from deployment import settings
from endpoint import DIMENSION, NAMESPACE, VARIANT


@dataclass(frozen=True, kw_only=True)
class AutoscalingArgs:
    """The endpoint, the sizes of its fleet, and the target."""

    endpoint_name: pulumi.Input[str]
    fleet: settings.Fleet
    scaling: settings.Scaling


class Autoscaling(pulumi.ComponentResource):
    """Keeps the requests per instance and minute near a target."""

    def __init__(self, name: str, args: AutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:EndpointAutoscaling", name, None, opts)
        target = aws.appautoscaling.Target(
            "scaling-target",
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=pulumi.Output.concat("endpoint/", args.endpoint_name, "/variant/", VARIANT),
            min_capacity=args.fleet.minimum_instances,
            max_capacity=args.fleet.maximum_instances,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.appautoscaling.Policy(
            "scaling-policy",
            name=pulumi.Output.concat(args.endpoint_name, "-invocations"),
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": {"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"},
                "target_value": float(args.scaling.invocations_per_instance),
                "scale_out_cooldown": args.scaling.add_after_seconds,
                "scale_in_cooldown": args.scaling.remove_after_seconds,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
