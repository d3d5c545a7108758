"""`python -m tests.e2e.security_probes.platform` tries, in a sandbox where the demo has run, what nobody may do, and tells what worked.

It works as each party would, with the credentials that the party really gets: people those of their Studio profile,
workflows those that AWS gives for their token. The roles that only services assume are assumed by the account's root,
for whom their trust is opened for a moment; what they may do does not change by that.
"""

import contextlib
import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox import environments, identities, login, servers, stacks
from sandbox.organization import ORGANIZATION, PROJECT
from sandbox.servers import Servers
from sandbox.stacks import StackFile

PLATFORM = f"{ORGANIZATION.login}/mlops-platform"
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
FOREIGN_BOUNDARY = "arn:aws:iam::aws:policy/AdministratorAccess"
REFUSALS = ("AccessDenied", "AccessDeniedException", "InvalidIdentityToken", "UnauthorizedOperation")
ANOTHER_PROJECT = "p-000000000000"

Call = Callable[[], object]
Attempt = tuple[str, Call]
"""What is tried, and how."""
Client = Callable[[str], Any]
"""Makes a party's client of a service."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the attempts are about."""

    found: Servers
    dev: StackFile
    project_id: str
    subnets: list[str]
    public_subnets: list[str]
    security_group: str
    secret: str
    data_key: str
    state_key: str
    foreign_key: str

    def role(self, name: str) -> str:
        return f"arn:aws:iam::{self.dev.account_id}:role/{self.dev.prefix}-{name}"

    def bucket(self, purpose: str) -> str:
        return f"{self.dev.prefix}-{purpose}-{self.dev.account_id}-{self.dev.region}"

    @property
    def boundary(self) -> str:
        return f"arn:aws:iam::{self.dev.account_id}:policy/{self.dev.prefix}-boundary"

    @property
    def group(self) -> str:
        return f"{PROJECT}-{self.project_id}"

    @property
    def package(self) -> str:
        return f"arn:aws:sagemaker:{self.dev.region}:{self.dev.account_id}:model-package/{self.group}/1"


def main() -> int:
    """Try everything; 1 if anything worked."""
    found = servers.require()
    environments.enter(found.aws.url, found.trust)
    dev = stacks.write("dev", found)
    root = _clients(identities.root(dev.account_id), dev.region)
    place = _place(found, dev, root)
    workflow, preview, drift = (
        _take(place, place.role(role), **job)
        for role, job in (
            (f"{place.project_id}-workflow", {"repository": _repository(place), "environment": "dev"}),
            ("preview", {"repository": PLATFORM, "event": "pull_request"}),
            ("drift", {"repository": PLATFORM}),
        )
    )
    domain = login.output(dev, login.deployer(found, dev), "studioDomainId")
    people = {
        name: _clients(identities.studio(found, dev, domain=domain, profile=name), dev.region)
        for name in ("ada", "grace")
    }
    deploy = _clients(identities.deploy(found, dev), dev.region)
    actors: list[tuple[str, Iterator[Attempt]]] = [
        *((name, _by_people(place, client, "lead-" * (name == "grace"))) for name, client in people.items()),
        ("ada", _by_data_scientists(place, people["ada"])),
        ("pipeline", _by_projects(place, _become(place, root, f"{place.project_id}-pipeline"))),
        ("workflow", _by_projects(place, workflow)),
        ("launch", _by_a_launch(place, _become(place, root, "project-launch"))),
        ("cloner", _by_the_cloner(place, _become(place, root, "template-cloner"))),
        ("preview", _by_readers(place, preview)),
        ("drift", _by_readers(place, drift)),
        ("deploy", _by_deployments(place, deploy)),
        ("a stranger's job", _by_jobs(place)),
    ]
    refused = 0
    worked: list[str] = []
    for who, attempts in actors:
        for what, call in attempts:
            outcome = outcome_of(call)
            refused += outcome is None
            if outcome is not None:
                worked.append(f"{who}: {what}: {outcome}")
    sys.stdout.write("".join(f"{line}\n" for line in [*worked, f"{refused} attempts were refused."]))
    return 1 if worked else 0


