"""Probes as the platform's workflows, and as jobs that are not among them."""

from collections.abc import Iterator
from typing import Any

from sandbox.organization import ORGANIZATION
from sandbox.stacks import StackFile
from tests.e2e.security_probes import shared
from tests.e2e.security_probes.credentials import take_role
from tests.e2e.security_probes.probe import ANOTHER_PROJECT, EVERYTHING, PLATFORM, Client, Probe, trust_of
from tests.e2e.security_probes.target import Target


def as_reader(target: Target, client: Client) -> Iterator[Probe]:
    """Try what read-only roles may not do."""
    s3, iam = client("s3"), client("iam")
    state = target.bucket("state")
    for key in ("stacks/mlops-platform/dev.json.gz", "locks/organization/mlops-platform/dev/x.json"):
        yield f"writing {key}", lambda key=key: s3.put_object(Bucket=state, Key=f".pulumi/{key}", Body=b"")
        yield f"deleting {key}", lambda key=key: s3.delete_object(Bucket=state, Key=f".pulumi/{key}")
    yield "a project's state", lambda: s3.get_object(Bucket=state, Key=".pulumi/stacks/another/dev.json.gz")
    yield "encrypting", lambda: client("kms").encrypt(KeyId=target.state_key, Plaintext=b"x")
    yield "a secret", lambda: client("secretsmanager").get_secret_value(SecretId=target.secret)
    yield (
        "a role",
        lambda: iam.create_role(
            RoleName=f"{target.dev.prefix}-attack",
            AssumeRolePolicyDocument=trust_of({"Service": "lambda.amazonaws.com"}),
            PermissionsBoundary=target.boundary,
        ),
    )
    yield "a network", lambda: client("ec2").create_vpc(CidrBlock="10.99.0.0/16")
    yield "a project's data", lambda: s3.get_object(Bucket=target.project_bucket, Key="x")


def as_deployer(target: Target, client: Client) -> Iterator[Probe]:
    """Try what even the deploy role may not do."""
    yield from _roles_and_policies(target, client)
    yield from _state_and_keys(target, client)
    yield "a secret", lambda: client("secretsmanager").get_secret_value(SecretId=target.secret)
    yield "people's data", lambda: client("s3").get_object(Bucket=target.bucket("data"), Key="x")
    yield "a job", shared.training(client, target.role("lead-data-scientist"), None)
    yield from _approvals(target, client)
    yield from shared.launches(client)
    yield from _roles_that_others_trust(target, client)
    yield from _pipelines_and_evidence(target, client)
    kms, ec2 = client("kms"), client("ec2")
    yield "the end of a key without tags", lambda: kms.schedule_key_deletion(KeyId=target.untagged_key)
    yield "the end of a network without tags", lambda: ec2.delete_vpc(VpcId=target.untagged_network)


def as_deployer_of_models(stack: StackFile, client: Client) -> Iterator[Probe]:
    """Try to make the roles of another kind of account where models are deployed."""
    boundary = f"arn:aws:iam::{stack.account_id}:policy/{stack.prefix}-boundary"
    for purpose in ("lead-data-scientist", "template-cloner", "project-launch", f"{ANOTHER_PROJECT}-deployment"):
        yield _new_role(client("iam"), f"{stack.prefix}-{purpose}", PermissionsBoundary=boundary)
    yield from shared.launches(client)


