"""Probes of what a version proves: its digests, its artifact, the code that made it, and the jobs of others."""

from collections.abc import Iterator

from tests.e2e.security_probes.probe import ANOTHER_PROJECT, Client, Probe
from tests.e2e.security_probes.target import Target

FOLDERS = ("approved", "code", "data", "deployments")
"""Folders of a project's bucket that have one writer each."""


def as_lead(target: Target, client: Client) -> Iterator[Probe]:
    """Try to change more of a version than its approval."""
    sagemaker = client("sagemaker")
    version = {"ModelPackageArn": target.package}
    yield (
        "metadata without a decision",
        lambda: sagemaker.update_model_package(**version, CustomerMetadataProperties={"note": "fine"}),
    )
    yield (
        "another container",
        lambda: sagemaker.update_model_package(
            **version, InferenceSpecification={"Containers": [{"Image": "another"}], "SupportedContentTypes": []}
        ),
    )


def as_project(target: Target, client: Client) -> Iterator[Probe]:
    """Try to write where a project's own roles may not, and to reach the jobs of others."""
    sagemaker, job = client("sagemaker"), f"pipelines-{ANOTHER_PROJECT}"
    arn = f"arn:aws:sagemaker:{target.dev.region}:{target.dev.account_id}:training-job/{job}"
    yield "another project's job", lambda: sagemaker.describe_training_job(TrainingJobName=job)
    yield "the end of another project's job", lambda: sagemaker.stop_training_job(TrainingJobName=job)
    yield (
        "another project's job as its own",
        lambda: sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "sagemaker:project-id", "Value": target.project_id}]),
    )
    yield from _writes(target, client, ("approved", "deployments"))


def as_job(target: Target, client: Client) -> Iterator[Probe]:
    """Try what the code of a job may not do, beside what no role of its project may."""
    sagemaker = client("sagemaker")
    yield (
        "registering a version",
        lambda: sagemaker.create_model_package(
            ModelPackageGroupName=target.group, ModelApprovalStatus="PendingManualApproval"
        ),
    )
    yield "its pipeline", lambda: sagemaker.update_pipeline(PipelineName=target.group, PipelineDefinition="{}")
    yield "an execution", lambda: sagemaker.start_pipeline_execution(PipelineName=target.group)
    yield from _writes(target, client, FOLDERS)


def as_owner(target: Target, client: Client) -> Iterator[Probe]:
    """Try to change what was approved, or what later runs will execute, as the account's owner."""
    yield from _writes(target, client, FOLDERS)
    s3 = client("s3")
    for folder in ("approved", "deployments"):
        key = f"{folder}/1/model.tar.gz"
        yield f"deleting {key}", lambda key=key: s3.delete_object(Bucket=target.project_bucket, Key=key)


def _writes(target: Target, client: Client, folders: tuple[str, ...]) -> Iterator[Probe]:
    s3 = client("s3")
    for folder in folders:
        for condition in (dict[str, str](), {"IfNoneMatch": "*"}):
            yield (
                f"writing to {folder}/ with {condition}",
                lambda folder=folder, condition=condition: s3.put_object(
                    Bucket=target.project_bucket, Key=f"{folder}/1/model.tar.gz", Body=b"attack", **condition
                ),
            )


def as_workflow(target: Target, client: Client) -> Iterator[Probe]:
    """Try to replace the code of earlier runs as the workflow, which may add to it."""
    s3 = client("s3")
    for folder in ("code", "data"):
        found = s3.list_objects_v2(Bucket=target.project_bucket, Prefix=f"{folder}/", MaxKeys=1)
        key = found["Contents"][0]["Key"]
        yield f"replacing {key}", lambda key=key: s3.put_object(Bucket=target.project_bucket, Key=key, Body=b"attack")
        yield f"deleting {key}", lambda key=key: s3.delete_object(Bucket=target.project_bucket, Key=key)
