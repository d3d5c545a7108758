"""The MLflow app in which projects record their training runs, and everybody in Studio compares them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.encryption.key import EncryptionKey
from components.environment import Environment
from components.iam.role import Role, RoleArgs
from components.parameters import Values
from components.retention import retained
from components.storage.private_bucket import PrivateBucket

PURPOSE = "mlflow"
"""Purpose of the app's role, and the folder of its artifacts."""


@dataclass(frozen=True, kw_only=True)
class MlflowAppArgs:
    """Domain, users and artifacts of an app."""

    environment: Environment
    domain_id: pulumi.Input[str]
    """Domain of Studio whose users find it there."""
    user_role_names: Mapping[str, pulumi.Input[str]]
    """Roles of those users, by their groups."""
    artifacts: PrivateBucket
    """Bucket in which it keeps artifacts, encrypted by its key."""
    data_key: EncryptionKey
    """Key of that bucket."""
    keep_on_destroy: bool
    """Whether the app and the runs in it outlive the stack, and cannot be deleted by mistake."""


class MlflowApp(pulumi.ComponentResource):
    """A serverless MLflow app; the workflows of projects are granted their part by the products."""

    parameters: Values

    def __init__(self, name: str, args: MlflowAppArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:MlflowApp", name, None, opts)
        environment, child = args.environment, pulumi.ResourceOptions(parent=self)
        role = Role(
            name,
            RoleArgs(
                environment=environment,
                purpose=PURPOSE,
                description="MLflow app: keep the artifacts of runs",
                trust_policy=iam.trust_service("sagemaker.amazonaws.com", account_id=environment.account_id),
                policies={"artifacts": iam.document(*_keep_artifacts(args))},
            ),
            child,
        )
        app = aws.sagemaker.MlflowApp(
            f"{name}-app",
            name=environment.prefix,
            artifact_store_uri=pulumi.Output.concat("s3://", args.artifacts.bucket_name, f"/{PURPOSE}"),
            role_arn=role.arn,
            # Only a pipeline registers a model, and only with the evidence of its evaluation.
            model_registration_mode="AutoModelRegistrationDisabled",
            default_domain_id_lists=[args.domain_id],
            opts=retained(self, keep=args.keep_on_destroy),
        )
        for group, role_name in args.user_role_names.items():
            aws.iam.RolePolicy(
                f"{name}-{group}",
                name=PURPOSE,
                role=role_name,
                policy=iam.document(_use(app.arn)),
                opts=child,
            )
        self.parameters = {"tracking/mlflow-app-arn": app.arn}
        self.register_outputs({})


def _keep_artifacts(args: MlflowAppArgs) -> list[iam.Statement]:
    """Read and write the app's own folder.

    Source: SageMaker Developer Guide, "Set up IAM permissions for MLflow Apps", whose example has `s3:Get*`, `s3:Put*` and `s3:List*`.
    """
    return [
        iam.allow("FindArtifacts", "s3:GetBucketLocation", "s3:ListBucket", on=args.artifacts.arn),
        iam.allow(
            "KeepArtifacts",
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:GetObject",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
            on=pulumi.Output.concat(args.artifacts.arn, f"/{PURPOSE}/*"),
        ),
        args.data_key.use(),
    ]


def _use(app_arn: pulumi.Input[str]) -> iam.Statement:
    """Open the app in a browser, and read and write runs: an app has one action for all of MLflow's requests.

    Source: Service Authorization Reference, SageMaker AI and SageMaker with MLflow: the actions of the latter are about tracking servers.
    """
    return iam.allow(
        "UseMlflow",
        "sagemaker:CallMlflowAppApi",
        "sagemaker:CreatePresignedMlflowAppUrl",
        on=app_arn,
    )
