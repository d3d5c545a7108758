"""What an account in which models are deployed has of its own."""

from dataclasses import dataclass

import pulumi

from components import iam
from components.encryption import EncryptionKey
from components.network_placement import Placement
from components.role import Role, RoleArgs
from components.storage import PrivateBucket


@dataclass(frozen=True, kw_only=True)
class WorkloadAccountArgs:
    """Where deployed models run, and what guards them."""

    prefix: str
    """Beginning of every physical name."""
    region: str
    account_id: str
    artifacts: PrivateBucket
    """Bucket of the models' artifacts, which are copied into it when a model is deployed."""
    data_key: EncryptionKey
    placement: Placement
    boundary_arn: str
    """Permissions boundary of the models' role."""


class WorkloadAccount(pulumi.ComponentResource):
    """The role under which deployed models run.

    It reads nothing outside its account but the images of AWS, so that models keep running when the account that
    trained them is gone.
    """

    model_execution_role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: WorkloadAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:WorkloadAccount", name, None, opts)
        role = Role(
            f"{name}-model-execution",
            RoleArgs(
                role_name=f"{args.prefix}-model-execution",
                description="Runs deployed models and their pipelines",
                trust_policy=iam.trust_service("sagemaker.amazonaws.com", account_id=args.account_id),
                boundary_arn=args.boundary_arn,
                policies={
                    "artifacts": iam.document(
                        args.artifacts.read(),
                        args.artifacts.write(),
                        args.data_key.use(),
                        args.data_key.grant_to_services(),
                    ),
                    "images": iam.document(*_pull_images(args.region)),
                    "network": iam.document(*args.placement.attach()),
                    "observability": iam.document(*_report(args.region, args.account_id)),
                },
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.model_execution_role_arn = role.arn
        self.register_outputs({"model_execution_role_arn": role.arn})


def _pull_images(region: str) -> tuple[iam.Statement, ...]:
    return (
        iam.allow(
            "LogInToRegistry",
            "ecr:GetAuthorizationToken",
            on=iam.EveryResource(reason="a token is the account's, not a repository's"),
        ),
        iam.allow(
            "PullImages",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            # SageMaker's own images live in accounts of AWS, another one for each region and framework.
            on=f"arn:aws:ecr:{region}:*:repository/*",
        ),
    )


def _report(region: str, account_id: str) -> tuple[iam.Statement, ...]:
    return (
        iam.allow(
            "WriteLogs",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            on=f"arn:aws:logs:{region}:{account_id}:log-group:/aws/sagemaker/*",
        ),
        iam.allow(
            "WriteMetrics",
            "cloudwatch:PutMetricData",
            on=iam.EveryResource(reason="metrics have no resource type"),
            when={"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
        ),
    )