def outcome_of(call: Call, refusals: Collection[str] = REFUSALS) -> str | None:
    """What came of an attempt, unless it was refused."""
    try:
        answer = call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        return None if code in refusals else str(error)
    return f"worked: {answer}"


def _by_people(place: Place, client: Client, lead: str) -> Iterator[Attempt]:
    """What neither data scientists nor leads may do."""
    own = place.role(f"{lead}data-scientist")
    network = {"Subnets": place.subnets, "SecurityGroupIds": [place.security_group]}
    others = ("deploy", "preview", "drift", "project-launch", "template-cloner", f"{place.project_id}-pipeline")
    for other in (*others, f"{place.project_id}-workflow", "data-scientist" if lead else "lead-data-scientist"):
        yield f"a job under {other}", _training(client, place.role(other), network)
    yield "a job without a network", _training(client, own, None)
    public = {**network, "Subnets": [place.subnets[0], place.public_subnets[0]]}
    yield "a job in a public subnet", _training(client, own, public)
    sagemaker, s3, iam, kms = (client(service) for service in ("sagemaker", "s3", "iam", "kms"))
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
    yield (
        "a processing job without a network",
        lambda: sagemaker.create_processing_job(
            ProcessingJobName="attack",
            ProcessingResources={"ClusterConfig": cluster},
            AppSpecification={"ImageUri": IMAGE},
            RoleArn=own,
        ),
    )
    container = {"Image": IMAGE}
    yield (
        "a model without a network",
        lambda: sagemaker.create_model(ModelName="attack", ExecutionRoleArn=own, PrimaryContainer=container),
    )
    yield (
        "a package that is approved at once",
        lambda: sagemaker.create_model_package(ModelPackageGroupName=place.group, ModelApprovalStatus="Approved"),
    )
    yield (
        "another role for a profile",
        lambda: sagemaker.update_user_profile(
            DomainId="d-000000000000", UserProfileName="ada", UserSettings={"ExecutionRole": own}
        ),
    )
    yield from _on_secrets_and_state(place, client)
    yield from _on_the_function(place, client)
    yield "code of a project", lambda: s3.put_object(Bucket=_project_bucket(place), Key="code/x.py", Body=b"")
    yield "a template", lambda: s3.put_object(Bucket=place.bucket("catalog"), Key="project-templates/x.yaml", Body=b"")
    yield "a bucket's policy", lambda: s3.put_bucket_policy(Bucket=place.bucket("data"), Policy=EVERYTHING)
    yield "who reached the data", lambda: s3.list_objects_v2(Bucket=place.bucket("access-logs"))
    yield (
        "a policy of their own",
        lambda: iam.put_role_policy(RoleName=own.partition("/")[2], PolicyName="x", PolicyDocument=EVERYTHING),
    )
    for purpose in ("secrets", "state"):
        yield (
            f"the key of {purpose}",
            lambda purpose=purpose: kms.generate_data_key(
                KeyId=f"alias/{place.dev.prefix}-{purpose}", KeySpec="AES_256"
            ),
        )
    yield (
        "a stack under the launch role",
        lambda: client("cloudformation").create_stack(
            StackName="attack", TemplateBody="{}", RoleARN=place.role("project-launch")
        ),
    )


def _by_data_scientists(place: Place, client: Client) -> Iterator[Attempt]:
    """What leads may do."""
    sagemaker, catalog = client("sagemaker"), client("servicecatalog")
    product = {"ProductId": "prod-abcdefghijklm", "ProvisioningArtifactId": "pa-abcdefghijklm"}
    yield (
        "approving",
        lambda: sagemaker.update_model_package(ModelPackageArn=place.package, ModelApprovalStatus="Approved"),
    )
    yield (
        "launching",
        lambda: sagemaker.create_project(ProjectName="attack", ServiceCatalogProvisioningDetails=product),
    )
    yield "deleting a project", lambda: sagemaker.delete_project(ProjectName=PROJECT)
    yield "provisioning", lambda: catalog.provision_product(**product, ProvisionedProductName="attack")


