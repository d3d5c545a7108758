"""A batch on the local AWS: the roles that a project gets, the schedule that starts it, a real job, and what it leaves.

The repository's own program and commands make the requests, under the deployment role, with Pulumi's engine. Only what comes before is
left out: the account's release function has made the model, whose description is given, and the state is in a folder.
"""

import hashlib
import json
import os
import shutil
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sandbox.engine.provide import engine_folder
from sandbox.plugins.install import install
from tests.access.project_roles import ProjectRoles
from tests.functions.project_onboarding.platform import has_roles_of
from tests.products.resolution import published
from tests.rendering import Renderings
from tests.sandbox_aws.account import Account, Credentials
from tests.sandbox_aws.conftest import certificate_files, endpoint_url, issuer, prod
from tests.sandbox_aws.networks import network
from tests.template_repos.conftest import run

__all__ = ["certificate_files", "endpoint_url", "issuer", "prod"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OWN = "analytics-prod-p-abcdefghijkl"
NAME = f"{OWN}-batch"
BUCKET = "analytics-prod-artifacts-333333333333-eu-west-1"
FOLDER = "p-abcdefghijkl/batch"
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0"
TOPIC = "arn:aws:sns:eu-west-1:333333333333:analytics-prod-alarms"
WITHIN_SECONDS = 240
UPLOAD = """
from batch import PURPOSE
from mlops_platform.release import project
from mlops_platform.scheduled.code import upload_code
from mlops_platform.scheduled.names import Names

owner = project.read()
print(upload_code(Names(project=owner, environment=owner.environments["prod"], purpose=PURPOSE)))
"""


@dataclass
class Batch:
    """A batch that is deployed to the account, and the window for which its schedule starts it first."""

    prod: Account
    window: str
    rows: bytes
    command: Callable[..., str]
    """Runs a command of the repository under the deployment role, and returns what it prints."""

    def object(self, key: str) -> bytes | None:
        """Return an object of the batch's folder; None when there is none."""
        s3 = self.prod.client("s3")
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{FOLDER}/{key}").get("Contents", [])
        return s3.get_object(Bucket=BUCKET, Key=found[0]["Key"])["Body"].read() if found else None

    def manifest(self, window: str) -> dict[str, Any]:
        """Wait for the manifest of a window."""
        deadline = time.monotonic() + WITHIN_SECONDS
        while (content := self.object(f"output/runs/{window}/manifest.json")) is None:
            assert self.failures() == []
            assert time.monotonic() < deadline
            time.sleep(0.5)
        return json.loads(content)

    def failures(self) -> list[str]:
        """Return why executions have failed."""
        sagemaker = self.prod.client("sagemaker")
        listed = sagemaker.list_pipeline_executions(PipelineName=NAME)["PipelineExecutionSummaries"]
        steps = [
            step
            for each in listed
            for step in sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=each["PipelineExecutionArn"])[
                "PipelineExecutionSteps"
            ]
        ]
        return [step["FailureReason"] for step in steps if step["StepStatus"] == "Failed"]

    def metric(self, name: str) -> list[float]:
        """Return the values of one of the metrics."""
        dimensions = [{"Name": "Project", "Value": "p-abcdefghijkl"}, {"Name": "Environment", "Value": "prod"}]
        answer = self.prod.client("cloudwatch").get_metric_statistics(
            Namespace="Mlops/Drift",
            MetricName=name,
            Dimensions=dimensions,
            StartTime=datetime.now(UTC) - timedelta(days=2),
            EndTime=datetime.now(UTC) + timedelta(days=2),
            Period=4 * 86400,
            Statistics=["Sum"],
        )
        return [point["Sum"] for point in answer["Datapoints"]]


def given_roles(account: Account, roles: ProjectRoles) -> Credentials:
    """Create a project's roles, as its stack does, and return credentials of the one that deploys."""
    iam = account.client("iam")
    for role in roles.roles:
        wanted = roles.properties(role)
        trust = wanted["AssumeRolePolicyDocument"]
        if role == "DeploymentRole":  # the account's root stands in for GitHub's token
            root = {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
                "Action": "sts:AssumeRole",
            }
            trust = {"Version": "2012-10-17", "Statement": [root]}
        iam.create_role(
            RoleName=wanted["RoleName"],
            AssumeRolePolicyDocument=trust if isinstance(trust, str) else json.dumps(trust),
            PermissionsBoundary=wanted["PermissionsBoundary"],
        )
        for policy in wanted["Policies"]:
            document = json.dumps(policy["PolicyDocument"])
            iam.put_role_policy(RoleName=wanted["RoleName"], PolicyName=policy["PolicyName"], PolicyDocument=document)
    return account.assume(f"arn:aws:iam::333333333333:role/{OWN}-deployment")


