"""A training from a feature group on the local AWS: the roles that a project gets, real jobs, and the records that were put."""

import csv
import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.environment import Environment
from components.studio import leads
from tests.bootstrap.template import Template
from tests.products.product import PARAMETERS, Launch, Product
from tests.sandbox_aws.account import Account, Credentials
from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer
from tests.sandbox_aws.networks import network
from tests.template_repos.conftest import run

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ACCOUNT = "111111111111"
PROJECT = "p-abcdefghijkl"
OWN = f"analytics-dev-{PROJECT}"
BUCKET = f"{OWN}-{ACCOUNT}-eu-west-1"
MODELS = f"abalone-{PROJECT}"
GROUP = f"{PROJECT}-abalone"
ROLES = ("JobRole", "PipelineRole", "WorkflowRole", "FeatureStoreRole")
COLUMNS = (
    "sex",
    "length",
    "diameter",
    "height",
    "whole_weight",
    "shucked_weight",
    "viscera_weight",
    "shell_weight",
    "rings",
)
TYPES = {
    "shell_id": "Integral",
    "measured_at": "Fractional",
    **dict.fromkeys(COLUMNS, "Fractional"),
    "sex": "String",
    "surveyor": "String",
}
RECORDS = 300
WITHIN_SECONDS = 240
PROJECT_TOML = f"""
[project]
name = "abalone"
id = "{PROJECT}"
[aws]
region = "eu-west-1"
account_id = "{ACCOUNT}"
[images]
account_id = "141502667606"
[pipeline]
name = "{MODELS}"
role_arn = "arn:aws:iam::{ACCOUNT}:role/{OWN}-pipeline"
job_role_arn = "arn:aws:iam::{ACCOUNT}:role/{OWN}-job"
artifact_bucket = "{BUCKET}"
model_package_group = "{MODELS}"
[workflow]
role_arn = "arn:aws:iam::{ACCOUNT}:role/{OWN}-workflow"
[trial]
role_arn = "arn:aws:iam::{ACCOUNT}:role/{OWN}-trial"
pipeline_role_arn = "arn:aws:iam::{ACCOUNT}:role/{OWN}-trial-steps"
job_role_arn = "arn:aws:iam::{ACCOUNT}:role/{OWN}-trial-job"
"""


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training repository whose main trains from a feature group, and the records in it."""

    dev: Account
    repository: Path
    environment: dict[str, str]
    lead: Credentials

    def command(self, *arguments: str, settings: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the repository as its workflow; `settings` names the feature group."""
        file = self.repository / "settings.toml"
        text = file.read_text()
        file.write_text(text.replace(f'feature_group = "{GROUP}"', f'feature_group = "{settings or GROUP}"'))
        try:
            return run(
                *("uv", "run", "--frozen", "python", "-m", "pipeline", *arguments),
                folder=self.repository,
                environment=self.environment,
            )
        finally:
            file.write_text(text)

    def started(self) -> str:
        """Start the pipeline, as anybody may, and return the execution's ARN."""
        done = self.command("start")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def put(self, rows: list[list[str]], seconds: float) -> None:
        """Put records as a lead; the first is called 0, and each became what it is at that second of the era."""
        store = self.dev.client("sagemaker-featurestore-runtime", self.lead)
        for number, row in enumerate(rows):
            values = {
                "shell_id": str(number),
                "measured_at": str(seconds),
                "surveyor": "ada",
                **dict(zip(COLUMNS, row, strict=True)),
            }
            record = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
            store.put_record(FeatureGroupName=GROUP, Record=record)
        # A definition names whole seconds, and reads what was written before its own.
        time.sleep(1)

    def origin(self, execution: str) -> dict[str, Any]:
        """Return what the first job of an execution says about its data, once it has ended."""
        s3, key = self.dev.client("s3"), f"executions/{execution.rpartition('/')[2]}/origin/origin.json"
        end = time.monotonic() + WITHIN_SECONDS
        while not s3.list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents"):
            assert time.monotonic() < end
            time.sleep(0.5)
        return json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def made_roles(dev: Account, product: Product) -> None:
    """Create roles of a project as its launch does; the account's root stands in for GitHub's token."""
    iam = dev.client("iam")
    parts = {"Unit": "analytics", "Environment": "dev", "AWS::AccountId": ACCOUNT, "Parts": "development"}
    boundary = Template(**parts).properties("WorkloadBoundary")["PolicyDocument"]
    iam.create_policy(PolicyName="analytics-dev-boundary", PolicyDocument=json.dumps(boundary))
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    for name in ROLES:
        wanted = product.properties(name)
        trust = {"Version": "2012-10-17", "Statement": [root]} if name == "WorkflowRole" else product.trust(name)
        iam.create_role(
            RoleName=wanted["RoleName"],
            AssumeRolePolicyDocument=json.dumps(trust),
            PermissionsBoundary=wanted["PermissionsBoundary"],
        )
        for policy in wanted["Policies"]:
            iam.put_role_policy(
                RoleName=wanted["RoleName"],
                PolicyName=policy["PolicyName"],
                PolicyDocument=json.dumps(policy["PolicyDocument"]),
            )