def _by_projects(place: Place, client: Client) -> Iterator[Attempt]:
    """What the roles of a launched project may not do."""
    sagemaker, s3 = client("sagemaker"), client("s3")
    network = {"Subnets": place.subnets, "SecurityGroupIds": [place.security_group]}
    yield (
        "approving its own model",
        lambda: sagemaker.update_model_package(ModelPackageArn=place.package, ModelApprovalStatus="Approved"),
    )
    statuses: list[Mapping[str, str]] = [{"ModelApprovalStatus": "Approved"}, {}]
    for status in statuses:
        yield (
            f"registering with {status}",
            lambda status=status: sagemaker.create_model_package(ModelPackageGroupName=place.group, **status),
        )
    yield (
        "registering in another group",
        lambda: sagemaker.create_model_package(
            ModelPackageGroupName=f"other-{ANOTHER_PROJECT}", ModelApprovalStatus="PendingManualApproval"
        ),
    )
    for bucket in ("data", "catalog", ANOTHER_PROJECT):
        yield f"the bucket {bucket}", lambda bucket=bucket: s3.get_object(Bucket=place.bucket(bucket), Key="x")
    yield "its bucket's policy", lambda: s3.put_bucket_policy(Bucket=_project_bucket(place), Policy=EVERYTHING)
    yield "its bucket's objects", lambda: s3.delete_object(Bucket=_project_bucket(place), Key="x")
    yield "the key itself", lambda: client("kms").generate_data_key(KeyId=place.data_key, KeySpec="AES_256")
    yield from _on_secrets_and_state(place, client)
    yield from _on_the_function(place, client)
    for other in ("deploy", "project-launch", "lead-data-scientist", "template-cloner"):
        yield f"a job under {other}", _training(client, place.role(other), network, "pipelines-attack")
    yield (
        "a job without a network",
        _training(client, place.role(f"{place.project_id}-pipeline"), None, "pipelines-attack"),
    )
    yield (
        "another project's pipeline",
        lambda: sagemaker.update_pipeline(PipelineName=f"other-{ANOTHER_PROJECT}", PipelineDefinition="{}"),
    )
    yield (
        "its pipeline under another role",
        lambda: sagemaker.update_pipeline(PipelineName=place.group, RoleArn=place.role("lead-data-scientist")),
    )
    yield "its models' end", lambda: sagemaker.delete_model_package(ModelPackageName=place.package)


