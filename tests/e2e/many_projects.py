"""Two hundred projects: most are seeded with what makes a project cheap, and the others are launched at once."""

import base64
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from sandbox import http_client
from sandbox.demo import catalog, launch
from sandbox.demo.catalog import Order
from sandbox.demo.member import Member
from sandbox.organization import (
    CLONER,
    COLLEAGUE,
    DATA_SCIENTIST,
    LEAD_DATA_SCIENTIST,
    ORGANIZATION,
    PLATFORM_ENGINEER,
    RELEASE_MANAGER,
)
from tests.e2e.actors import Actors
from tests.e2e.sandbox import ACCOUNTS, ENVIRONMENTS, REGION, UNIT
from tests.e2e.wait import wait_until

SEEDED = "seeded-"
"""Beginning of the names of projects that were not launched by the platform."""
LAUNCHED = "launched-"
"""Beginning of the names of projects that the platform launched."""
FIRST_RUNS = {
    "model-training": "train.yml",
    "model-deployment-realtime": "checks.yml",
    "model-deployment-batch": "checks.yml",
    "pipeline-promotion": "deploy.yml",
}
"""The workflow that a launch starts, by kinds of repositories."""
NOTHING = """on: {workflow_dispatch: }
jobs:
  nothing:
    if: false
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""
"""A workflow that starts and does nothing: forty trainings at once would only keep the machine busy."""
_PROJECT = {
    "Parameters": {"SageMakerProjectName": {"Type": "String"}, "SageMakerProjectId": {"Type": "String"}},
    "Resources": {
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": {"Fn::Sub": f"/mlops/{UNIT}/dev/projects/${{SageMakerProjectId}}"},
                "Type": "String",
                "Value": {
                    "Fn::Sub": json.dumps(
                        {
                            "repository": "acme/mlops-${SageMakerProjectName}-${SageMakerProjectId}-model-deployment-realtime",
                            "package_group": "${SageMakerProjectName}-${SageMakerProjectId}",
                            "bucket": f"{UNIT}-dev-${{SageMakerProjectId}}-{ACCOUNTS['dev']}-{REGION}",
                        }
                    )
                },
            },
        },
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"BucketName": {"Fn::Sub": f"{UNIT}-dev-${{SageMakerProjectId}}-{ACCOUNTS['dev']}-{REGION}"}},
        },
        "Group": {
            "Type": "AWS::SageMaker::ModelPackageGroup",
            "Properties": {"ModelPackageGroupName": {"Fn::Sub": "${SageMakerProjectName}-${SageMakerProjectId}"}},
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": {"Fn::Sub": f"{UNIT}-dev-${{SageMakerProjectId}}-pipeline"},
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "sagemaker.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
            },
        },
    },
}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The end of a launch."""

    name: str
    id: str
    status: str
    reason: str
    seconds: float
    """Since the first was requested."""

    @property
    def repositories(self) -> str:
        """Beginning of the full names of its repositories, which end with their kinds."""
        return f"{ORGANIZATION.login}/mlops-{self.name}-{self.id}-"