@pytest.fixture(scope="module")
def training(
    dev: Account, model_training: Path, uv_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Training:
    everybody = {"Effect": "Allow", "Resource": "*", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    policy = {"Version": "2012-10-17", "Statement": [{**everybody, "Action": "kms:*"}]}
    key = dev.client("kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
    net = network(dev)
    net.add_s3_endpoint()
    known = {
        **PARAMETERS,
        "encryption/data-key-arn": key,
        "network/vpc-id": net.vpc,
        "network/workload-security-group-id": net.group,
    }
    product = Product("model-building-training", Launch(known=known))
    made_roles(dev, product)
    s3, sagemaker = dev.client("s3"), dev.client("sagemaker")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(product.properties("ArtifactBucketPolicy")["PolicyDocument"]))
    sagemaker.create_model_package_group(ModelPackageGroupName=MODELS)
    sagemaker.create_feature_group(
        FeatureGroupName=GROUP,
        RecordIdentifierFeatureName="shell_id",
        EventTimeFeatureName="measured_at",
        FeatureDefinitions=[{"FeatureName": name, "FeatureType": kind} for name, kind in TYPES.items()],
        OfflineStoreConfig={
            "S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/features", "KmsKeyId": key},
            "DisableGlueTableCreation": True,
        },
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{OWN}-features",
    )
    repository = tmp_path_factory.mktemp("features") / "repository"
    shutil.copytree(model_training, repository)
    names = f'kms_key_arn = "{key}"\nsubnet_ids = ["{net.private}"]\nsecurity_group_ids = ["{net.group}"]\n'
    (repository / "project.toml").write_text(PROJECT_TOML.replace("[workflow]", f"{names}[workflow]"))
    settings = (repository / "settings.toml").read_text()
    for ours, theirs in (
        ('feature_group = ""', f'feature_group = "{GROUP}"'),
        ("mse_threshold = 6.0", "mse_threshold = 99.0"),
    ):
        assert ours in settings
        settings = settings.replace(ours, theirs)
    (repository / "settings.toml").write_text(settings)
    workflow = dev.assume(f"arn:aws:iam::{ACCOUNT}:role/{OWN}-workflow")
    environment = {
        **uv_environment,
        "AWS_ACCESS_KEY_ID": workflow.access_key_id,
        "AWS_SECRET_ACCESS_KEY": workflow.secret_access_key,
        "AWS_SESSION_TOKEN": str(workflow.session_token),
        "AWS_ENDPOINT_URL": dev.endpoint_url,
        "AWS_CA_BUNDLE": str(dev.certificate_authority),
        "AWS_REGION": "eu-west-1",
        "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
    }
    putting = leads.put_records(Environment(unit="analytics", name="dev", region="eu-west-1", account_id=ACCOUNT))
    lead = dev.assume(
        dev.role("lead", {"Effect": "Allow", "Action": list(putting.actions), "Resource": list(putting.resources)})
    )
    return Training(dev=dev, repository=repository, environment=environment, lead=lead)


def rows(training: Training) -> list[list[str]]:
    with (training.repository / "data" / "abalone.csv").open(newline="") as stream:
        return list(csv.reader(stream))


def test_a_group_without_records_is_refused_and_no_pipeline_is_made(training: Training) -> None:
    described = training.dev.client("sagemaker").describe_feature_group
    while described(FeatureGroupName=GROUP)["FeatureGroupStatus"] == "Creating":
        time.sleep(0.1)
    done = training.command("upsert")
    assert done.returncode == 1
    assert f"error: the feature group {GROUP} cannot be trained from: its offline store is empty yet" in done.stderr
    assert training.dev.client("sagemaker").list_pipelines()["PipelineSummaries"] == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (f"{PROJECT}-nothing", f"there is no feature group {PROJECT}-nothing"),
        ("p-mnopqrstuvwx-abalone", f"the groups of this project begin with {PROJECT}-"),
    ],
)
def test_another_group_is_refused(training: Training, name: str, reason: str) -> None:
    done = training.command("upsert", settings=name)
    assert done.returncode == 1
    assert reason in done.stderr


@pytest.fixture(scope="module")
def trained(training: Training) -> tuple[str, dict[str, Any]]:
    """An execution of the pipeline, followed to its end, and the version that it registered."""
    training.put(rows(training)[:RECORDS], 1793491200)
    done = training.command("upsert")
    assert done.returncode == 0, done.stderr
    execution = training.started()
    followed = training.command("wait", execution)
    assert followed.returncode == 0, followed.stdout + followed.stderr
    assert f"Data: {RECORDS} rows of feature group {GROUP} as of " in followed.stdout
    sagemaker = training.dev.client("sagemaker")
    [version] = sagemaker.list_model_packages(ModelPackageGroupName=MODELS)["ModelPackageSummaryList"]
    return execution, sagemaker.describe_model_package(ModelPackageName=version["ModelPackageArn"])


def test_main_trains_from_the_records_and_the_version_says_which(
    training: Training, trained: tuple[str, dict[str, Any]]
) -> None:
    execution, version = trained
    origin = training.origin(execution)
    assert origin["rows"] == RECORDS
    card = json.loads(version["ModelCard"]["ModelCardContent"])
    told = f"of {RECORDS} rows of {origin['source']} (SHA-256 {origin['sha256']})"
    assert told in card["training_details"]["training_observations"]


def test_another_run_reads_the_same_whatever_was_put_since_and_a_new_definition_the_rest(
    training: Training, trained: tuple[str, dict[str, Any]]
) -> None:
    execution, _ = trained
    # Later by its event, too: it is the latest of its record.
    training.put([[*rows(training)[RECORDS][:-1], "29"]], 1793491300)
    again = training.started()
    assert training.origin(again) == training.origin(execution)
    training.dev.client("sagemaker").stop_pipeline_execution(PipelineExecutionArn=again)
    done = training.command("upsert")
    assert done.returncode == 0, done.stderr
    later = training.started()
    assert training.origin(later)["sha256"] != training.origin(execution)["sha256"]
    training.dev.client("sagemaker").stop_pipeline_execution(PipelineExecutionArn=later)
