"""The Lambda function that notes in the model registry which version of a project production serves.

Its code is in `functions/model_life_cycle/`, its permissions are in `permissions.py`. Production's release function invokes it when a
deployment has succeeded, and when an endpoint or a batch has been retired.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import LEAD_DATA_SCIENTIST, LIFE_CYCLE, Environment
from components.lambda_function.synchronous import SynchronousFunction, SynchronousFunctionArgs
from components.model_life_cycle.permissions import note_what_is_served

TIMEOUT_SECONDS = 90
"""Far more than a group with a thousand versions takes."""


@dataclass(frozen=True, kw_only=True)
class ModelLifeCycleArgs:
    """Settings of the function."""

    environment: Environment
    production_account_id: str
    """The account that says what it serves."""
    logs_key_arn: pulumi.Input[str]


class ModelLifeCycle(pulumi.ComponentResource):
    """A function that production alone invokes, and that sets the stages of versions."""

    def __init__(self, name: str, args: ModelLifeCycleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ModelLifeCycle", name, None, opts)
        environment, child = args.environment, pulumi.ResourceOptions(parent=self)
        function = SynchronousFunction(
            name,
            SynchronousFunctionArgs(
                environment=environment,
                purpose=LIFE_CYCLE,
                description="Notes in the model registry which version of a project production serves",
                role_description="Model life cycle: note which versions production serves, approve none",
                package="model_life_cycle",
                policies={"registry": iam.document(*note_what_is_served(environment))},
                variables={
                    "ACCOUNT_ID": environment.account_id,
                    "APPROVER_ROLE": environment.role_name(LEAD_DATA_SCIENTIST),
                    "PLATFORM_PREFIX": environment.prefix,
                },
                timeout_seconds=TIMEOUT_SECONDS,
                logs_key_arn=args.logs_key_arn,
            ),
            child,
        )
        # The account, and not a role of it: a role that is named as the principal must exist, and production is deployed after
        # development. Of its roles, the one of its release function is granted this. Source: Lambda API Reference, AddPermission.
        aws.lambda_.Permission(
            f"{name}-production",
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal=args.production_account_id,
            opts=child,
        )
        self.register_outputs({})
