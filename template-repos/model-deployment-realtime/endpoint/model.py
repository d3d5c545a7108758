"""A model version as SageMaker serves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class Version:
    """A verified model version, as the deploy command puts it into the configuration."""

    package_arn: str
    version: int
    image: str
    environment: Mapping[str, str]
    artifact_uri: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ModelArgs:
    """What is served, and where."""

    prefix: str
    version: Version
    role_arn: str
    subnet_ids: Sequence[str]
    security_group_id: str


class Model(pulumi.ComponentResource):
    """Image and artifact of one version, in the private network and without a network of its own."""

    version: int
    name: pulumi.Output[str]

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Model", name, None, opts)
        model = aws.sagemaker.Model(
            # The engine adds random letters, so that a version can be deployed again while its former model exists.
            f"{args.prefix}-v{args.version.version}",
            execution_role_arn=args.role_arn,
            enable_network_isolation=True,
            vpc_config={"subnets": args.subnet_ids, "security_group_ids": [args.security_group_id]},
            primary_container={
                "image": args.version.image,
                "model_data_url": args.version.artifact_uri,
                "environment": args.version.environment,
            },
            tags={"model-package-arn": args.version.package_arn},
            # What is replaced may still be needed by a release that is rolled back; the deploy command removes it.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        self.version = args.version.version
        self.name = model.name
        self.register_outputs({"name": self.name})
