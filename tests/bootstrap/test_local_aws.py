"""The command and its template on the local AWS, which enforces the roles' policies.

What passes here was allowed by the emulator's reading of IAM; AWS's own is not proven.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bootstrap import account
from bootstrap.doctor import alarms
from bootstrap.names import Names
from tests.sandbox_aws.account import REGION, Account, Credentials, document
from tests.sandbox_aws.certificates import Certificates
from tests.sandbox_aws.hosting import IMAGE
from tests.sandbox_aws.issuer import Issuer

ROOT = Path(__file__).parents[2]
ACCOUNT = "111111111111"
REPOSITORY = "repo:acme@1001/mlops-platform@2001"
BUCKET = f"analytics-dev-state-{ACCOUNT}-eu-west-1"
STATE = ".pulumi/stacks/mlops-platform/dev.json.gz"
LOCK = ".pulumi/locks/organization/mlops-platform/dev/5f1c.json"
STATE_ALIAS = "alias/analytics-dev-state"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/analytics-dev-boundary"


@dataclass(frozen=True)
class Bootstrap:
    """Runs `python -m bootstrap` as the root user of an account."""

    endpoint_url: str
    certificates: Certificates
    github_url: str

    def run(
        self, *arguments: str, account: str = ACCOUNT, region: str = "eu-west-1"
    ) -> subprocess.CompletedProcess[str]:
        """Run one command without the AWS settings of this process."""
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_CA_BUNDLE": str(self.certificates.authority),
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
        }
        return subprocess.run(
            [sys.executable, "-m", "bootstrap", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def up(
        self, environment: str, *options: str, account: str = ACCOUNT, region: str = "eu-west-1"
    ) -> subprocess.CompletedProcess[str]:
        """Run `up` for the platform's repository of the sample organization."""
        return self.run(
            *("up", "--unit", "analytics", "--environment", environment, "--github-org", "acme"),
            *("--github-url", self.github_url, "--oidc-subjects", "immutable"),
            *("--github-org-id", "1001", "--github-repository-id", "2001"),
            *options,
            account=account,
            region=region,
        )


@pytest.fixture(scope="module")
def bootstrap(endpoint_url: str, certificate_files: Certificates, issuer: Issuer) -> Bootstrap:
    command = Bootstrap(endpoint_url, certificate_files, issuer.origin)
    made = command.up("dev")
    assert made.returncode == 0, made.stderr
    return command


@pytest.fixture(scope="module")
def dev(bootstrap: Bootstrap) -> Account:
    return Account(bootstrap.endpoint_url, bootstrap.certificates.authority, ACCOUNT)


Assume = Callable[[str, str], Credentials]


@pytest.fixture(scope="module")
def assume(dev: Account, issuer: Issuer) -> Assume:
    """Assume a role with the token of a job, as aws-actions/configure-aws-credentials does."""

    def as_job(role: str, subject: str) -> Credentials:
        answer = dev.client("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            RoleSessionName="job",
            WebIdentityToken=issuer.token(sub=subject),
        )["Credentials"]
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    return as_job


@pytest.fixture(scope="module")
def as_deployer(dev: Account, assume: Assume) -> Callable[[str], Any]:
    """Return a function that creates clients with the deploy role."""
    credentials = assume("analytics-dev-deploy", f"{REPOSITORY}:environment:dev")
    return lambda service: dev.client(service, credentials)


def refused(call: Callable[..., object], **parameters: object) -> None:
    """Assert that the call is denied because a permission is missing."""
    with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
        call(**parameters)


def test_running_again_changes_nothing_and_says_so(bootstrap: Bootstrap) -> None:
    again = bootstrap.up("dev")
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "analytics-dev is unchanged.")