def _by_a_launch(place: Place, client: Client) -> Iterator[Attempt]:
    """What a launch may not do."""
    iam, s3 = client("iam"), client("s3")
    prefix = place.dev.prefix
    trust = _trust({"Service": "sagemaker.amazonaws.com"})
    own = f"{prefix}-{place.project_id}-pipeline"
    for name, arguments in (
        (f"{prefix}-p-attack", {}),
        (f"{prefix}-p-attack", {"PermissionsBoundary": FOREIGN_BOUNDARY}),
        (f"{prefix}-p-attack", {"PermissionsBoundary": place.boundary, "Path": "/elsewhere/"}),
        (f"{prefix}-attack", {"PermissionsBoundary": place.boundary}),
        ("attack", {"PermissionsBoundary": place.boundary}),
    ):
        yield (
            f"the role {name} {arguments}",
            lambda name=name, arguments=arguments: iam.create_role(
                RoleName=name, AssumeRolePolicyDocument=trust, **arguments
            ),
        )
    for role in ("deploy", "preview", "data-scientist", "lead-data-scientist", "project-launch"):
        yield from _on_role(iam, f"{prefix}-{role}")
    yield (
        "a managed policy for a project",
        lambda: iam.attach_role_policy(RoleName=own, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    )
    yield "a project without a boundary", lambda: iam.delete_role_permissions_boundary(RoleName=own)
    yield (
        "the boundary itself",
        lambda: iam.create_policy_version(PolicyArn=place.boundary, PolicyDocument=EVERYTHING, SetAsDefault=True),
    )
    yield "shared data's policy", lambda: s3.put_bucket_policy(Bucket=place.bucket("data"), Policy=EVERYTHING)
    yield "a project's data", lambda: s3.get_object(Bucket=_project_bucket(place), Key="x")
    yield from _on_secrets_and_state(place, client)
    yield (
        "the bootstrap's stack",
        lambda: client("cloudformation").delete_stack(StackName=f"{prefix}-bootstrap"),
    )


def _by_the_cloner(place: Place, client: Client) -> Iterator[Attempt]:
    """What the template cloner, which holds GitHub's credential, does not need."""
    secrets, ssm = client("secretsmanager"), client("ssm")
    name = f"/mlops/{place.dev.unit}/{place.dev.environment}/access/boundary-arn"
    yield "another secret", lambda: secrets.get_secret_value(SecretId="another")
    yield "another credential", lambda: secrets.put_secret_value(SecretId=place.secret, SecretString="x")
    yield "a parameter", lambda: ssm.get_parameter(Name=name)
    yield "another parameter", lambda: ssm.put_parameter(Name=name, Value="x", Overwrite=True)
    yield "data", lambda: client("s3").get_object(Bucket=place.bucket("data"), Key="x")
    yield "the key of data", lambda: client("kms").generate_data_key(KeyId=place.data_key, KeySpec="AES_256")
    yield "its own code", lambda: client("lambda").update_function_code(FunctionName=_function(place), ZipFile=b"x")
    yield (
        "a project's stack",
        lambda: client("cloudformation").delete_stack(StackName=f"SC-{place.dev.account_id}-pp-x"),
    )


def _by_readers(place: Place, client: Client) -> Iterator[Attempt]:
    """What roles that only look may not do."""
    s3, iam = client("s3"), client("iam")
    state = place.bucket("state")
    for key in ("stacks/mlops-platform/dev.json.gz", "locks/organization/mlops-platform/dev/x.json"):
        yield f"writing {key}", lambda key=key: s3.put_object(Bucket=state, Key=f".pulumi/{key}", Body=b"")
        yield f"deleting {key}", lambda key=key: s3.delete_object(Bucket=state, Key=f".pulumi/{key}")
    yield "a project's state", lambda: s3.get_object(Bucket=state, Key=".pulumi/stacks/another/dev.json.gz")
    yield "encrypting", lambda: client("kms").encrypt(KeyId=place.state_key, Plaintext=b"x")
    yield "a secret", lambda: client("secretsmanager").get_secret_value(SecretId=place.secret)
    yield (
        "a role",
        lambda: iam.create_role(
            RoleName=f"{place.dev.prefix}-attack",
            AssumeRolePolicyDocument=_trust({"Service": "lambda.amazonaws.com"}),
            PermissionsBoundary=place.boundary,
        ),
    )
    yield "a network", lambda: client("ec2").create_vpc(CidrBlock="10.99.0.0/16")
    yield "a project's data", lambda: s3.get_object(Bucket=_project_bucket(place), Key="x")


def _by_deployments(place: Place, client: Client) -> Iterator[Attempt]:
    """What even the role that deploys may not do."""
    iam, s3, kms = client("iam"), client("s3"), client("kms")
    prefix, state = place.dev.prefix, place.bucket("state")
    trust = _trust({"Service": "lambda.amazonaws.com"})
    for role in ("deploy", "preview"):
        yield from _on_role(iam, f"{prefix}-{role}")
    for name, arguments in ((f"{prefix}-attack", {}), ("attack", {"PermissionsBoundary": place.boundary})):
        yield (
            f"the role {name} {arguments}",
            lambda name=name, arguments=arguments: iam.create_role(
                RoleName=name, AssumeRolePolicyDocument=trust, **arguments
            ),
        )
    for policy in ("boundary", "deploy-boundary", "deploy-network"):
        yield (
            f"the policy {policy}",
            lambda policy=policy: iam.create_policy_version(
                PolicyArn=f"arn:aws:iam::{place.dev.account_id}:policy/{prefix}-{policy}",
                PolicyDocument=EVERYTHING,
                SetAsDefault=True,
            ),
        )
    yield "another identity provider", lambda: iam.create_open_id_connect_provider(Url="https://example.com")
    yield (
        "its own bootstrap",
        lambda: client("cloudformation").delete_stack(StackName=f"{prefix}-bootstrap"),
    )
    yield "the state's policy", lambda: s3.delete_bucket_policy(Bucket=state)
    yield (
        "the state's versions",
        lambda: s3.put_bucket_versioning(Bucket=state, VersioningConfiguration={"Status": "Suspended"}),
    )
    yield "the state's bucket", lambda: s3.delete_bucket(Bucket=state)
    yield "a project's state", lambda: s3.put_object(Bucket=state, Key=".pulumi/stacks/another/x.json", Body=b"")
    for key in (place.state_key, place.foreign_key):
        yield "a key's policy", lambda key=key: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=EVERYTHING)
        yield "a key's end", lambda key=key: kms.schedule_key_deletion(KeyId=key)
        yield "a key's alias", lambda key=key: kms.create_alias(AliasName=f"alias/{prefix}-attack", TargetKeyId=key)
    yield "the key of data", lambda: kms.generate_data_key(KeyId=place.data_key, KeySpec="AES_256")
    yield "a secret", lambda: client("secretsmanager").get_secret_value(SecretId=place.secret)
    yield "people's data", lambda: s3.get_object(Bucket=place.bucket("data"), Key="x")
    yield "a job", _training(client, place.role("lead-data-scientist"), None)
    yield (
        "approving",
        lambda: client("sagemaker").update_model_package(ModelPackageArn=place.package, ModelApprovalStatus="Approved"),
    )


