"""The Lambda function that gives a launched project its repository, and the credential that it does so with.

`function/` holds its code: standard library and boto3 only, since it has no layer. What it may do is in `permissions.py`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components import iam
from components.github import GitHubConnection
from components.network.placement import Placement
from components.role import Role, RoleArgs
from components.site import Site
from components.template_cloner import permissions

PURPOSE = "template-cloner"
"""Ends the names of the function and of its role."""
FUNCTION = Path(__file__).parent / "function"
DEADLINE_SECONDS = 290
"""Just under the five minutes that CloudFormation waits for an answer (ServiceTimeout in the products)."""
STACK_WAITS_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class TemplateClonerArgs:
    """Where the function runs, and which GitHub it talks to."""

    site: Site
    placement: Placement
    logs_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    """Key of the credential, and of the requests that end in the dead-letter queue."""
    github: GitHubConnection
    launches_at_once: int
    """How many launches run at the same time; CloudFormation's clock runs while the others wait."""


class TemplateCloner(pulumi.ComponentResource):
    """Answers the custom resources of the project templates; holds the only credential for GitHub in AWS."""

    arn: pulumi.Output[str]
    credential_secret_arn: pulumi.Output[str]
    """Secret for the credential. Empty until `python -m bootstrap` fills it: no credential passes through Pulumi."""

    def __init__(self, name: str, args: TemplateClonerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:TemplateCloner", name, None, opts)
        site = args.site
        function_name = f"{site.prefix}-{PURPOSE}"
        launch_records = f"{site.parameter_path}/launches"
        child = pulumi.ResourceOptions(parent=self)
        # Its physical name is the engine's, so that a redeploy does not wait for a deleted secret's recovery window;
        # the prefix is what the deploy role may create.
        credential = aws.secretsmanager.Secret(
            f"{site.prefix}-github-credential",
            description="Credential of the template cloner for GitHub; set by python -m bootstrap",
            kms_key_id=args.secrets_key_arn,
            recovery_window_in_days=30,
            opts=child,
        )
        failures = aws.sqs.Queue(
            f"{name}-failures",
            name=f"{function_name}-failures",
            kms_master_key_id=args.secrets_key_arn,
            message_retention_seconds=14 * 24 * 3600,
            opts=child,
        )
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/lambda/{function_name}",
            kms_key_id=args.logs_key_arn,
            retention_in_days=365,
            opts=child,
        )
        role = Role(
            name,
            RoleArgs(
                site=site,
                purpose=PURPOSE,
                description="Template cloner: read its credential, remember launches, write logs",
                trust_policy=iam.trust_service("lambda.amazonaws.com", account_id=site.account_id),
                policies={
                    "launches": iam.document(
                        *permissions.use_credential(credential.arn, args.secrets_key_arn),
                        *permissions.follow_launches(site, launch_records),
                    ),
                    "runtime": iam.document(
                        *permissions.report(log_group.arn, failures.arn),
                        *permissions.run_in(args.placement, function_name),
                    ),
                },
            ),
            child,
        )
        function = aws.lambda_.Function(
            f"{name}-function",
            name=function_name,
            description="Creates, updates and archives the repositories of launched projects",
            runtime="python3.13",
            architectures=["arm64"],
            handler="handler.handler",
            code=_code(),
            role=role.arn,
            memory_size=256,
            timeout=DEADLINE_SECONDS,
            reserved_concurrent_executions=args.launches_at_once,
            vpc_config={
                "subnet_ids": args.placement.subnet_ids,
                "security_group_ids": [args.placement.security_group_id],
            },
            tracing_config={"mode": "Active"},
            dead_letter_config={"target_arn": failures.arn},
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            environment={
                "variables": {
                    "GITHUB_ORGANIZATION": args.github.organization,
                    "GITHUB_API_URL": args.github.api_url,
                    "GITHUB_SERVER_URL": args.github.server_url,
                    "GITHUB_CREDENTIAL_SECRET_ARN": credential.arn,
                    "OIDC_SUBJECTS": args.github.subject_form,
                    "LAUNCH_RECORDS_PATH": launch_records,
                }
            },
            opts=child,
        )
        # A request that CloudFormation has given up on must not be carried out any more.
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-requests",
            function_name=function.name,
            maximum_event_age_in_seconds=STACK_WAITS_SECONDS,
            maximum_retry_attempts=2,
            opts=child,
        )
        self.arn = function.arn
        self.credential_secret_arn = credential.arn
        self.register_outputs({"arn": self.arn, "credential_secret_arn": self.credential_secret_arn})


def _code() -> pulumi.AssetArchive:
    """The function's modules; compiled files would make the archive differ between machines."""
    return pulumi.AssetArchive(
        {
            module.relative_to(FUNCTION).as_posix(): pulumi.FileAsset(os.path.relpath(module))
            for module in sorted(FUNCTION.rglob("*.py"))
        }
    )
