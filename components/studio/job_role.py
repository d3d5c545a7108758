"""The role of all jobs that people start in Studio: it works with data, and neither launches nor approves.

A job runs code from a bucket that others write to, too. Under the role of the person who starts it, that code could do
whatever that person may: a data scientist would only have to wait until a lead runs a script that is not the lead's own.

Sources: SageMaker Developer Guide, "How to use SageMaker AI execution roles" and "Give SageMaker AI jobs access to resources
in your VPC".
"""

from collections.abc import Sequence

from components import iam
from components.environment import JOB, Environment
from components.iam import sagemaker_jobs as jobs
from components.iam.role import RoleArgs
from components.network.vpc_config import VpcConfig
from components.studio import leads, permissions


def job_role(environment: Environment, vpc_config: VpcConfig, data: Sequence[iam.Statement]) -> RoleArgs:
    """Describe the role of jobs and of models in batch transforms; `data` grants the shared buckets and their keys."""
    return RoleArgs(
        environment=environment,
        purpose=JOB,
        description="Jobs that people start in Studio: read and write data, and nothing that people alone may do",
        trust_policy=iam.trust_service("sagemaker.amazonaws.com", account_id=environment.account_id),
        policies={
            "job": iam.document(
                *_run(environment),
                *vpc_config.attach(),
                *vpc_config.lend_to_sagemaker(),
                *iam.merge(data),
                *leads.neither_launch_nor_approve(),
            )
        },
    )


def _run(environment: Environment) -> list[iam.Statement]:
    return [
        iam.allow(
            "WriteLogs",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            on=environment.arn("logs", "log-group:/aws/sagemaker/*"),
        ),
        permissions.leave_records_of_pipelines_alone(),
        jobs.write_metrics("/aws/sagemaker/*"),
        iam.allow(
            "RecordTrials",
            "sagemaker:BatchPutMetrics",
            "sagemaker:UpdateTrialComponent",
            on=environment.arn("sagemaker", "experiment-trial-component/*"),
        ),
        *jobs.pull_images(
            [
                environment.arn("ecr", f"repository/{environment.prefix}-*"),
                # AWS keeps SageMaker's own images in accounts that differ from region to region.
                f"arn:aws:ecr:{environment.region}:*:repository/sagemaker-*",
            ]
        ),
    ]
