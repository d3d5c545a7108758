"""The Lambda function that makes a project's models in an account where models are deployed.

Its code is in `functions/model_release/`, its permissions are in `permissions.py`. The stack of a project's roles adds an
alias for the project (`products/parts/project-roles.yaml`), by which the function knows who calls.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components import iam
from components.encryption.key import EncryptionKey
from components.environment import LEAD_DATA_SCIENTIST, LIFE_CYCLE, Environment
from components.lambda_function.synchronous import SynchronousFunction, SynchronousFunctionArgs
from components.model_release import permissions
from components.model_release.permissions import APPROVED
from components.network.vpc_config import VpcConfig
from components.storage.folders import Folder
from components.storage.private_bucket import PrivateBucket

PURPOSE = "model-release"
"""Suffix of the names of the function and of its role."""
TIMEOUT_SECONDS = 300
"""S3 may take minutes to copy a large artifact (`artifacts.py`); its caller waits as long."""


@dataclass(frozen=True, kw_only=True)
class ModelReleaseArgs:
    """Settings of the release function."""

    environment: Environment
    artifacts: PrivateBucket
    """Bucket of the models' artifacts."""
    data_key: EncryptionKey
    logs_key_arn: pulumi.Input[str]
    vpc_config: VpcConfig
    """Network of the models."""
    development: Environment
    """Environment in which the models are trained and approved."""
    approvers: Sequence[str]
    """User profiles of Studio there whose approvals count here; empty if those of all leads do."""
    is_production: bool
    """Whether development's registry shows what this account serves."""
    release_managers: Sequence[str]
    """GitHub logins of those who let jobs into this account; empty where nobody has to."""
    earlier_versions: Mapping[str, Mapping[str, str]]
    """Digests of versions that were registered without any, by group and number."""


class ModelRelease(pulumi.ComponentResource):
    """A function that verifies a version in development, copies its artifact, and makes its model."""

    def __init__(self, name: str, args: ModelReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ModelRelease", name, None, opts)
        environment, network = args.environment, args.vpc_config
        life_cycle = args.development.arn("lambda", f"function:{args.development.role_name(LIFE_CYCLE)}")
        SynchronousFunction(
            name,
            SynchronousFunctionArgs(
                environment=environment,
                purpose=PURPOSE,
                description="Copies an approved version of a project's model into this account, and makes its model",
                role_description="Model release: read approvals, keep approved artifacts, make models of them",
                package="model_release",
                policies={
                    "release": iam.document(
                        *permissions.read_approvals(args.development),
                        *permissions.keep_artifacts(environment, args.artifacts, args.data_key.arn),
                        *permissions.make_models(environment),
                        *permissions.tell_what_is_served([life_cycle] if args.is_production else []),
                    )
                },
                variables={
                    "ACCOUNT_ID": environment.account_id,
                    "APPROVER_ROLE": args.development.role_name(LEAD_DATA_SCIENTIST),
                    "APPROVERS": json.dumps(args.approvers),
                    "ARTIFACTS_BUCKET": args.artifacts.bucket_name,
                    "DEVELOPMENT_ACCOUNT_ID": args.development.account_id,
                    "DEVELOPMENT_PREFIX": args.development.prefix,
                    "EARLIER_VERSIONS": json.dumps(args.earlier_versions),
                    "LIFE_CYCLE_ROLE": args.development.role_name(LIFE_CYCLE),
                    **({"LIFE_CYCLE_FUNCTION_ARN": life_cycle} if args.is_production else {}),
                    "PLATFORM_PREFIX": environment.prefix,
                    "RELEASE_MANAGERS": json.dumps(args.release_managers),
                    "SECURITY_GROUP_ID": network.security_group_id,
                    "SUBNET_IDS": pulumi.Output.all(*network.subnet_ids).apply(",".join),
                },
                timeout_seconds=TIMEOUT_SECONDS,
                logs_key_arn=args.logs_key_arn,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def approved_artifacts(environment: Environment) -> Folder:
    """Return the folder of released artifacts, which only the release function writes."""
    return Folder(name=APPROVED, writer_role_arn=environment.role_arn(PURPOSE))
