"""Probes as data scientists and leads in Studio."""

from collections.abc import Iterator

from tests.e2e.security_probes import shared
from tests.e2e.security_probes.probe import EVERYTHING, IMAGE, Client, Probe
from tests.e2e.security_probes.target import Target


def as_person(target: Target, client: Client, lead: str) -> Iterator[Probe]:
    """Try what neither data scientists nor leads may do."""
    own = target.role(f"{lead}data-scientist")
    yield from _jobs(target, client)
    yield from _models_and_profiles(target, client, own)
    yield from shared.deletion_protection(target, client)
    yield (
        "the end of the project's stack",
        lambda: client("cloudformation").delete_stack(StackName=target.launch_stack),
    )
    yield from shared.secrets_and_state(target, client)
    yield from shared.cloner_function(target, client)
    yield from _storage_and_permissions(target, client, own)


def as_job(target: Target, client: Client) -> Iterator[Probe]:
    """Try what code in a job may not do, whoever started it: it may have been written by somebody else."""
    yield from as_data_scientist(target, client)
    yield from shared.deletion_protection(target, client)
    yield from shared.secrets_and_state(target, client)
    yield from shared.cloner_function(target, client)
    yield from _storage_and_permissions(target, client, target.role("job"))
    network = {"Subnets": target.subnets, "SecurityGroupIds": [target.security_group]}
    yield "another job", shared.training(client, target.role("job"), network)


def _files_of_leads(target: Target, client: Client) -> Iterator[Probe]:
    s3 = client("s3")
    for purpose in ("data", "sagemaker"):
        file = {"Bucket": target.bucket(purpose), "Key": "leads/train.py"}
        yield f"a script of leads in {purpose}", lambda file=file: s3.put_object(**file, Body=b"")
        yield f"the end of a script of leads in {purpose}", lambda file=file: s3.delete_object(**file)


def _jobs(target: Target, client: Client) -> Iterator[Probe]:
    network = {"Subnets": target.subnets, "SecurityGroupIds": [target.security_group]}
    own, people = target.role("job"), ("data-scientist", "lead-data-scientist")
    others = ("deploy", "preview", "drift", "project-launch", "template-cloner")
    own_roles = (f"{target.project_id}-{purpose}" for purpose in ("job", "pipeline", "workflow"))
    for other in (*others, *own_roles, *people):
        yield f"a job under {other}", shared.training(client, target.role(other), network)
    yield "a job without a network", shared.training(client, own, None)
    yield "a job on a large instance", shared.training(client, own, network, instance_type="ml.p4d.24xlarge")
    public = {**network, "Subnets": [target.subnets[0], target.public_subnets[0]]}
    yield "a job in a public subnet", shared.training(client, own, public)
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
    yield (
        "a processing job without a network",
        lambda: client("sagemaker").create_processing_job(
            ProcessingJobName="attack",
            ProcessingResources={"ClusterConfig": cluster},
            AppSpecification={"ImageUri": IMAGE},
            RoleArn=own,
        ),
    )


def _models_and_profiles(target: Target, client: Client, own: str) -> Iterator[Probe]:
    sagemaker = client("sagemaker")
    container = {"Image": IMAGE}
    yield (
        "a model without a network",
        lambda: sagemaker.create_model(ModelName="attack", ExecutionRoleArn=own, PrimaryContainer=container),
    )
    yield (
        "a package that is approved at once",
        lambda: sagemaker.create_model_package(ModelPackageGroupName=target.group, ModelApprovalStatus="Approved"),
    )
    yield (
        "another role for a profile",
        lambda: sagemaker.update_user_profile(
            DomainId="d-000000000000", UserProfileName="ada", UserSettings={"ExecutionRole": own}
        ),
    )


def _storage_and_permissions(target: Target, client: Client, own: str) -> Iterator[Probe]:
    s3, iam, kms = client("s3"), client("iam"), client("kms")
    yield "code of a project", lambda: s3.put_object(Bucket=target.project_bucket, Key="code/x.py", Body=b"")
    yield (
        "records of a project",
        lambda: s3.put_object(Bucket=target.project_bucket, Key="features/x.parquet", Body=b""),
    )
    yield (
        "a feature group of a project",
        lambda: client("sagemaker").create_feature_group(
            FeatureGroupName=f"{target.project_id}-attack", RoleArn=target.role(f"{target.project_id}-features")
        ),
    )
    yield (
        "the log of a pipeline's job",
        lambda: client("logs").put_log_events(
            logGroupName="/aws/sagemaker/TrainingJobs",
            logStreamName="pipelines-attack/algo-1-1",
            logEvents=[{"timestamp": 0, "message": "attack"}],
        ),
    )
    yield "a template", lambda: s3.put_object(Bucket=target.bucket("catalog"), Key="project-templates/x.yaml", Body=b"")
    yield "a bucket's policy", lambda: s3.put_bucket_policy(Bucket=target.bucket("data"), Policy=EVERYTHING)
    yield "who reached the data", lambda: s3.list_objects_v2(Bucket=target.bucket("access-logs"))
    yield (
        "a policy of their own",
        lambda: iam.put_role_policy(RoleName=own.partition("/")[2], PolicyName="x", PolicyDocument=EVERYTHING),
    )
    for purpose in ("secrets", "state"):
        yield (
            f"the key of {purpose}",
            lambda purpose=purpose: kms.generate_data_key(
                KeyId=f"alias/{target.dev.prefix}-{purpose}", KeySpec="AES_256"
            ),
        )
    yield (
        "a stack under the launch role",
        lambda: client("cloudformation").create_stack(
            StackName="attack", TemplateBody="{}", RoleARN=target.role("project-launch")
        ),
    )


def as_data_scientist(target: Target, client: Client) -> Iterator[Probe]:
    """Try what only leads may do."""
    yield from _files_of_leads(target, client)
    sagemaker = client("sagemaker")
    yield (
        "approving",
        lambda: sagemaker.update_model_package(ModelPackageArn=target.package, ModelApprovalStatus="Approved"),
    )
    yield (
        "putting a record",
        lambda: client("sagemaker-featurestore-runtime").put_record(
            FeatureGroupName=f"{target.project_id}-abalone", Record=[{"FeatureName": "rings", "ValueAsString": "1"}]
        ),
    )
    yield from shared.launches(client)
