"""Runs of the real engine, which deploys an MLflow app through the stand-ins, moves its artifacts, and tears it down."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.sandbox_plugins.project import Project

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
BOUNDARY = "ledger-dev-boundary"
APP = """
    from components.encryption.key import EncryptionKey, EncryptionKeyArgs
    from components.environment import Environment
    from components.mlflow_app import MlflowApp, MlflowAppArgs
    from components.storage.private_bucket import PrivateBucket, PrivateBucketArgs

    environment = Environment(unit="ledger", name="dev", account_id="111111111111", region="eu-west-1")
    options = pulumi.ResourceOptions(providers=[provider])
    network = aws.ec2.Vpc("network", cidr_block="10.61.0.0/16", opts=opts)
    subnet = aws.ec2.Subnet("subnet", vpc_id=network.id, cidr_block="10.61.0.0/24", opts=opts)
    person = aws.iam.Role(
        "person", name="ledger-dev-data-scientist", assume_role_policy=trust.replace("lambda.", "sagemaker."), opts=opts
    )
    domain = aws.sagemaker.Domain(
        "domain",
        domain_name="ledger",
        auth_mode="IAM",
        app_network_access_type="PublicInternetOnly",
        tag_propagation="DISABLED",
        vpc_id=network.id,
        subnet_ids=[subnet.id],
        default_user_settings={{"execution_role": person.arn}},
        retention_policy={{"home_efs_file_system": "Delete"}},
        opts=opts,
    )
    key = EncryptionKey(
        "key",
        EncryptionKeyArgs(environment=environment, purpose="data", description="Probe", keep_on_destroy=False),
        options,
    )
    logs = aws.s3.Bucket("logs", bucket="ledger-logs-111111111111", opts=opts)
    bucket = PrivateBucket(
        "bucket",
        PrivateBucketArgs(
            environment=environment,
            purpose="{bucket}",
            kms_key_arn=key.arn,
            access_log_bucket_name=logs.bucket,
            keep_on_destroy=False,
        ),
        options,
    )
    MlflowApp(
        "mlflow",
        MlflowAppArgs(
            environment=environment,
            domain_id=domain.id,
            user_role_names={{"data-scientist": person.name}},
            artifacts=bucket,
            data_key=key,
            keep_on_destroy={keep},
        ),
        options,
    )
"""


def client(service: str) -> Any:
    """Return a client of the sandbox's AWS."""
    session: Any = botocore.session.get_session()
    return session.create_client(service, region_name="eu-west-1")


def declare(stack: Project, *, bucket: str = "sagemaker", keep: bool = True) -> None:
    """Write the program of a domain with an MLflow app."""
    stack.environment["PYTHONPATH"] = str(CHECKOUT)
    stack.program(APP.format(bucket=bucket, keep=keep))


@pytest.mark.usefixtures("environment")
def test_an_app_is_deployed_for_a_domain_moves_its_artifacts_keeps_its_runs_and_goes_at_last(
    project: Callable[[str], Project],
) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    client("iam").create_policy(PolicyName=BOUNDARY, PolicyDocument=document)
    stack = project("ledger")
    declare(stack)
    stack.up()
    stack.unchanged()
    app = stack.resource("mlflow-app")["id"]
    found = client("sagemaker").describe_mlflow_app(Arn=app)
    assert found["ArtifactStoreUri"] == "s3://ledger-dev-sagemaker-111111111111-eu-west-1/mlflow"
    assert found["DefaultDomainIdList"] == [stack.resource("domain")["id"]]
    policy = client("iam").get_role_policy(RoleName="ledger-dev-data-scientist", PolicyName="mlflow")["PolicyDocument"]
    [statement] = policy["Statement"]
    assert statement["Resource"] == [app]

    declare(stack, bucket="data")
    assert "mlflow-app" in stack.up()
    stack.unchanged()
    assert stack.resource("mlflow-app")["id"] == app
    moved = client("sagemaker").describe_mlflow_app(Arn=app)
    assert moved["ArtifactStoreUri"] == "s3://ledger-dev-data-111111111111-eu-west-1/mlflow"

    assert "protected" in stack.run("destroy", "--yes", "--skip-preview", fails=True)
    declare(stack, bucket="data", keep=False)
    stack.up()
    stack.run(
        "destroy", "--yes", "--skip-preview", "--target", stack.resource("mlflow-app")["urn"], "--target-dependents"
    )
    assert client("sagemaker").list_mlflow_apps()["Summaries"] == []
