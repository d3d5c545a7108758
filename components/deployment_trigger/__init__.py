"""The Lambda function that turns the approval of a model into a run of the project's deployment workflow, and drift or bad answers into a training.

Its code is in `functions/deployment_trigger/`, its permissions are in `permissions.py`, its event rules in `rules.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws

from components import iam
from components.deployment_trigger import permissions
from components.deployment_trigger.alarms import alarm_end_of_credential, alarm_failures
from components.deployment_trigger.rules import EventRule, EventRuleArgs
from components.encryption.key import EncryptionKey
from components.environment import LIFE_CYCLE, Environment
from components.github.connection import GitHubConnection
from components.lambda_function import PlatformFunction, PlatformFunctionArgs
from components.lambda_function.permissions import use_credential
from components.network.vpc_config import VpcConfig

PURPOSE = "deployment-trigger"
"""Suffix of the names of the function and of its role."""
TIMEOUT_SECONDS = 240
"""GitHub may take two minutes to find the files of a new repository, and S3 longer than that to copy a large artifact
(`approved_artifacts.py`); less than a claim lasts (`decision.py`)."""
RUNS_AT_ONCE = 5


@dataclass(frozen=True, kw_only=True)
class DeploymentTriggerArgs:
    """Settings of the deployment trigger."""

    environment: Environment
    vpc_config: VpcConfig | None
    """Place of the function; None outside of every network."""
    logs_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    """Key of the credential, and of the events that end in the dead-letter queue."""
    data_key: EncryptionKey
    """Key of the projects' buckets."""
    github: GitHubConnection
    credential_secret_arn: pulumi.Input[str]
    alarms_topic_arn: pulumi.Input[str]
    retraining_accounts: Mapping[str, str]
    """Accounts whose alarms about drift and quality may invoke the function, by environment."""
    release_branch: str | None = None
    """Branch to which tested versions are proposed; None where production's jobs wait for a release manager themselves."""


class DeploymentTrigger(pulumi.ComponentResource):
    """A function that one rule calls for every approval, a schedule for lost ones, and alarms of projects for drift and bad answers.

    Other alarms tell people of its own failures, and that its credential ends soon.
    """

    function_arn: pulumi.Output[str]

    def __init__(self, name: str, args: DeploymentTriggerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:DeploymentTrigger", name, None, opts)
        environment = args.environment
        child = pulumi.ResourceOptions(parent=self)
        function = PlatformFunction(
            name,
            PlatformFunctionArgs(
                environment=environment,
                vpc_config=args.vpc_config,
                purpose=PURPOSE,
                description="Starts the deployment of an approved model package, and another training after drift",
                role_description="Deployment trigger: read approvals and its credential, keep approved artifacts",
                package="deployment_trigger",
                policies={
                    "approvals": iam.document(
                        use_credential(args.credential_secret_arn),
                        *permissions.read_approvals(environment),
                        *permissions.keep_approved_artifacts(environment, args.data_key.arn),
                    ),
                },
                variables={
                    "GITHUB_API_URL": args.github.api_url,
                    "GITHUB_CREDENTIAL_SECRET_ARN": args.credential_secret_arn,
                    "LIFE_CYCLE_ROLE": environment.role_name(LIFE_CYCLE),
                    "PARAMETER_PATH": environment.parameter_path,
                    "PLATFORM_PREFIX": environment.prefix,
                    "ACCOUNT_ID": environment.account_id,
                    "UNIT": environment.unit,
                    "RETRAINING_ACCOUNTS": json.dumps(dict(args.retraining_accounts)),
                    **({"RELEASE_BRANCH": args.release_branch} if args.release_branch else {}),
                },
                timeout_seconds=TIMEOUT_SECONDS,
                runs_at_once=RUNS_AT_ONCE,
                # The longest that Lambda keeps an event; the sweep finds older approvals.
                longest_wait_seconds=6 * 3600,
                logs_key_arn=args.logs_key_arn,
                secrets_key_arn=args.secrets_key_arn,
            ),
            child,
        )
        _event_rules(name, environment, function, child)
        _let_alarms_in(name, args, function, child)
        alarm_failures(name, f"{environment.prefix}-{PURPOSE}", function, args.alarms_topic_arn, child)
        alarm_end_of_credential(name, environment, args.alarms_topic_arn, child)
        self.function_arn = function.arn
        self.register_outputs({"function_arn": self.function_arn})


def _let_alarms_in(
    name: str, args: DeploymentTriggerArgs, function: PlatformFunction, child: pulumi.ResourceOptions
) -> None:
    """Let the alarms about drift and quality of each account's projects invoke the function, and no other alarm.

    Source: Amazon CloudWatch User Guide, "Invoke a Lambda function from an alarm".
    """
    for target, account_id in args.retraining_accounts.items():
        deployed = replace(args.environment, name=target, account_id=account_id)
        for cause in ("drift", "quality"):
            aws.lambda_.Permission(
                f"{name}-{cause}-{target}",
                statement_id=f"{deployed.prefix}-{cause}",
                action="lambda:InvokeFunction",
                function=function.function_name,
                principal="lambda.alarms.cloudwatch.amazonaws.com",
                source_account=account_id,
                source_arn=deployed.arn("cloudwatch", f"alarm:{deployed.prefix}-p-*-{cause}"),
                opts=child,
            )


def _event_rules(
    name: str, environment: Environment, function: PlatformFunction, child: pulumi.ResourceOptions
) -> None:
    """Invoke the function for every approval, and regularly for lost ones."""
    approvals = EventRule(
        f"{name}-approvals",
        EventRuleArgs(
            environment=environment,
            rule_name=f"{environment.prefix}-model-approved",
            description="A model package was approved",
            function=function,
            pattern={
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Model Package State Change"],
                "detail": {"ModelApprovalStatus": ["Approved"]},
            },
            longest_delivery_seconds=24 * 3600,
        ),
        child,
    )
    sweep = EventRule(
        f"{name}-sweep",
        EventRuleArgs(
            environment=environment,
            rule_name=f"{environment.prefix}-deployment-sweep",
            description="Look for approvals whose events were lost",
            function=function,
            schedule="rate(15 minutes)",
            event={"sweep": True},
            longest_delivery_seconds=15 * 60,
        ),
        child,
    )
    aws.sqs.QueuePolicy(
        f"{name}-failures",
        queue_url=function.failures.id,
        policy=iam.document(
            iam.allow(
                "KeepUndeliveredEvents",
                "sqs:SendMessage",
                on=function.failures.arn,
                to={"Service": "events.amazonaws.com"},
                when={"ArnEquals": {"aws:SourceArn": [approvals.arn, sweep.arn]}},
            )
        ),
        opts=child,
    )
