"""The configuration of an endpoint: a model on a fleet of instances, with encrypted disks and captured requests."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from endpoint import SHADOW, VARIANT
from mlops_platform.release.version import Version


@dataclass(frozen=True, kw_only=True)
class ConfigurationArgs:
    """The version, its shadow if it has one, and the fleet."""

    prefix: str
    version: Version
    shadow: Version | None
    shadow_percent: int
    """Share of the requests that the shadow gets a copy of."""
    instance_type: str
    instances: int
    """Number of instances that the fleet and its shadow start with; autoscaling decides from then on."""
    kms_key_arn: str
    """Encrypts the disks and the captured requests."""
    captured_uri: str
    capture_percent: int


class Configuration(pulumi.ComponentResource):
    """An endpoint configuration. It never changes: every difference creates another one."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: ConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:EndpointConfiguration", name, None, opts)
        configuration = aws.sagemaker.EndpointConfiguration(
            f"{args.prefix}-v{args.version.version}",
            kms_key_arn=args.kms_key_arn,
            production_variants=[
                {
                    "variant_name": VARIANT,
                    "model_name": args.version.model_name,
                    "instance_type": args.instance_type,
                    "initial_instance_count": args.instances,
                    "initial_variant_weight": 1.0,
                }
            ],
            shadow_production_variants=_shadow(args),
            data_capture_config=_capture(args),
            opts=pulumi.ResourceOptions(
                parent=self,
                # SageMaker needs the replaced one until the release is over, and to roll it back.
                retain_on_delete=True,
            ),
        )
        self.name = configuration.name
        self.register_outputs({"name": self.name})


def _shadow(args: ConfigurationArgs) -> list[aws.sagemaker.EndpointConfigurationShadowProductionVariantArgsDict] | None:
    if args.shadow is None:
        return None
    return [
        {
            "variant_name": SHADOW,
            "model_name": args.shadow.model_name,
            "instance_type": args.instance_type,
            "initial_instance_count": args.instances,
            # Relative to the variant that answers: the share of its requests that are copied.
            "initial_variant_weight": args.shadow_percent / 100,
        }
    ]


def _capture(args: ConfigurationArgs) -> aws.sagemaker.EndpointConfigurationDataCaptureConfigArgsDict:
    return {
        "enable_capture": args.capture_percent > 0,
        "initial_sampling_percentage": args.capture_percent,
        "destination_s3_uri": args.captured_uri,
        "kms_key_id": args.kms_key_arn,
        "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
        # Text stays readable; anything else is captured in Base64.
        "capture_content_type_header": {
            "csv_content_types": ["text/csv"],
            "json_content_types": ["application/json"],
        },
    }