def _by_jobs(place: Place) -> Iterator[Attempt]:
    """Which jobs take no role, or not that one."""
    project, workflow = _repository(place), f"{place.project_id}-workflow"
    template = f"{ORGANIZATION.login}/mlops-template-model-training"
    jobs: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("deploy", PLATFORM, {"environment": "preprod"}),
        ("deploy", PLATFORM, {}),
        ("deploy", PLATFORM, {"ref": "refs/heads/dev"}),
        ("deploy", PLATFORM, {"event": "pull_request"}),
        ("deploy", project, {"environment": "dev"}),
        ("deploy", template, {"environment": "dev"}),
        ("preview", PLATFORM, {}),
        ("preview", project, {"event": "pull_request"}),
        ("drift", PLATFORM, {"ref": "refs/heads/elsewhere"}),
        ("drift", project, {}),
        (workflow, project, {}),
        (workflow, project, {"event": "pull_request"}),
        (workflow, project, {"environment": "prod"}),
        (workflow, project, {"environment": "dev", "audience": "https://example.com"}),
        (workflow, PLATFORM, {"environment": "dev"}),
        (workflow, template, {"environment": "dev"}),
        (f"{place.project_id}-pipeline", project, {"environment": "dev"}),
        ("project-launch", project, {"environment": "dev"}),
    )
    for role, repository, job in jobs:
        yield (
            f"{role} for {repository} {job}",
            lambda role=role, repository=repository, job=job: _take(
                place, place.role(role), repository=repository, **job
            ),
        )


def _on_secrets_and_state(place: Place, client: Client) -> Iterator[Attempt]:
    secrets, ssm, s3 = client("secretsmanager"), client("ssm"), client("s3")
    name = f"/mlops/{place.dev.unit}/{place.dev.environment}/projects/template-cloner-arn"
    yield "reading the credential", lambda: secrets.get_secret_value(SecretId=place.secret)
    yield "replacing the credential", lambda: secrets.put_secret_value(SecretId=place.secret, SecretString="x")
    yield "replacing a parameter", lambda: ssm.put_parameter(Name=name, Value="x", Overwrite=True)
    yield "reading the state", lambda: s3.get_object(Bucket=place.bucket("state"), Key=".pulumi/meta.yaml")


