"""A deployment repository on the local AWS, as far as its own program and commands make the requests, with Pulumi's engine.

Only what comes before is left out: the account's release function has made the model, whose description is given, and the state is in
a folder. All requests are those of the deployment role that the project gets.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from sandbox.engine.provide import engine_folder
from sandbox.plugins.install import install
from tests.access.project_roles import ProjectRoles
from tests.functions.project_onboarding.platform import has_roles_of
from tests.products.resolution import published
from tests.rendering import Renderings, letting_in
from tests.sandbox_aws.account import Account, Credentials
from tests.sandbox_aws.networks import Network, network
from tests.template_repos.conftest import run

OWN = "analytics-prod-p-abcdefghijkl"
BUCKET = "analytics-prod-artifacts-333333333333-eu-west-1"
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0"
TOPIC = "arn:aws:sns:eu-west-1:333333333333:analytics-prod-alarms"
PACKAGE = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone-p-abcdefghijkl/3"
ARTIFACT = "approved/p-abcdefghijkl/3/model.tar.gz"
WITHIN_SECONDS = 240
UPLOAD = """
from {folder} import PURPOSE
from mlops_platform.release import project
from mlops_platform.scheduled.code import data_key, upload_code
from mlops_platform.scheduled.names import Names

owner = project.read()
names = Names(project=owner, environment=owner.environments["prod"], purpose=PURPOSE)
print(upload_code(names, data_key(names)))
"""


@dataclass(frozen=True, kw_only=True)
class LocalDeployment:
    """A repository of a project with roles in the account, and a bucket, a key and a network there."""

    prod: Account
    repository: Path
    environment: Mapping[str, str]
    net: Network

    @classmethod
    def of(
        cls,
        prod: Account,
        platform: Renderings,
        *,
        inference: str,
        template: Path,
        environment: Mapping[str, str],
        work: Path,
        parameters: Mapping[str, str],
    ) -> "LocalDeployment":
        """Make what the platform makes in the account, and a copy of the template that deploys to it.

        Args:
            prod: the account.
            platform: the rendered stacks.
            inference: the way to deploy.
            template: the template.
            environment: variables with which `uv` is found.
            work: an empty folder.
            parameters: parameters of the account besides key and topic, by their paths.
        """
        everybody = {"Effect": "Allow", "Resource": "*", "Principal": {"AWS": "arn:aws:iam::333333333333:root"}}
        policy = {"Version": "2012-10-17", "Statement": [{**everybody, "Action": "kms:*"}]}
        key = prod.client("kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
        s3 = prod.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
        s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
        values = {"encryption/data-key-arn": key, "notifications/alarms-topic-arn": TOPIC, **parameters}
        for name, value in values.items():
            prod.client("ssm").put_parameter(
                Name=f"/mlops/analytics/prod/{name}", Value=value, Type="String", Overwrite=True
            )
        net = network(prod)
        net.add_s3_endpoint()
        rendered = platform("prod", letting_in("prod"))
        has_roles_of(prod, "prod", rendered)
        text = published(rendered, f"project-roles-{inference}")
        for rendered_name, real in (
            ("arn:aws:kms:eu-west-1:333333333333:key/encryption-data-key", key),
            ("sg-network-workload", net.group),
            ("vpc-network-vpc", net.vpc),
        ):
            assert rendered_name in text
            text = text.replace(rendered_name, real)
        deployer = given_roles(prod, ProjectRoles(text=text))
        repository = work / "repository"
        shutil.copytree(template, repository)
        (repository / "project.toml").write_text(PROJECT_TOML)
        install(work / "pulumi-home")
        variables = {
            **environment,
            "AWS_ACCESS_KEY_ID": deployer.access_key_id,
            "AWS_SECRET_ACCESS_KEY": deployer.secret_access_key,
            "AWS_SESSION_TOKEN": str(deployer.session_token),
            "AWS_ENDPOINT_URL": prod.endpoint_url,
            "AWS_CA_BUNDLE": str(prod.certificate_authority),
            "AWS_REGION": "eu-west-1",
            "PATH": f"{engine_folder()}{os.pathsep}{environment['PATH']}",
            "PULUMI_BACKEND_URL": work.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(work / "pulumi-home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        return cls(prod=prod, repository=repository, environment=variables, net=net)

    def command(self, *arguments: str, group: str = "") -> str:
        """Run a command of the repository under the deployment role, and return what it prints."""
        groups = ("--group", group) if group else ()
        command = ("uv", "run", "--frozen", *groups, *arguments)
        done = run(*command, folder=self.repository, environment=dict(self.environment))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def deploy(self, program: str, folder: str, *, sha256: str, targets: tuple[str, ...] = (), **more: str) -> None:
        """Update the stack to the version, twice: the second update finds nothing to do.

        Args:
            program: the program's name.
            folder: the package with the name of the pipeline's purpose.
            sha256: digest of the artifact.
            targets: patterns of the URNs that are updated alone.
            more: further values of the configuration.
        """
        model = {
            "package_arn": PACKAGE,
            "version": 3,
            "model_name": f"{OWN}-approved-v3-1a2b3c4d",
            "artifact_uri": f"s3://{BUCKET}/{ARTIFACT}",
            "sha256": sha256,
        }
        container = {
            "image": IMAGE,
            "environment": {"SAGEMAKER_PROGRAM": "inference.py"},
            "role_arn": f"arn:aws:iam::333333333333:role/{OWN}-model",
            "subnet_ids": [self.net.private],
            "security_group_ids": [self.net.group],
        }
        code = self.command("python", "-c", UPLOAD.format(folder=folder)).strip()
        values = {"modelPackageArn": PACKAGE, "model": model, "container": container, "code": code, **more}
        self.command("pulumi", "stack", "init", "prod", "--non-interactive")
        stack = {"config": {f"{program}:{name}": value for name, value in values.items()}}
        # The engine has written into the stack file what protects the state's secrets.
        reader: Any = YAML(typ="safe")
        file = self.repository / "Pulumi.prod.yaml"
        file.write_text(json.dumps({**(reader.load(file.read_text()) or {}), **stack}))
        chosen = [text for target in targets for text in ("--target", target)]
        for update in (["up", "--yes", "--skip-preview"], ["preview", "--refresh", "--expect-no-changes"]):
            self.command("pulumi", *update, *chosen, "--stack", "prod", "--non-interactive", "--color", "never")

    def failures(self, pipeline: str) -> list[str]:
        """Return why executions of a pipeline have failed."""
        sagemaker = self.prod.client("sagemaker")
        listed = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]
        steps = [
            step
            for each in listed
            for step in sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=each["PipelineExecutionArn"])[
                "PipelineExecutionSteps"
            ]
        ]
        return [step["FailureReason"] for step in steps if step["StepStatus"] == "Failed"]

    def metric(self, name: str) -> list[float]:
        """Return the values of one of the metrics that jobs print."""
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
