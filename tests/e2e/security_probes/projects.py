"""Probes as the roles of a launched project, of a launch, and of the template cloner."""

from collections.abc import Iterator, Mapping

from tests.e2e.security_probes import shared
from tests.e2e.security_probes.probe import ANOTHER_PROJECT, EVERYTHING, Client, Probe, trust_of
from tests.e2e.security_probes.target import Target

FOREIGN_BOUNDARY = "arn:aws:iam::aws:policy/AdministratorAccess"


def as_project(target: Target, client: Client) -> Iterator[Probe]:
    """Try what the roles of a launched project may not do."""
    yield from _registry(target, client)
    yield from _storage(target, client)
    yield from shared.secrets_and_state(target, client)
    yield from shared.cloner_function(target, client)
    yield from shared.deletion_protection(target, client)
    yield from _jobs_and_pipelines(target, client)
    yield "its models' end", lambda: client("sagemaker").delete_model_package(ModelPackageName=target.package)


def _registry(target: Target, client: Client) -> Iterator[Probe]:
    sagemaker = client("sagemaker")
    yield (
        "approving its own model",
        lambda: sagemaker.update_model_package(ModelPackageArn=target.package, ModelApprovalStatus="Approved"),
    )
    statuses: list[Mapping[str, str]] = [{"ModelApprovalStatus": "Approved"}, {}]
    for status in statuses:
        yield (
            f"registering with {status}",
            lambda status=status: sagemaker.create_model_package(ModelPackageGroupName=target.group, **status),
        )
    yield (
        "registering in another group",
        lambda: sagemaker.create_model_package(
            ModelPackageGroupName=f"other-{ANOTHER_PROJECT}", ModelApprovalStatus="PendingManualApproval"
        ),
    )


def _storage(target: Target, client: Client) -> Iterator[Probe]:
    s3 = client("s3")
    for bucket in ("data", "catalog", ANOTHER_PROJECT):
        yield f"the bucket {bucket}", lambda bucket=bucket: s3.get_object(Bucket=target.bucket(bucket), Key="x")
    yield "its bucket's policy", lambda: s3.put_bucket_policy(Bucket=target.project_bucket, Policy=EVERYTHING)
    yield "its bucket's objects", lambda: s3.delete_object(Bucket=target.project_bucket, Key="x")
    yield "its records", lambda: s3.put_object(Bucket=target.project_bucket, Key="features/x.parquet", Body=b"")
    yield "the key itself", lambda: client("kms").generate_data_key(KeyId=target.data_key, KeySpec="AES_256")


def _jobs_and_pipelines(target: Target, client: Client) -> Iterator[Probe]:
    sagemaker = client("sagemaker")
    network = {"Subnets": target.subnets, "SecurityGroupIds": [target.security_group]}
    for other in ("deploy", "project-launch", "lead-data-scientist", "template-cloner"):
        yield f"a job under {other}", shared.training(client, target.role(other), network, "pipelines-attack")
    yield (
        "a job without a network",
        shared.training(client, target.role(f"{target.project_id}-pipeline"), None, "pipelines-attack"),
    )
    own = {"sagemaker:project-id": target.project_id}
    role = target.role(f"{target.project_id}-job")
    yield (
        "a job that is not isolated",
        shared.training(client, role, network, "pipelines-attack", tags=own),
    )
    yield (
        "another project's pipeline",
        lambda: sagemaker.update_pipeline(PipelineName=f"other-{ANOTHER_PROJECT}", PipelineDefinition="{}"),
    )
    yield (
        "its pipeline under another role",
        lambda: sagemaker.update_pipeline(PipelineName=target.group, RoleArn=target.role("lead-data-scientist")),
    )


def as_pull_request(target: Target, client: Client) -> Iterator[Probe]:
    """Try what the roles of pull requests, which nobody has reviewed, may not do."""
    yield from _registry(target, client)
    yield from _storage(target, client)
    yield from shared.secrets_and_state(target, client)
    network = {"Subnets": target.subnets, "SecurityGroupIds": [target.security_group]}
    tags, role = {"sagemaker:project-id": target.project_id, "mlops:trial": "true"}, f"{target.project_id}-trial-job"
    for place in (network, None):
        yield (
            f"a job that is not isolated, in {place}",
            shared.training(client, target.role(role), place, "pipelines-attack", tags=tags),
        )


def as_launch(target: Target, client: Client) -> Iterator[Probe]:
    """Try what a launch may not do."""
    iam, s3 = client("iam"), client("s3")
    prefix = target.dev.prefix
    trust = trust_of({"Service": "sagemaker.amazonaws.com"})
    own = f"{prefix}-{target.project_id}-pipeline"
    for name, arguments in (
        (f"{prefix}-p-attack", dict[str, str]()),
        (f"{prefix}-p-attack", {"PermissionsBoundary": FOREIGN_BOUNDARY}),
        (f"{prefix}-p-attack", {"PermissionsBoundary": target.boundary, "Path": "/elsewhere/"}),
        (f"{prefix}-attack", {"PermissionsBoundary": target.boundary}),
        ("attack", {"PermissionsBoundary": target.boundary}),
    ):
        yield (
            f"the role {name} {arguments}",
            lambda name=name, arguments=arguments: iam.create_role(
                RoleName=name, AssumeRolePolicyDocument=trust, **arguments
            ),
        )
    for role in ("deploy", "preview", "data-scientist", "lead-data-scientist", "project-launch"):
        yield from shared.role(iam, f"{prefix}-{role}")
    yield (
        "a managed policy for a project",
        lambda: iam.attach_role_policy(RoleName=own, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    )
    yield "a project without a boundary", lambda: iam.delete_role_permissions_boundary(RoleName=own)
    yield (
        "the boundary itself",
        lambda: iam.create_policy_version(PolicyArn=target.boundary, PolicyDocument=EVERYTHING, SetAsDefault=True),
    )
    yield "shared data's policy", lambda: s3.put_bucket_policy(Bucket=target.bucket("data"), Policy=EVERYTHING)
    yield "a project's data", lambda: s3.get_object(Bucket=target.project_bucket, Key="x")
    yield from shared.secrets_and_state(target, client)
    yield from shared.deletion_protection(target, client)
    yield (
        "the bootstrap's stack",
        lambda: client("cloudformation").delete_stack(StackName=f"{prefix}-bootstrap"),
    )


def as_cloner(target: Target, client: Client) -> Iterator[Probe]:
    """Try what the template cloner, which holds GitHub's credential, does not need."""
    secrets, ssm = client("secretsmanager"), client("ssm")
    name = f"/mlops/{target.dev.unit}/{target.dev.environment}/access/boundary-arn"
    yield "another secret", lambda: secrets.get_secret_value(SecretId="another")
    yield "another credential", lambda: secrets.put_secret_value(SecretId=target.secret, SecretString="x")
    yield "a parameter", lambda: ssm.get_parameter(Name=name)
    yield "another parameter", lambda: ssm.put_parameter(Name=name, Value="x", Overwrite=True)
    yield "data", lambda: client("s3").get_object(Bucket=target.bucket("data"), Key="x")
    yield "the key of data", lambda: client("kms").generate_data_key(KeyId=target.data_key, KeySpec="AES_256")
    yield "its own code", lambda: client("lambda").update_function_code(FunctionName=target.function, ZipFile=b"x")
    yield from shared.deletion_protection(target, client, f"{target.dev.prefix}-bootstrap")
    yield (
        "a project's stack",
        lambda: client("cloudformation").delete_stack(StackName=f"SC-{target.dev.account_id}-pp-x"),
    )