def secrets_of(repository: Path) -> dict[str, Any]:
    """Return what the engine has written into the stack file, which protects the state's secrets."""
    reader: Any = YAML(typ="safe")
    return reader.load((repository / "Pulumi.prod.yaml").read_text()) or {}


@pytest.fixture(scope="module")
def batch(
    prod: Account,
    rendered: Renderings,
    batch_deployment: Path,
    uv_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Batch:
    everybody = {"Effect": "Allow", "Resource": "*", "Principal": {"AWS": "arn:aws:iam::333333333333:root"}}
    policy = {"Version": "2012-10-17", "Statement": [{**everybody, "Action": "kms:*"}]}
    key = prod.client("kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
    s3 = prod.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    parameters = {"encryption/data-key-arn": key, "notifications/alarms-topic-arn": TOPIC}
    for name, value in parameters.items():
        prod.client("ssm").put_parameter(
            Name=f"/mlops/analytics/prod/{name}", Value=value, Type="String", Overwrite=True
        )
    net = network(prod)
    net.add_s3_endpoint()

    platform = rendered("prod")
    has_roles_of(prod, "prod", platform)
    text = published(platform, "project-roles-batch")
    for rendered_name, real in (
        ("arn:aws:kms:eu-west-1:333333333333:key/encryption-data-key", key),
        ("sg-network-workload", net.group),
        ("vpc-network-vpc", net.vpc),
    ):
        assert rendered_name in text
        text = text.replace(rendered_name, real)
    deployer = given_roles(prod, ProjectRoles(text=text))

    work = tmp_path_factory.mktemp("batch")
    repository = work / "repository"
    shutil.copytree(batch_deployment, repository)
    (repository / "project.toml").write_text(PROJECT_TOML)
    environment = {
        **uv_environment,
        "AWS_ACCESS_KEY_ID": deployer.access_key_id,
        "AWS_SECRET_ACCESS_KEY": deployer.secret_access_key,
        "AWS_SESSION_TOKEN": str(deployer.session_token),
        "AWS_ENDPOINT_URL": prod.endpoint_url,
        "AWS_CA_BUNDLE": str(prod.certificate_authority),
        "AWS_REGION": "eu-west-1",
        "PATH": f"{engine_folder()}{os.pathsep}{uv_environment['PATH']}",
        "PULUMI_BACKEND_URL": work.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_HOME": str(work / "pulumi-home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    install(work / "pulumi-home")

    def command(*arguments: str, group: str = "") -> str:
        groups = ("--group", group) if group else ()
        done = run("uv", "run", "--frozen", *groups, *arguments, folder=repository, environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    lines = (repository / "example" / "abalone.csv").read_text().splitlines(keepends=True)
    (work / "train.csv").write_text("".join(lines[::2]))
    train = (
        "env",
        "PYTHONPATH=.:example/code",
        "python",
        "example/train.py",
        str(work / "train.csv"),
        str(work / "model"),
    )
    command(*train, group="xgboost-image")
    with tarfile.open(work / "model.tar.gz", "w:gz") as tar:
        for file in sorted((work / "model").iterdir()):
            tar.add(file, file.name)
    artifact = "approved/p-abcdefghijkl/3/model.tar.gz"
    s3.put_object(Bucket=BUCKET, Key=artifact, Body=(work / "model.tar.gz").read_bytes())

    now = datetime.fromtimestamp(prod.page("clock", "POST", seconds=0.001)["now"], UTC)
    first = now.replace(second=0, microsecond=0) + timedelta(minutes=3)
    window = f"{first:%Y-%m-%dT%H:%M:%SZ}"
    rows = "".join(f"{line.rpartition(',')[0]}\n" for line in lines[1:1001:2]).encode() + b"spoilt\n"
    for name in (window, "2026-11-01T02:00:00Z"):
        s3.put_object(Bucket=BUCKET, Key=f"{FOLDER}/input/daily/{name}/part-0.csv", Body=rows)
    settings = repository / "settings.toml"
    before, heading, after = settings.read_text().partition("[prod]\n")
    own = after.replace("cron(0 2 * * ? *)", f"cron({first.minute} {first.hour} * * ? *)", 1)
    settings.write_text(before + heading + own.replace("flexible_minutes = 15", "flexible_minutes = 0", 1))
    arn = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone-p-abcdefghijkl/3"
    model = {
        "package_arn": arn,
        "version": 3,
        "model_name": f"{OWN}-approved-v3-1a2b3c4d",
        "artifact_uri": f"s3://{BUCKET}/{artifact}",
        "sha256": _sha256(work / "model.tar.gz"),
    }
    container = {
        "image": IMAGE,
        "environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        "role_arn": f"arn:aws:iam::333333333333:role/{OWN}-model",
        "subnet_ids": [net.private],
        "security_group_ids": [net.group],
    }
    code = command("python", "-c", UPLOAD).strip()
    configuration = {"modelPackageArn": arn, "model": model, "container": container, "code": code}
    command("pulumi", "stack", "init", "prod", "--non-interactive")
    stack = {"config": {f"model-deployment-batch:{name}": value for name, value in configuration.items()}}
    (repository / "Pulumi.prod.yaml").write_text(json.dumps({**secrets_of(repository), **stack}))
    for update in (["up", "--yes", "--skip-preview"], ["preview", "--refresh", "--expect-no-changes"]):
        command("pulumi", *update, "--stack", "prod", "--non-interactive", "--color", "never")
    prod.page("clock", "POST", seconds=200)
    return Batch(prod=prod, window=window, rows=rows, command=command)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


PROJECT_TOML = """
[project]
name = "abalone"
id = "p-abcdefghijkl"
arn = "arn:aws:sagemaker:eu-west-1:111111111111:project/abalone"
[platform]
unit = "analytics"
[models]
account_id = "111111111111"
region = "eu-west-1"
package_group = "abalone-p-abcdefghijkl"
""" + "".join(
    f"""
[{name}]
environment = "{name}"
account_id = "{account}"
prefix = "analytics-{name}"
deployment_role_arn = "arn:aws:iam::{account}:role/analytics-{name}-p-abcdefghijkl-deployment"
artifacts_bucket = "analytics-{name}-artifacts-{account}-eu-west-1"
state_bucket = "analytics-{name}-state-{account}-eu-west-1"
parameter_path = "/mlops/analytics/{name}"
"""
    for name, account in (("preprod", "222222222222"), ("prod", "333333333333"))
)


def test_the_schedule_scores_the_window_of_its_time_under_the_roles_of_the_project(batch: Batch) -> None:
    manifest = batch.manifest(batch.window)

    assert manifest["rows"] == {"in": 501, "out": 500, "quarantined": 1}
    assert manifest["model_package_arn"].endswith(":model-package/abalone-p-abcdefghijkl/3")
    [scored] = manifest["objects"]
    predictions = batch.object(f"output/{manifest['results']}{scored['predictions']['name']}")
    assert predictions is not None
    assert (len(predictions), predictions.count(b"\n")) == (scored["predictions"]["bytes"], 500)


def test_its_metrics_come_from_the_log_of_the_job(batch: Batch) -> None:
    batch.manifest(batch.window)
    deadline = time.monotonic() + WITHIN_SECONDS
    while not batch.metric("Rows"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert batch.metric("Rows") == [500.0]
    assert batch.metric("Quarantined") == [1.0]
    assert len(batch.metric("MaximumPsi")) == 1


def test_a_window_is_backfilled_by_the_repositorys_command_and_has_the_same_results(batch: Batch) -> None:
    first = batch.manifest(batch.window)
    said = batch.command("python", "-m", "deployment", "backfill", "prod", "2026-11-01", "2026-11-01")

    assert "| 2026-11-01T02:00:00Z | 501 | 500 | 1 |" in said
    second = batch.manifest("2026-11-01T02:00:00Z")
    assert second["results"] == first["results"]
    assert "prod: 0 of 1 windows, 1 were scored before" in batch.command(
        "python", "-m", "deployment", "backfill", "prod", "2026-11-01", "2026-11-01"
    )
    assert "abalone-p-abcdefghijkl/3" in batch.command("python", "-m", "deployment", "status", "prod")


def test_a_run_that_fails_is_counted_where_the_alarm_looks(batch: Batch) -> None:
    batch.prod.client("s3").put_object(Bucket=BUCKET, Key=f"{FOLDER}/input/daily/empty/part-0.csv", Body=b"\n")
    with pytest.raises(AssertionError, match="RunError: the input of empty has no row"):
        batch.command("python", "-m", "deployment", "run", "prod", "empty")
    answer = batch.prod.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Sagemaker/ModelBuildingPipeline",
        MetricName="ExecutionFailed",
        Dimensions=[{"Name": "PipelineName", "Value": NAME}],
        StartTime=datetime.now(UTC) - timedelta(days=2),
        EndTime=datetime.now(UTC) + timedelta(days=2),
        Period=4 * 86400,
        Statistics=["Sum"],
    )
    assert [point["Sum"] for point in answer["Datapoints"]] == [1.0]


def test_the_deployment_is_tested_where_nobody_else_reads(batch: Batch) -> None:
    assert "50 rows, off by" in batch.command("python", "-m", "deployment", "test", "prod")