def as_widened_role(target: Target, client: Client) -> Iterator[Probe]:
    """Try what a role may not do to which the deploy role gave every permission: its boundary stays."""
    yield from _approvals(target, client)
    yield from _pipelines_and_evidence(target, client)
    for purpose in ("data", "sagemaker"):
        file = {"Bucket": target.bucket(purpose), "Key": "leads/train.py"}
        yield f"a script of leads in {purpose}", lambda file=file: client("s3").put_object(**file, Body=b"")
        yield f"the end of a script of leads in {purpose}", lambda file=file: client("s3").delete_object(**file)
        yield f"the policy of {purpose}", lambda file=file: client("s3").delete_bucket_policy(Bucket=file["Bucket"])
    yield from shared.launches(client)
    yield "a secret", lambda: client("secretsmanager").get_secret_value(SecretId=target.secret)
    for function in ("deployment-trigger", "model-life-cycle", "template-cloner"):
        name = f"{target.dev.prefix}-{function}"
        yield f"calling {name}", lambda name=name: client("lambda").invoke(FunctionName=name, Payload=b"{}")
    network = {"Subnets": target.subnets, "SecurityGroupIds": [target.security_group]}
    for other in (
        "lead-data-scientist",
        *(f"{target.project_id}-{purpose}" for purpose in ("job", "pipeline", "workflow")),
    ):
        yield f"a job as {other}", shared.training(client, target.role(other), network)
    role = f"{target.dev.prefix}-{ANOTHER_PROJECT}-pipeline"
    yield _new_role(client("iam"), role, PermissionsBoundary=target.boundary)
    yield "a stack", lambda: client("cloudformation").create_stack(StackName="attack", TemplateBody="{}")
    yield from shared.role(client("iam"), f"{target.dev.prefix}-lead-data-scientist")
    yield from shared.role(client("iam"), f"{target.dev.prefix}-{target.project_id}-pipeline")


def _approvals(target: Target, client: Client) -> Iterator[Probe]:
    sagemaker = client("sagemaker")
    yield (
        "approving",
        lambda: sagemaker.update_model_package(ModelPackageArn=target.package, ModelApprovalStatus="Approved"),
    )
    yield (
        "registering",
        lambda: sagemaker.create_model_package(ModelPackageGroupName=target.group, ModelApprovalStatus="Approved"),
    )
    yield (
        "a lead's Studio",
        lambda: sagemaker.create_presigned_domain_url(DomainId="d-000000000000", UserProfileName="grace"),
    )
    yield (
        "a space of a lead",
        lambda: sagemaker.create_space(
            DomainId="d-000000000000",
            SpaceName="attack",
            OwnershipSettings={"OwnerUserProfileName": "grace"},
            SpaceSharingSettings={"SharingType": "Private"},
        ),
    )
    yield (
        "an app of a lead",
        lambda: sagemaker.create_app(
            DomainId="d-000000000000", SpaceName="grace", AppType="JupyterLab", AppName="default"
        ),
    )
    yield (
        "a session in a lead's space",
        lambda: sagemaker.start_session(ResourceIdentifier=f"{target.dev.prefix}-space"),
    )
    yield "an image for a lead's apps", lambda: sagemaker.create_image(ImageName="attack", RoleArn=target.role("job"))
    yield (
        "a script that starts with a lead's apps",
        lambda: sagemaker.create_studio_lifecycle_config(
            StudioLifecycleConfigName="attack",
            StudioLifecycleConfigContent="eA==",
            StudioLifecycleConfigAppType="JupyterLab",
        ),
    )


def _pipelines_and_evidence(target: Target, client: Client) -> Iterator[Probe]:
    """Have a project's pipeline do something else, and open, plant or delete what proves how a version was made."""
    sagemaker, s3, bucket = client("sagemaker"), client("s3"), {"Bucket": target.project_bucket}
    pipeline, group = {"PipelineName": target.group}, {"ModelPackageGroupName": target.group}
    yield "another definition", lambda: sagemaker.update_pipeline(**pipeline, PipelineDefinition="{}")
    yield "the end of a pipeline", lambda: sagemaker.delete_pipeline(**pipeline)
    yield "an execution", lambda: sagemaker.start_pipeline_execution(**pipeline)
    yield "a project's bucket's policy", lambda: s3.put_bucket_policy(**bucket, Policy=EVERYTHING)
    yield "no policy of a project's bucket", lambda: s3.delete_bucket_policy(**bucket)
    yield (
        "no versions in a project's bucket",
        lambda: s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Suspended"}),
    )
    for folder in ("approved", "code", "deployments", "executions"):
        key = f"{folder}/attack/model.tar.gz"
        yield f"planting {key}", lambda key=key: s3.put_object(**bucket, Key=key, Body=b"attack", IfNoneMatch="*")
        yield f"the end of a version of {key}", lambda key=key: s3.delete_object(**bucket, Key=key, VersionId="x")
    yield (
        "the policy of a group",
        lambda: sagemaker.put_model_package_group_policy(**group, ResourcePolicy=EVERYTHING),
    )
    yield "the end of a model", lambda: sagemaker.delete_model_package(ModelPackageName=target.package)