def test_a_second_environment_of_the_account_shares_the_identity_provider(bootstrap: Bootstrap, dev: Account) -> None:
    second = bootstrap.up("preprod")
    assert second.returncode == 0, second.stderr
    assert "using it" in second.stderr
    assert len(dev.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1


def test_a_first_bootstrap_that_failed_can_be_repeated_and_leaves_only_a_key_behind(
    bootstrap: Bootstrap, dev: Account
) -> None:
    iam, kms, cloudformation = dev.client("iam"), dev.client("kms"), dev.client("cloudformation")
    trust = document({"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="analytics-trial-preview", AssumeRolePolicyDocument=trust)
    failed = bootstrap.up("trial", "--parts", "development")
    assert failed.returncode == 1
    assert "ended in ROLLBACK_COMPLETE" in failed.stderr
    assert "PreviewRole" in failed.stderr
    [left] = re.findall(r"--key-id (\S+)", failed.stderr)
    assert kms.describe_key(KeyId=left)["KeyMetadata"]["KeyState"] == "Enabled"
    iam.delete_role(RoleName="analytics-trial-preview")
    repeated = bootstrap.up("trial", "--parts", "development")
    assert repeated.returncode == 0, repeated.stderr
    [stack] = cloudformation.describe_stacks(StackName="analytics-trial-bootstrap")["Stacks"]
    assert (stack["StackStatus"], stack["EnableTerminationProtection"]) == ("CREATE_COMPLETE", True)
    assert kms.describe_key(KeyId="alias/analytics-trial-state")["KeyMetadata"]["KeyId"] != left


def test_it_works_in_us_east_1_too(bootstrap: Bootstrap) -> None:
    made = bootstrap.up("prod", account="333333333333", region="us-east-1")
    assert made.returncode == 0, made.stderr
    assert "s3://analytics-prod-state-333333333333-us-east-1?region=us-east-1" in made.stdout


def test_the_same_environment_in_a_second_region_is_refused(bootstrap: Bootstrap) -> None:
    second = bootstrap.up("dev", region="us-east-1")
    assert second.returncode == 1
    assert "was bootstrapped in eu-west-1" in second.stderr


def test_doctor_finds_the_bootstrap_fine_and_the_platform_not_deployed(bootstrap: Bootstrap) -> None:
    examined = bootstrap.run("doctor", "--environment", "dev")
    to_do = [line.split()[1] for line in examined.stdout.splitlines() if line.startswith("TODO")]
    # The local AWS has no Service Quotas.
    assert (examined.returncode, to_do) == (1, ["quotas", "platform"]), examined.stderr
    assert "quotas             cannot be examined" in examined.stdout


def test_doctor_names_an_address_that_has_not_confirmed(dev: Account) -> None:
    sns, ssm = dev.client("sns"), dev.client("ssm")
    topic = sns.create_topic(Name="analytics-dev-alarms")["TopicArn"]
    parameter = "/mlops/analytics/dev/notifications/alarms-topic-arn"
    ssm.put_parameter(Name=parameter, Value=topic, Type="String")
    examined = account.Account(account_id=ACCOUNT, region=REGION, caller="root", client=dev.client)
    names = Names(unit="analytics", environment="dev")

    def message() -> str:
        fine, found = alarms.recipients(examined, names, "dev", {})
        assert not fine
        return found

    assert "enter alarms.emails" in message()
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")
    assert "not confirmed by ada@example.com" in message()
    sns.delete_topic(TopicArn=topic)
    assert message().startswith(f"{topic} does not exist")
    ssm.delete_parameter(Name=parameter)


@pytest.mark.parametrize(
    "subject",
    [
        f"{REPOSITORY}:environment:prod",
        f"{REPOSITORY}:pull_request",
        f"{REPOSITORY}:ref:refs/heads/main",
        "repo:acme/mlops-platform:environment:dev",
        "repo:acme@1001/abalone@2002:environment:dev",
    ],
)
def test_no_other_job_may_deploy(assume: Assume, subject: str) -> None:
    with pytest.raises(ClientError, match="Not authorized"):
        assume("analytics-dev-deploy", subject)


def test_the_deploy_role_saves_the_state_and_releases_its_lock(as_deployer: Callable[[str], Any]) -> None:
    s3 = as_deployer("s3")
    for key in (STATE, LOCK):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    s3.delete_object(Bucket=BUCKET, Key=LOCK)
    assert s3.get_object(Bucket=BUCKET, Key=STATE)["Body"].read() == b"{}"
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == [STATE]


def test_the_deploy_role_cannot_destroy_the_state(dev: Account, as_deployer: Callable[[str], Any]) -> None:
    s3 = as_deployer("s3")
    s3.put_object(Bucket=BUCKET, Key=STATE, Body=b"{}")
    [version, *_] = dev.client("s3").list_object_versions(Bucket=BUCKET, Prefix=STATE)["Versions"]
    refused(s3.delete_object, Bucket=BUCKET, Key=STATE, VersionId=version["VersionId"])
    refused(s3.delete_bucket_policy, Bucket=BUCKET)
    refused(s3.put_bucket_versioning, Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    refused(s3.put_object, Bucket=BUCKET, Key=".pulumi/stacks/another-project/dev.json.gz", Body=b"{}")


def test_the_preview_role_reads_the_state_and_writes_nothing(
    dev: Account, assume: Assume, as_deployer: Callable[[str], Any]
) -> None:
    as_deployer("s3").put_object(Bucket=BUCKET, Key=STATE, Body=b"{}")
    preview = assume("analytics-dev-preview", f"{REPOSITORY}:pull_request")
    s3 = dev.client("s3", preview)
    assert s3.get_object(Bucket=BUCKET, Key=STATE)["Body"].read() == b"{}"
    refused(s3.put_object, Bucket=BUCKET, Key=STATE, Body=b"{}")
    refused(s3.delete_object, Bucket=BUCKET, Key=STATE)
    refused(dev.client("iam", preview).get_role, RoleName="analytics-dev-deploy")


def test_secrets_of_the_state_are_encrypted_by_the_deploy_role_and_read_by_the_preview_role(
    dev: Account, assume: Assume, as_deployer: Callable[[str], Any]
) -> None:
    alias = "alias/analytics-dev-state"
    secret = as_deployer("kms").encrypt(KeyId=alias, Plaintext=b"secret")["CiphertextBlob"]
    kms = dev.client("kms", assume("analytics-dev-preview", f"{REPOSITORY}:pull_request"))
    assert kms.decrypt(KeyId=alias, CiphertextBlob=secret)["Plaintext"] == b"secret"
    refused(kms.encrypt, KeyId=alias, Plaintext=b"secret")


def test_roles_are_created_only_under_the_boundary(dev: Account, as_deployer: Callable[[str], Any]) -> None:
    iam = as_deployer("iam")
    trust = document({"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
    everything = document({"Action": "*", "Resource": "*"})
    dev.client("iam").create_policy(PolicyName="everything", PolicyDocument=everything)
    role: dict[str, Any] = {"RoleName": "analytics-dev-flow-logs", "AssumeRolePolicyDocument": trust}
    refused(iam.create_role, **role)
    refused(iam.create_role, **role, PermissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/everything")
    for name in ("administrator", "analytics-dev-tool", "analytics-dev-project-roles", "analytics-dev-p-abalone-job"):
        refused(iam.create_role, **(role | {"RoleName": name}), PermissionsBoundary=BOUNDARY)
    iam.create_role(**role, PermissionsBoundary=BOUNDARY)
    iam.put_role_policy(RoleName="analytics-dev-flow-logs", PolicyName="all", PolicyDocument=everything)
    refused(iam.delete_role_permissions_boundary, RoleName="analytics-dev-flow-logs")
    refused(iam.update_assume_role_policy, RoleName="analytics-dev-flow-logs", PolicyDocument=trust)
    refused(iam.delete_role, RoleName="analytics-dev-flow-logs")
    refused(iam.create_policy_version, PolicyArn=BOUNDARY, PolicyDocument=everything, SetAsDefault=True)


@pytest.mark.parametrize("role", ["analytics-dev-deploy", "analytics-dev-preview"])
def test_the_deploy_role_changes_neither_itself_nor_the_preview_role(
    as_deployer: Callable[[str], Any], role: str
) -> None:
    iam = as_deployer("iam")
    trust = document({"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    everything = document({"Action": "*", "Resource": "*"})
    refused(iam.put_role_policy, RoleName=role, PolicyName="all", PolicyDocument=everything)
    refused(iam.update_assume_role_policy, RoleName=role, PolicyDocument=trust)
    refused(iam.attach_role_policy, RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    refused(iam.delete_role, RoleName=role)


def test_a_role_with_every_permission_stays_within_its_boundary(
    dev: Account, as_deployer: Callable[[str], Any]
) -> None:
    as_deployer("s3").put_object(Bucket=BUCKET, Key=STATE, Body=b"{}")
    everything = {"Action": "*", "Resource": "*"}
    role = dev.role("analytics-dev-greedy", everything, boundary=BOUNDARY)
    greedy = dev.assume(role)
    s3, iam = dev.client("s3", greedy), dev.client("iam", greedy)
    refused(s3.get_object, Bucket=BUCKET, Key=STATE)
    refused(s3.put_object, Bucket=BUCKET, Key=STATE, Body=b"{}")
    refused(dev.client("kms", greedy).generate_data_key, KeyId="alias/analytics-dev-state", KeySpec="AES_256")
    refused(iam.put_role_policy, RoleName=role.split("/")[1], PolicyName="more", PolicyDocument=document(everything))
    refused(iam.create_user, UserName="somebody")
    project: dict[str, Any] = {"RoleName": "analytics-dev-p-abalone-pipeline", "AssumeRolePolicyDocument": document()}
    refused(iam.create_role, **project, PermissionsBoundary=BOUNDARY)
    sagemaker, catalog = dev.client("sagemaker", greedy), dev.client("servicecatalog", greedy)
    product = {"ProductId": "prod-abcdefghijklm", "ProvisioningArtifactId": "pa-abcdefghijklm"}
    refused(sagemaker.create_project, ProjectName="attack", ServiceCatalogProvisioningDetails=product)
    refused(sagemaker.delete_project, ProjectName="attack")
    refused(catalog.provision_product, **product, ProvisionedProductName="attack", ProvisionToken="attack")
    refused(catalog.update_provisioned_product, ProvisionedProductName="attack", UpdateToken="attack")
    refused(catalog.terminate_provisioned_product, ProvisionedProductName="attack", TerminateToken="attack")
    for function in ("deployment-trigger", "model-life-cycle", "template-cloner"):
        refused(dev.client("lambda", greedy).invoke, FunctionName=f"analytics-dev-{function}", Payload=b"{}")
    service = {"Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    for purpose in ("p-cherry-pipeline", "lead-data-scientist"):
        refused(
            sagemaker.create_training_job,
            TrainingJobName="attack",
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            RoleArn=dev.role(f"analytics-dev-{purpose}", trust=service, boundary=BOUNDARY),
            OutputDataConfig={"S3OutputPath": "s3://attack/out"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )


def test_a_launch_with_every_permission_creates_roles_of_a_project_only_under_the_boundary(dev: Account) -> None:
    everything = {"Action": "*", "Resource": "*"}
    launch = dev.assume(dev.role("analytics-dev-project-launch", everything, boundary=BOUNDARY))
    iam = dev.client("iam", launch)
    project: dict[str, Any] = {"RoleName": "analytics-dev-p-abalone-pipeline", "AssumeRolePolicyDocument": document()}
    refused(iam.create_role, **project)
    iam.create_role(**project, PermissionsBoundary=BOUNDARY)
    functions = dev.client("lambda", launch)
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(FunctionName="analytics-dev-template-cloner", Payload=b"{}")


def test_the_deploy_role_lets_nobody_into_a_role_that_nothing_uses(
    dev: Account, as_deployer: Callable[[str], Any]
) -> None:
    iam = as_deployer("iam")
    service = {"Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    held = {"RoleName": "analytics-dev-mlflow", "AssumeRolePolicyDocument": document(service)}
    iam.create_role(**held, PermissionsBoundary=BOUNDARY)
    anybody = document({"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    refused(iam.update_assume_role_policy, RoleName="analytics-dev-mlflow", PolicyDocument=anybody)
    refused(iam.delete_role, RoleName="analytics-dev-mlflow")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(**held | {"AssumeRolePolicyDocument": anybody}, PermissionsBoundary=BOUNDARY)


def test_a_projects_deployment_with_every_permission_reaches_states_of_projects_and_never_the_platforms(
    dev: Account, as_deployer: Callable[[str], Any]
) -> None:
    as_deployer("s3").put_object(Bucket=BUCKET, Key=STATE, Body=b"{}")
    role = dev.role("analytics-dev-p-abalone-deployment", {"Action": "*", "Resource": "*"}, boundary=BOUNDARY)
    s3 = dev.client("s3", dev.assume(role))
    key = "projects/p-abalone/.pulumi/stacks/model-deployment-realtime/dev.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"{}"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="projects/p-abalone/")["Contents"]
    assert [each["Key"] for each in listed] == [key]
    s3.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=BUCKET, Key=key)
    refused(s3.list_objects_v2, Bucket=BUCKET, Prefix="")
    refused(s3.list_objects_v2, Bucket=BUCKET, Prefix=".pulumi/")
    refused(s3.get_object, Bucket=BUCKET, Key=STATE)
    refused(s3.put_object, Bucket=BUCKET, Key=STATE, Body=b"{}")
    refused(s3.delete_object, Bucket=BUCKET, Key=STATE)
    refused(s3.put_bucket_policy, Bucket=BUCKET, Policy=document())


def test_the_drift_role_reads_the_state_and_cannot_write_it(dev: Account, as_deployer: Callable[[str], Any]) -> None:
    as_deployer("s3").put_object(Bucket=BUCKET, Key=STATE, Body=b"{}")
    secret = as_deployer("kms").encrypt(KeyId=STATE_ALIAS, Plaintext=b"secret")["CiphertextBlob"]
    drift = dev.assume(dev.role("analytics-dev-drift", {"Action": "*", "Resource": "*"}, boundary=BOUNDARY))
    s3, kms = dev.client("s3", drift), dev.client("kms", drift)
    assert s3.get_object(Bucket=BUCKET, Key=STATE)["Body"].read() == b"{}"
    assert kms.decrypt(KeyId=STATE_ALIAS, CiphertextBlob=secret)["Plaintext"] == b"secret"
    refused(s3.put_object, Bucket=BUCKET, Key=STATE, Body=b"{}")
    refused(s3.delete_object, Bucket=BUCKET, Key=STATE)
    refused(kms.encrypt, KeyId=STATE_ALIAS, Plaintext=b"x")


def test_a_projects_deployment_uses_the_states_key_for_its_project_alone(
    dev: Account, as_deployer: Callable[[str], Any]
) -> None:
    platforms = as_deployer("kms").encrypt(KeyId=STATE_ALIAS, Plaintext=b"secret")["CiphertextBlob"]
    role = dev.role("analytics-dev-p-cherry-deployment", {"Action": "*", "Resource": "*"}, boundary=BOUNDARY)
    kms, own = dev.client("kms", dev.assume(role)), {"project": "p-cherry"}
    encrypted = kms.encrypt(KeyId=STATE_ALIAS, EncryptionContext=own, Plaintext=b"secret")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=encrypted, EncryptionContext=own)["Plaintext"] == b"secret"
    refused(kms.decrypt, KeyId=STATE_ALIAS, CiphertextBlob=platforms)
    refused(kms.encrypt, KeyId=STATE_ALIAS, Plaintext=b"x")
    grantee = f"arn:aws:iam::{ACCOUNT}:root"
    refused(kms.create_grant, KeyId=STATE_ALIAS, GranteePrincipal=grantee, Operations=["Decrypt"])
