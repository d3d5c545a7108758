"""`preview` and `drift` with the real engine, as their roles in the local AWS: the state's bucket stays untouched."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine.provide import engine_folder
from sandbox.plugins.install import install
from tests.bootstrap.test_local_aws import Bootstrap
from tests.sandbox_aws.account import Account
from tests.sandbox_aws.certificates import Certificates
from tests.sandbox_aws.issuer import Issuer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ACCOUNT = "222222222222"
BUCKET = f"analytics-preprod-state-{ACCOUNT}-eu-west-1"
REPOSITORY = "repo:acme@1001/mlops-platform@2001"


@dataclass(frozen=True)
class Checkout:
    """A checkout with the platform's stack preprod, in an account that is bootstrapped."""

    folder: Path
    environment: dict[str, str]
    account: Account
    issuer: Issuer

    def run(self, role: str, subject: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a job that takes a role."""
        answer = self.account.client("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/analytics-preprod-{role}",
            RoleSessionName="job",
            WebIdentityToken=self.issuer.token(sub=f"{REPOSITORY}:{subject}"),
        )["Credentials"]
        credentials = {
            "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
            "AWS_SESSION_TOKEN": answer["SessionToken"],
        }
        return subprocess.run(
            command, cwd=self.folder, env=self.environment | credentials, capture_output=True, text=True, check=False
        )

    def preview(self) -> subprocess.CompletedProcess[str]:
        return self.run("preview", "pull_request", sys.executable, "-m", "bootstrap", "preview", "preprod")

    def objects(self) -> list[tuple[str, str]]:
        """Return the keys and versions of all objects in the state's bucket."""
        versions = self.account.client("s3").list_object_versions(Bucket=BUCKET).get("Versions", [])
        return sorted((each["Key"], each["VersionId"]) for each in versions)


@pytest.fixture
def checkout(tmp_path: Path, endpoint_url: str, certificate_files: Certificates, issuer: Issuer) -> Checkout:
    made = Bootstrap(endpoint_url, certificate_files, issuer.origin).up("preprod", account=ACCOUNT)
    assert made.returncode == 0, made.stderr
    folder, home = tmp_path / "checkout", tmp_path / "pulumi-home"
    folder.mkdir()
    install(home)
    project: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    project["main"] = str(ROOT)
    project["runtime"]["options"]["virtualenv"] = sys.prefix
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    shutil.copy(ROOT / "Pulumi.preprod.yaml", folder)
    own = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_", "GITHUB_"))}
    return Checkout(
        folder=folder,
        environment={
            **own,
            "AWS_CA_BUNDLE": str(certificate_files.authority),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_REGION": "eu-west-1",
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), str(engine_folder()), os.environ["PATH"])),
            "PULUMI_HOME": str(home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PYTHONPATH": str(ROOT),
            "SSL_CERT_FILE": str(certificate_files.authority),
        },
        account=Account(endpoint_url, certificate_files.authority, ACCOUNT),
        issuer=issuer,
    )


def test_a_new_stack_is_previewed_by_a_role_that_may_not_create_it_and_nothing_is_written(checkout: Checkout) -> None:
    settings = (checkout.folder / "Pulumi.preprod.yaml").read_bytes()
    previewed = checkout.preview()
    assert previewed.returncode == 0, previewed.stdout + previewed.stderr
    assert previewed.stdout.startswith("New stack: preprod does not exist yet, and everything would be created.")
    assert "+ aws:ec2/vpc:Vpc: (create)" in previewed.stdout
    assert "to update" not in previewed.stdout
    assert checkout.objects() == []
    assert (checkout.folder / "Pulumi.preprod.yaml").read_bytes() == settings


def test_a_stack_that_exists_is_previewed_from_its_state_by_the_same_role(checkout: Checkout) -> None:
    created = checkout.run(
        *("deploy", "environment:preprod", "sh", "-ec"),
        'login=$(python -m bootstrap login --unit analytics --environment preprod); eval "$login"',
    )
    assert created.returncode == 0, created.stdout + created.stderr
    shutil.copy(ROOT / "Pulumi.preprod.yaml", checkout.folder)
    before = checkout.objects()
    previewed = checkout.preview()
    assert previewed.returncode == 0, previewed.stdout + previewed.stderr
    assert "New stack" not in previewed.stdout
    assert "+ aws:ec2/vpc:Vpc: (create)" in previewed.stdout
    assert checkout.objects() == before != []


def test_drift_is_what_an_account_has_otherwise_than_the_program_and_the_role_that_finds_it_changes_nothing(
    checkout: Checkout, endpoint_url: str, certificate_files: Certificates
) -> None:
    # The onboarding function lets it in, so that it has to exist.
    Account(endpoint_url, certificate_files.authority, "111111111111").role("analytics-dev-template-cloner")
    file = checkout.folder / "Pulumi.preprod.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["config"]["mlops-platform:github"]["oidcIssuer"] = checkout.issuer.url
    file.write_text(yaml.safe_dump(settings))
    deployed = checkout.run(
        *("deploy", "environment:preprod", "sh", "-ec"),
        'login=$(python -m bootstrap login --unit analytics --environment preprod); eval "$login"\n'
        "pulumi up --yes --skip-preview --non-interactive",
    )
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    file.write_text(yaml.safe_dump(settings))
    before = checkout.objects()

    def drift() -> list[str]:
        found = checkout.run("drift", "ref:refs/heads/main", sys.executable, "-m", "bootstrap", "drift", "preprod")
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout.splitlines()

    assert drift() == []
    checkout.account.client("logs").put_retention_policy(
        logGroupName="/aws/lambda/analytics-preprod-model-release", retentionInDays=3
    )
    checkout.account.client("ssm").delete_parameter(Name="/mlops/analytics/preprod/storage/artifacts-bucket")
    role = {"RoleName": "analytics-preprod-flow-logs"}
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    checkout.account.client("iam").put_role_policy(**role, PolicyName="mine", PolicyDocument=json.dumps(policy))
    theirs = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    checkout.account.client("iam").attach_role_policy(**role, PolicyArn=theirs)
    checkout.account.client("lambda").add_permission(
        FunctionName="analytics-preprod-model-release",
        StatementId="somebody",
        Action="lambda:InvokeFunction",
        Principal="444444444444",
    )
    assert sorted(drift()) == [
        "- create `aws:ssm/parameter:Parameter` `parameters-storage/artifacts-bucket`",
        "- undeclared `aws:iam/rolePolicy:RolePolicy` `analytics-preprod-flow-logs`: `mine`",
        f"- undeclared `aws:iam/rolePolicyAttachment:RolePolicyAttachment` `analytics-preprod-flow-logs`: `{theirs}`",
        "- undeclared `aws:lambda/permission:Permission` `analytics-preprod-model-release`: `somebody`",
        "- update `aws:cloudwatch/logGroup:LogGroup` `model-release-logs`: `retentionInDays`",
    ]
    assert checkout.objects() == before


def test_a_stack_that_the_engine_cannot_compare_is_an_error_and_no_drift(checkout: Checkout) -> None:
    file = checkout.folder / "Pulumi.preprod.yaml"
    file.write_text(file.read_text().replace("cidr: 10.17.0.0/16", "cidr: 10.17.0.0/31"))
    found = checkout.run("deploy", "environment:preprod", sys.executable, "-m", "bootstrap", "drift", "preprod")
    assert (found.returncode, found.stdout) == (1, "")
    assert "cannot compare preprod with its account: " in found.stderr
    assert "10.17.0.0/31" in found.stderr
