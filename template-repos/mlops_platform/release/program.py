"""The parts of a deployment's Pulumi program that are the same in every repository."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from mlops_platform.release.project import Environment, Project


def provider(project: Project, environment: Environment) -> aws.Provider:
    """Declare the provider of AWS, which tags every resource and refuses credentials of any other account."""
    return aws.Provider(
        "aws",
        region=project.region,
        allowed_account_ids=[environment.account_id],
        default_tags={
            "tags": {
                "unit": project.unit,
                "environment": environment.name,
                "sagemaker:project-name": project.name,
                "sagemaker:project-id": project.id,
            }
        },
    )


@dataclass(frozen=True, kw_only=True)
class Account:
    """The resources of the platform that endpoints use in an account."""

    kms_key_arn: str
    """Of the key that encrypts a project's data."""
    alarms_topic_arn: str


def account(environment: Environment, opts: pulumi.InvokeOptions) -> Account:
    """Read the parameters that the platform publishes in an environment's account."""
    return Account(
        kms_key_arn=parameter(environment, "encryption/data-key-arn", opts),
        alarms_topic_arn=parameter(environment, "notifications/alarms-topic-arn", opts),
    )


def parameter(environment: Environment, path: str, opts: pulumi.InvokeOptions) -> str:
    """Read a parameter that the platform publishes in an environment's account."""
    return aws.ssm.get_parameter(name=f"{environment.parameter_path}/{path}", opts=opts).value