class ManyProjects(Actors):
    """The people of a sandbox with many projects."""

    def start_nothing(self) -> None:
        """Let the first runs of launched projects do nothing."""
        platform = Member(self.servers, CLONER)
        for kind, workflow in FIRST_RUNS.items():
            place = f"/repos/{ORGANIZATION.login}/mlops-template-{kind}/contents/.github/workflows/{workflow}"
            body = {
                "message": "Start nothing [skip ci]",
                "content": base64.b64encode(NOTHING.encode()).decode(),
                "branch": "main",
                "sha": platform.get(place)["sha"],
            }
            platform.send("PUT", place, body)

    def seed(self, count: int) -> None:
        """Give so many projects what platforms list: projects and stacks, and what belongs to each, in AWS and at GitHub."""
        sagemaker, product = self._seeder().client("sagemaker"), self._seeded_product()

        def seed_project(number: int) -> None:
            name, details = f"{SEEDED}{number:03d}", {"ProductId": product}
            sagemaker.create_project(ProjectName=name, ServiceCatalogProvisioningDetails=details)
            self._seed_repository(number)

        with ThreadPoolExecutor(4) as pool:
            accounts = [pool.submit(self._seed_account, environment, count) for environment in ("preprod", "prod")]
            list(pool.map(seed_project, range(count)))
            for each in accounts:
                each.result()

    def statuses(self) -> dict[str, str]:
        """Return the states of all projects, as Studio lists them, by name."""
        pages = self.lead.client("sagemaker").get_paginator("list_projects").paginate()
        listed = [each for page in pages for each in page["ProjectSummaryList"]]
        return {str(each["ProjectName"]): str(each["ProjectStatus"]) for each in listed}

    def launch(self, orders: Sequence[Order]) -> list[Progress]:
        """Launch all of them at once as the lead, and return how each ended."""
        sagemaker = self.lead.client("sagemaker")

        def begin(order: Order) -> None:
            sagemaker.create_project(
                ProjectName=order.name,
                ServiceCatalogProvisioningDetails={
                    "ProductId": order.product.id,
                    "ProvisioningArtifactId": order.product.version,
                    "ProvisioningParameters": [{"Key": key, "Value": value} for key, value in order.parameters.items()],
                },
            )

        began, ended = time.monotonic(), dict[str, Progress]()
        with ThreadPoolExecutor(len(orders)) as pool:
            list(pool.map(begin, orders))
        while len(ended) < len(orders):
            statuses = self.statuses()
            for name in (each.name for each in orders if each.name not in ended):
                if statuses[name] != "CreateInProgress":
                    described = sagemaker.describe_project(ProjectName=name)
                    details = described["ServiceCatalogProvisionedProductDetails"]
                    ended[name] = Progress(
                        name=name,
                        id=described["ProjectId"],
                        status=statuses[name],
                        reason=str(details.get("ProvisionedProductStatusMessage", "")),
                        seconds=time.monotonic() - began,
                    )
            time.sleep(1)
        return [ended[order.name] for order in orders]

    def orders(self, ordered: Sequence[tuple[int, str, Mapping[str, str]]]) -> list[Order]:
        """Return the orders of so many launches of each product, by its title, with these parameters."""
        offered = catalog.products(self.lead)
        each_once = [(title, own) for count, title, own in ordered for _ in range(count)]
        return [
            catalog.order(catalog.find(offered, title), f"{LAUNCHED}{number:02d}", {**launch.PEOPLE, **own})
            for number, (title, own) in enumerate(each_once)
        ]

    def waits_for_github(self) -> bool:
        """Return whether the template cloner's log says that it waits for GitHub's limits."""
        return self.logged("template-cloner", "waiting for GitHub")

    def logged(self, function: str, text: str) -> bool:
        """Return whether the log of a function of dev has a text."""
        group = f"/aws/lambda/{UNIT}-dev-{function}"
        found = self.root("dev", "logs").filter_log_events(logGroupName=group, filterPattern=f'"{text}"')
        return bool(found["events"])

    def awaiting_approvals(self) -> list[str]:
        """Return the names of the parameters by which projects are found whose approvals deploy."""
        pages = self.root("dev", "ssm").get_paginator("get_parameters_by_path")
        path = f"/mlops/{UNIT}/dev/projects/"
        listed = [each["Name"] for page in pages.paginate(Path=path, Recursive=True) for each in page["Parameters"]]
        return [name for name in listed if re.fullmatch(rf"{path}p-[a-z0-9]{{12}}", name)]

    def sweep(self) -> Any:
        """Run the deployment trigger's sweep for lost events, and return its answer."""
        functions = self.root("dev", "lambda")

        def answered() -> Any:
            try:
                return functions.invoke(FunctionName=f"{UNIT}-dev-deployment-trigger", Payload=b'{"sweep": true}')
            except functions.exceptions.TooManyRequestsException:
                # The platform's own sweeps are under way.
                return None

        return json.load(wait_until(answered, "capacity for a sweep", pause=1)["Payload"])

    def requests_of_platform(self) -> list[dict[str, Any]]:
        """Return the requests with the platform's token that GitHub answered, oldest first."""
        found = http_client.call(self.servers, "GET", f"{self.servers.github.url}/_sandbox/requests", {})
        return [each for each in found if isinstance(each, dict) and each["login"] == CLONER.login]

    def shared(self) -> dict[str, Any]:
        """Return everything with a limited size that all projects share, by accounts: policies, rules and their targets."""
        return {environment: dict(self._shared_of(environment)) for environment in ENVIRONMENTS}

    def _shared_of(self, environment: str) -> Iterator[tuple[str, Any]]:
        functions, events = self.root(environment, "lambda"), self.root(environment, "events")
        for page in functions.get_paginator("list_functions").paginate():
            for name in (each["FunctionName"] for each in page["Functions"]):
                yield (
                    f"policy of function {name}",
                    _unless_missing(lambda name=name: functions.get_policy(FunctionName=name)["Policy"]),
                )
        for rule in events.list_rules()["Rules"]:
            yield f"rule {rule['Name']}", len(events.list_targets_by_rule(Rule=rule["Name"])["Targets"])
        iam = self.root(environment, "iam")
        for role in self.roles(environment):
            if not _of_project(role):
                for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
                    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
                    yield f"policy {policy} of role {role}", json.dumps(document)
        keys = self.root(environment, "kms")
        for page in keys.get_paginator("list_keys").paginate():
            for key in (each["KeyId"] for each in page["Keys"]):
                yield f"policy of key {key}", keys.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        storage = self.root(environment, "s3")
        for bucket in (each["Name"] for each in storage.list_buckets()["Buckets"]):
            if not _of_project(bucket):
                yield (
                    f"policy of bucket {bucket}",
                    _unless_missing(lambda bucket=bucket: storage.get_bucket_policy(Bucket=bucket)["Policy"]),
                )

    def _seeder(self) -> boto3.Session:
        """Return a session of an administrator of dev, as whom the seeded projects are made."""
        iam, role = self.root("dev", "iam"), "seeder"
        arn = f"arn:aws:iam::{ACCOUNTS['dev']}:role/{role}"
        if role not in self.roles("dev"):
            principal = {"AWS": f"arn:aws:iam::{ACCOUNTS['dev']}:root"}
            trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            document = {"Version": "2012-10-17", "Statement": [trust]}
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(document))
            everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            document = {"Version": "2012-10-17", "Statement": [everything]}
            iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=json.dumps(document))
        taken = self.root("dev", "sts").assume_role(RoleArn=arn, RoleSessionName="seeder")["Credentials"]
        return boto3.Session(
            aws_access_key_id=taken["AccessKeyId"],
            aws_secret_access_key=taken["SecretAccessKey"],
            aws_session_token=taken["SessionToken"],
            region_name=REGION,
        )

    def _seeded_product(self) -> str:
        """Return the id of a product that makes what a seeded project has in dev."""
        offers, bucket = self.root("dev", "servicecatalog"), f"seeded-{ACCOUNTS['dev']}"
        storage = self.root("dev", "s3")
        storage.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        storage.put_object(Bucket=bucket, Key="project.json", Body=json.dumps(_PROJECT).encode())
        product = offers.create_product(
            Name="Seeded project",
            Owner="tests",
            ProductType="CLOUD_FORMATION_TEMPLATE",
            ProvisioningArtifactParameters={
                "Name": "1",
                "Type": "CLOUD_FORMATION_TEMPLATE",
                "Info": {"LoadTemplateFromURL": f"https://{bucket}.s3.{REGION}.amazonaws.com/project.json"},
            },
        )["ProductViewDetail"]["ProductViewSummary"]["ProductId"]
        portfolio = offers.create_portfolio(DisplayName="Seeded", ProviderName="tests")["PortfolioDetail"]["Id"]
        offers.associate_product_with_portfolio(ProductId=product, PortfolioId=portfolio)
        offers.associate_principal_with_portfolio(
            PortfolioId=portfolio, PrincipalARN=f"arn:aws:iam::{ACCOUNTS['dev']}:role/seeder", PrincipalType="IAM"
        )
        return str(product)

    def _seed_account(self, environment: str, count: int) -> None:
        """Give so many projects roles, an alias and a group of schedules in an account, as its own stacks would."""
        lambda_, iam = self.root(environment, "lambda"), self.root(environment, "iam")
        scheduler: Any = self.root(environment, "scheduler")
        own, number = f"{UNIT}-{environment}", ACCOUNTS[environment]
        principal = {"AWS": f"arn:aws:iam::{number}:root"}
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        for each in range(count):
            project = f"p-seeded{each:06d}"
            for purpose in ("deployment", "model"):
                iam.create_role(RoleName=f"{own}-{project}-{purpose}", AssumeRolePolicyDocument=document)
            function = f"{own}-model-release"
            lambda_.create_alias(FunctionName=function, Name=project, FunctionVersion="$LATEST")
            scheduler.create_schedule_group(Name=f"{own}-{project}-watch")

    def _seed_repository(self, number: int) -> None:
        """Create a repository as one of the organization's members, each of whom has limits of their own."""
        people = (PLATFORM_ENGINEER, COLLEAGUE, LEAD_DATA_SCIENTIST, DATA_SCIENTIST, RELEASE_MANAGER)
        member = Member(self.servers, people[number % len(people)])
        name = f"mlops-{SEEDED}{number:03d}-p-seeded{number:06d}-model-training"
        member.send("POST", f"/orgs/{ORGANIZATION.login}/repos", {"name": name, "private": True})


def _of_project(name: str) -> bool:
    return re.search(r"-p-[a-z0-9]{12}\b", name) is not None


def _unless_missing(read: Any) -> str | None:
    try:
        return str(read())
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in ("NoSuchBucketPolicy", "ResourceNotFoundException"):
            raise
        return None
