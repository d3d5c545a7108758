"""What an account in which models are deployed has of its own."""

from dataclasses import dataclass

import pulumi

from components import iam
from components import job_permissions as jobs
from components.encryption.key import EncryptionKey
from components.network.placement import Placement
from components.parameters import Values
from components.role import Role, RoleArgs
from components.site import Site
from components.storage.private_bucket import PrivateBucket


@dataclass(frozen=True, kw_only=True)
class WorkloadAccountArgs:
    """Where deployed models run, and what guards them."""

    site: Site
    artifacts: PrivateBucket
    """Bucket of the models' artifacts, which are copied into it when a model is deployed."""
    data_key: EncryptionKey
    placement: Placement


class WorkloadAccount(pulumi.ComponentResource):
    """The role under which deployed models run.

    It reads nothing outside its account but the images of AWS, so that models keep running when the account that
    trained them is gone.
    """

    parameters: Values

    def __init__(self, name: str, args: WorkloadAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:WorkloadAccount", name, None, opts)
        role = Role(
            f"{name}-model-execution",
            RoleArgs(
                site=args.site,
                purpose="model-execution",
                description="Runs deployed models and their pipelines",
                trust_policy=iam.trust_service("sagemaker.amazonaws.com", account_id=args.site.account_id),
                policies={
                    "artifacts": iam.document(
                        args.artifacts.read(),
                        args.artifacts.write(),
                        args.data_key.use(),
                        args.data_key.grant_to_services(),
                    ),
                    # SageMaker's own images live in accounts of AWS, another one for each region and framework.
                    "images": iam.document(*jobs.pull_images(f"arn:aws:ecr:{args.site.region}:*:repository/*")),
                    "network": iam.document(*args.placement.attach()),
                    "observability": iam.document(
                        iam.allow(
                            "WriteLogs",
                            "logs:CreateLogGroup",
                            "logs:CreateLogStream",
                            "logs:DescribeLogStreams",
                            "logs:PutLogEvents",
                            on=args.site.arn("logs", "log-group:/aws/sagemaker/*"),
                        ),
                        jobs.write_metrics("/aws/sagemaker/*"),
                    ),
                },
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.parameters = {"access/model-execution-role-arn": role.arn}
        self.register_outputs({"model_execution_role_arn": role.arn})
