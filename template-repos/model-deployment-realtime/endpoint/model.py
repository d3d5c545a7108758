"""The SageMaker model of a version."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from mlops_platform.release.version import Version

ISOLATED = {
    # Before SageMaker's images serve a model with code of its own, they `pip install` that code (sagemaker-containers,
    # _modules.py). pip would download setuptools for it, which a container without network cannot, although the image
    # has it. 0 turns build isolation off, as pip reads the variable inverted (https://github.com/pypa/pip/issues/5735).
    "PIP_NO_BUILD_ISOLATION": "0",
}
"""Environment that a container needs for network isolation, also of versions that were registered without it."""


@dataclass(frozen=True, kw_only=True)
class ModelArgs:
    """The version, its role, and its network."""

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
                "environment": {**ISOLATED, **args.version.environment},
            },
            tags={"model-package-arn": args.version.package_arn},
            # A release that is rolled back still needs the replaced model; the deploy command removes it later.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        self.version = args.version.version
        self.name = model.name
        self.register_outputs({"name": self.name})
