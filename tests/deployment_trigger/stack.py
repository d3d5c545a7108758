"""A stack with nothing but the deployment trigger and what it stands on."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components.deployment_trigger import DeploymentTrigger, DeploymentTriggerArgs
from components.encryption.key import EncryptionKey, EncryptionKeyArgs
from components.github import GitHubConnection
from components.network.placement import Placement
from components.site import Site
from tests.rendering import REGION, Rendering, render

ACCOUNT = "111111111111"
SITE = Site(unit="analytics", environment="dev", region=REGION, account_id=ACCOUNT, keep_on_destroy=False)
CREDENTIAL = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:analytics-dev-github-credential"
SECRETS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/secrets"
LOGS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/logs"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:analytics-dev-alarms"


def trigger_stack() -> Rendering:
    """Render it."""

    def program() -> None:
        provider = aws.Provider("aws", region=REGION, allowed_account_ids=[ACCOUNT])
        here = pulumi.ResourceOptions(providers=[provider])
        key = EncryptionKey("data", EncryptionKeyArgs(site=SITE, purpose="data", description="Data"), here)
        ids: Any = [pulumi.Output.from_input(f"subnet-private-{zone}") for zone in ("a", "b")]
        trigger = DeploymentTrigger(
            "deployments",
            DeploymentTriggerArgs(
                site=SITE,
                placement=Placement(
                    site=SITE,
                    vpc_id=pulumi.Output.from_input("vpc-1"),
                    subnet_ids=ids,
                    security_group_id=pulumi.Output.from_input("sg-1"),
                ),
                logs_key_arn=LOGS_KEY,
                secrets_key_arn=SECRETS_KEY,
                data_key=key,
                github=GitHubConnection(
                    organization="acme",
                    api_url="https://api.github.com",
                    server_url="https://github.com",
                    subject_form="immutable",
                ),
                credential_secret_arn=CREDENTIAL,
                alarms_topic_arn=TOPIC,
            ),
            here,
        )
        pulumi.export("functionArn", trigger.function_arn)

    return render(program, account_id=ACCOUNT)