def _roles_that_others_trust(target: Target, client: Client) -> Iterator[Probe]:
    iam, trust = client("iam"), trust_of({"AWS": f"arn:aws:iam::{target.dev.account_id}:root"})
    people = ("lead-data-scientist", "data-scientist", "job")
    others = (
        "template-cloner",
        "deployment-trigger",
        "model-life-cycle",
        "project-launch",
        "drift",
        "flow-logs",
        "mlflow",
    )
    for name in (*people, *others, f"{target.project_id}-pipeline", f"{target.project_id}-workflow"):
        role = f"{target.dev.prefix}-{name}"
        yield (
            f"the trust of {name}",
            lambda role=role: iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust),
        )
        yield f"the end of {name}", lambda role=role: iam.delete_role(RoleName=role)
    for name in (f"{target.project_id}-pipeline", f"{target.project_id}-workflow"):
        role = f"{target.dev.prefix}-{name}"
        yield (
            f"granting to {name}",
            lambda role=role: iam.put_role_policy(RoleName=role, PolicyName="x", PolicyDocument=EVERYTHING),
        )


def _roles_and_policies(target: Target, client: Client) -> Iterator[Probe]:
    iam, prefix = client("iam"), target.dev.prefix
    for role in ("deploy", "preview"):
        yield from shared.role(iam, f"{prefix}-{role}")
    yield _new_role(iam, f"{prefix}-attack")
    of_other_environments = ("model-release", "project-onboarding", "project-roles", f"{ANOTHER_PROJECT}-pipeline")
    for name in ("attack", *(f"{prefix}-{purpose}" for purpose in ("attack", *of_other_environments))):
        yield _new_role(iam, name, PermissionsBoundary=target.boundary)
    for policy in ("boundary", "deploy-boundary", "deploy-network"):
        yield (
            f"the policy {policy}",
            lambda policy=policy: iam.create_policy_version(
                PolicyArn=f"arn:aws:iam::{target.dev.account_id}:policy/{prefix}-{policy}",
                PolicyDocument=EVERYTHING,
                SetAsDefault=True,
            ),
        )
    yield "another identity provider", lambda: iam.create_open_id_connect_provider(Url="https://example.com")
    yield from shared.deletion_protection(target, client)
    yield (
        "its own bootstrap",
        lambda: client("cloudformation").delete_stack(StackName=f"{prefix}-bootstrap"),
    )


def _new_role(iam: Any, name: str, **arguments: str) -> Probe:
    trust = trust_of({"Service": "lambda.amazonaws.com"})
    return (
        f"the role {name} {arguments}",
        lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **arguments),
    )


def _state_and_keys(target: Target, client: Client) -> Iterator[Probe]:
    s3, kms = client("s3"), client("kms")
    prefix, state = target.dev.prefix, target.bucket("state")
    yield "the state's policy", lambda: s3.delete_bucket_policy(Bucket=state)
    yield (
        "the state's versions",
        lambda: s3.put_bucket_versioning(Bucket=state, VersioningConfiguration={"Status": "Suspended"}),
    )
    yield "the state's bucket", lambda: s3.delete_bucket(Bucket=state)
    yield "a project's state", lambda: s3.put_object(Bucket=state, Key=".pulumi/stacks/another/x.json", Body=b"")
    for key in (target.state_key, target.foreign_key):
        yield "a key's policy", lambda key=key: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=EVERYTHING)
        yield "a key's end", lambda key=key: kms.schedule_key_deletion(KeyId=key)
        yield "a key's alias", lambda key=key: kms.create_alias(AliasName=f"alias/{prefix}-attack", TargetKeyId=key)
    yield "the key of data", lambda: kms.generate_data_key(KeyId=target.data_key, KeySpec="AES_256")


def as_foreign_job(target: Target) -> Iterator[Probe]:
    """Try to assume roles as jobs that they do not trust."""
    project, workflow = target.repository, f"{target.project_id}-workflow"
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
        (f"{target.project_id}-pipeline", project, {"environment": "dev"}),
        (f"{target.project_id}-job", project, {"environment": "dev"}),
        ("project-launch", project, {"environment": "dev"}),
    )
    for role, repository, job in jobs:
        yield (
            f"{role} for {repository} {job}",
            lambda role=role, repository=repository, job=job: take_role(
                target, target.role(role), repository=repository, **job
            ),
        )
