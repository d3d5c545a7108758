"""Statements shared by the roles that run SageMaker's jobs and models."""

from collections.abc import Sequence

from components import iam

JOBS_WITH_A_NETWORK = (
    "sagemaker:CreateAutoMLJob",
    "sagemaker:CreateAutoMLJobV2",
    "sagemaker:CreateDataQualityJobDefinition",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateModel",
    "sagemaker:CreateModelBiasJobDefinition",
    "sagemaker:CreateModelExplainabilityJobDefinition",
    "sagemaker:CreateModelQualityJobDefinition",
    "sagemaker:CreateMonitoringSchedule",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:UpdateMonitoringSchedule",
)
"""Every action that takes subnets, and so the condition key `sagemaker:VpcSubnets`.

A transform job takes none: it runs in the network of its model, which is why CreateModel is here. The list is for denials
only: nothing here uses Model Monitor and Clarify, whose actions are in it (`Create…JobDefinition`, `…MonitoringSchedule`),
because AWS closed them to new customers; an account that had them before still has them, and they are no way out.
"""


def pull_images(repositories: str | Sequence[str]) -> list[iam.Statement]:
    """Pull container images from `repositories`, which are ARNs or patterns of them."""
    return [
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
            on=repositories,
        ),
    ]


def write_metrics(namespaces: str | Sequence[str]) -> iam.Statement:
    """Write CloudWatch metrics into `namespaces`."""
    return iam.allow(
        "WriteMetrics",
        "cloudwatch:PutMetricData",
        on=iam.EveryResource(reason="metrics have no ARN; the condition names the namespaces"),
        when={"StringLike": {"cloudwatch:namespace": namespaces}},
    )
