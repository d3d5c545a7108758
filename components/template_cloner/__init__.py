"""The Lambda function that gives a launched project its repositories, and its roles in the accounts that it deploys to.

Its code is in `functions/template_cloner/`, its permissions are in `permissions.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.github.connection import GitHubConnection, ReviewRules
from components.lambda_function import PlatformFunction, PlatformFunctionArgs
from components.lambda_function.permissions import use_credential
from components.network.vpc_config import VpcConfig
from components.template_cloner import permissions

PURPOSE = "template-cloner"
"""Suffix of the names of the function and of its role."""
DEADLINE_SECONDS = 590
"""Longer than a request waits for GitHub, which takes 500 requests for content an hour and 80 of them a minute: after seven minutes
it has had its turn, or the hour's are used up, and it fails at once. Source: GitHub Docs, "Rate limits for the REST API"."""
LONGEST_WAIT_SECONDS = 600
"""Time in which a request waits for its turn, while others are carried out. With `DEADLINE_SECONDS`, it is less than the twenty
minutes that CloudFormation waits for an answer (ServiceTimeout in the products): later, nobody would know of what it makes."""


@dataclass(frozen=True, kw_only=True)
class TemplateClonerArgs:
    """Settings of the template cloner."""

    environment: Environment
    vpc_config: VpcConfig | None
    """Place of the function; None outside of every network."""
    logs_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    """Key of the credential, and of the requests that end in the dead-letter queue."""
    github: GitHubConnection
    review_rules: ReviewRules
    launches_at_once: int
    """Number of launches that run at the same time; CloudFormation's clock runs while the others wait."""
    onboarding_function_arns: Mapping[str, str]
    """Function that gives projects their roles in an account that they deploy to, by environment."""


class TemplateCloner(pulumi.ComponentResource):
    """A function that answers the custom resources of the project templates; it has the only credential for GitHub in AWS."""

    arn: pulumi.Output[str]
    credential_secret_arn: pulumi.Output[str]
    """Secret for the credential. Empty until `python -m bootstrap` fills it: no credential passes through Pulumi."""

    def __init__(self, name: str, args: TemplateClonerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:TemplateCloner", name, None, opts)
        environment = args.environment
        launch_records = f"{environment.parameter_path}/launches"
        child = pulumi.ResourceOptions(parent=self)
        # The engine names it, so that a redeploy does not wait for a deleted secret's recovery window; the deploy role
        # may create secrets with this prefix.
        credential = aws.secretsmanager.Secret(
            f"{environment.prefix}-github-credential",
            description="Credential of the template cloner for GitHub; set by python -m bootstrap",
            kms_key_id=args.secrets_key_arn,
            recovery_window_in_days=30,
            opts=child,
        )
        function = PlatformFunction(
            name,
            PlatformFunctionArgs(
                environment=environment,
                vpc_config=args.vpc_config,
                purpose=PURPOSE,
                description="Gives launched projects their repositories and, where they deploy to, their roles",
                role_description="Template cloner: read its credential, remember launches, write logs",
                package="template_cloner",
                policies={
                    "launches": iam.document(
                        use_credential(credential.arn),
                        *permissions.follow_launches(environment, launch_records),
                        permissions.protect_projects(environment),
                        *permissions.onboard_projects(args.onboarding_function_arns.values()),
                    ),
                },
                variables={
                    "GITHUB_ORGANIZATION": args.github.organization,
                    "GITHUB_API_URL": args.github.api_url,
                    "GITHUB_SERVER_URL": args.github.server_url,
                    "GITHUB_CREDENTIAL_SECRET_ARN": credential.arn,
                    "OIDC_SUBJECTS": args.github.subject_form,
                    "LAUNCH_RECORDS_PATH": launch_records,
                    "UNIT": environment.unit,
                    "ONBOARDING_FUNCTION_ARNS": json.dumps(args.onboarding_function_arns),
                    "REVIEW_RULES": json.dumps(asdict(args.review_rules)),
                },
                timeout_seconds=DEADLINE_SECONDS,
                runs_at_once=args.launches_at_once,
                longest_wait_seconds=LONGEST_WAIT_SECONDS,
                logs_key_arn=args.logs_key_arn,
                secrets_key_arn=args.secrets_key_arn,
            ),
            child,
        )
        self.arn = function.arn
        self.credential_secret_arn = credential.arn
        self.register_outputs({"arn": self.arn, "credential_secret_arn": self.credential_secret_arn})
