"""The resources that probes try to reach in dev, of the platform, of a project, and of others."""

import contextlib
from dataclasses import dataclass

from sandbox.organization import ORGANIZATION, PROJECT
from sandbox.servers import Servers
from sandbox.stacks import StackFile
from tests.e2e.security_probes.probe import ANOTHER_PROJECT, Client


@dataclass(frozen=True, kw_only=True)
class Target:
    """The resources that the probes try to reach."""

    found: Servers
    dev: StackFile
    project_id: str
    launch_stack: str
    """Name of the project's stack."""
    subnets: list[str]
    public_subnets: list[str]
    security_group: str
    secret: str
    data_key: str
    state_key: str
    foreign_key: str
    untagged_key: str
    untagged_network: str

    def role(self, name: str) -> str:
        return f"arn:aws:iam::{self.dev.account_id}:role/{self.dev.prefix}-{name}"

    def bucket(self, purpose: str) -> str:
        return f"{self.dev.prefix}-{purpose}-{self.dev.account_id}-{self.dev.region}"

    @property
    def repository(self) -> str:
        return f"{ORGANIZATION.login}/mlops-{PROJECT}-{self.project_id}-model-training"

    @property
    def project_bucket(self) -> str:
        return self.bucket(self.project_id)

    @property
    def function(self) -> str:
        return f"{self.dev.prefix}-template-cloner"

    @property
    def boundary(self) -> str:
        return f"arn:aws:iam::{self.dev.account_id}:policy/{self.dev.prefix}-boundary"

    @property
    def group(self) -> str:
        return f"{PROJECT}-{self.project_id}"

    @property
    def package(self) -> str:
        return f"arn:aws:sagemaker:{self.dev.region}:{self.dev.account_id}:model-package/{self.group}/1"


def find_target(found: Servers, dev: StackFile, root: Client) -> Target:
    """Look up the resources to reach, and create what belongs to another project, to another unit, and to nobody."""
    ssm, ec2, kms, s3 = root("ssm"), root("ec2"), root("kms"), root("s3")

    def parameter(name: str) -> str:
        return ssm.get_parameter(Name=f"/mlops/{dev.unit}/{dev.environment}/{name}")["Parameter"]["Value"]

    private = parameter("network/private-subnet-ids").split(",")
    network = [{"Name": "vpc-id", "Values": [parameter("network/vpc-id")]}]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets(Filters=network)["Subnets"]]
    theirs = [{"TagKey": "unit", "TagValue": "retail"}, {"TagKey": "environment", "TagValue": dev.environment}]
    bucket = f"{dev.prefix}-{ANOTHER_PROJECT}-{dev.account_id}-{dev.region}"
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": dev.region})
    s3.put_object(Bucket=bucket, Key="x", Body=b"theirs")
    project = root("sagemaker").describe_project(ProjectName=PROJECT)
    product = project["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    return Target(
        found=found,
        dev=dev,
        project_id=project["ProjectId"],
        launch_stack=f"SC-{dev.account_id}-{product}",
        subnets=private,
        public_subnets=[subnet for subnet in subnets if subnet not in private],
        security_group=parameter("network/workload-security-group-id"),
        secret=parameter("github/credential-secret-arn"),
        data_key=parameter("encryption/data-key-arn"),
        state_key=kms.describe_key(KeyId=f"alias/{dev.prefix}-state")["KeyMetadata"]["KeyId"],
        foreign_key=kms.create_key(Description="Another unit's", Tags=theirs)["KeyMetadata"]["KeyId"],
        untagged_key=kms.create_key(Description="Nobody's")["KeyMetadata"]["KeyId"],
        untagged_network=ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"],
    )