def _on_the_function(place: Place, client: Client) -> Iterator[Attempt]:
    functions = client("lambda")
    yield "its code", lambda: functions.update_function_code(FunctionName=_function(place), ZipFile=b"x")
    yield "its settings", lambda: functions.update_function_configuration(FunctionName=_function(place), Timeout=1)
    yield "calling it", lambda: functions.invoke(FunctionName=_function(place), Payload=b"{}")


def _on_role(iam: Any, role: str) -> Iterator[Attempt]:
    trust = _trust({"Service": "lambda.amazonaws.com"})
    yield (
        f"attaching to {role}",
        lambda: iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    )
    yield (
        f"granting to {role}",
        lambda: iam.put_role_policy(RoleName=role, PolicyName="x", PolicyDocument=EVERYTHING),
    )
    yield f"the trust of {role}", lambda: iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    yield f"the boundary of {role}", lambda: iam.delete_role_permissions_boundary(RoleName=role)
    yield f"the end of {role}", lambda: iam.delete_role(RoleName=role)


def _training(client: Client, role: str, network: Mapping[str, list[str]] | None, name: str = "attack") -> Call:
    within = {"VpcConfig": network} if network else {}
    return lambda: client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=role,
        OutputDataConfig={"S3OutputPath": "s3://attack/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        **within,
    )


def _place(found: Servers, dev: StackFile, root: Client) -> Place:
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
    return Place(
        found=found,
        dev=dev,
        project_id=root("sagemaker").describe_project(ProjectName=PROJECT)["ProjectId"],
        subnets=private,
        public_subnets=[subnet for subnet in subnets if subnet not in private],
        security_group=parameter("network/workload-security-group-id"),
        secret=parameter("github/credential-secret-arn"),
        data_key=parameter("encryption/data-key-arn"),
        state_key=kms.describe_key(KeyId=f"alias/{dev.prefix}-state")["KeyMetadata"]["KeyId"],
        foreign_key=kms.create_key(Description="Another unit's", Tags=theirs)["KeyMetadata"]["KeyId"],
    )


def _take(place: Place, role: str, *, repository: str, **job: str) -> Client:
    """Become a role with the token of a job."""
    token = identities.job_token(place.found, repository, **job)
    sts: Any = boto3.client("sts", region_name=place.dev.region, config=Config(signature_version=UNSIGNED))
    taken = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="attack", WebIdentityToken=token)
    return _session(taken["Credentials"], place.dev.region)


def _become(place: Place, root: Client, role: str) -> Client:
    """Become a role that only a service assumes."""
    iam = root("iam")
    name = f"{place.dev.prefix}-{role}"
    trusted = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    opened = _trust({"AWS": f"arn:aws:iam::{place.dev.account_id}:root"})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=opened)
    try:
        taken = root("sts").assume_role(RoleArn=place.role(role), RoleSessionName="attack")
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusted))
    return _session(taken["Credentials"], place.dev.region)


def _session(credentials: Mapping[str, str], region: str) -> Client:
    return _clients(
        {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        },
        region,
    )


def _clients(identity: Mapping[str, str], region: str) -> Client:
    session = boto3.Session(
        aws_access_key_id=identity["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=identity["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=identity.get("AWS_SESSION_TOKEN"),
        region_name=region,
    )
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            # Some attempts leave out what they would need if they were allowed.
            unchecked = Config(retries={"max_attempts": 1}, parameter_validation=False)
            made[service] = session.client(service, config=unchecked)  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownMemberType]
        return made[service]

    return client


def _trust(principal: Mapping[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _repository(place: Place) -> str:
    return f"{ORGANIZATION.login}/mlops-{PROJECT}-{place.project_id}-model-training"


def _project_bucket(place: Place) -> str:
    return place.bucket(place.project_id)


def _function(place: Place) -> str:
    return f"{place.dev.prefix}-template-cloner"


if __name__ == "__main__":
    sys.exit(main())
