"""The pipeline as data: it names one version, and lets whoever starts it choose no more than the window."""

import json
from typing import Any

import pytest
from example_settings import EXAMPLE

from batch import PURPOSE
from batch.definition import Batch, definition
from deployment import settings
from mlops_platform.pipeline import validation
from mlops_platform.pipeline.expressions import Json, references
from mlops_platform.release.testing.example import PROJECT
from mlops_platform.release.testing.rendering import PARAMETERS, version
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.names import Names
from mlops_platform.scheduled.testing.aws import MODEL

SETTINGS = settings.read(EXAMPLE)
PROD = PROJECT.environments["prod"]
KEY = PARAMETERS["encryption/data-key-arn"]
ROLE = "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-model"
CONTAINER = Container.described(MODEL)
CODE = "s3://bucket/code/0123456789abcdef"


def built(number: int = 3) -> Json:
    return definition(
        Batch(
            names=Names(project=PROJECT, environment=PROD, purpose=PURPOSE),
            version=version(number),
            container=CONTAINER,
            plan=SETTINGS.plans["prod"],
            settings=SETTINGS,
            kms_key_arn=KEY,
            code_uri=CODE,
        )
    )


@pytest.fixture(scope="module")
def job() -> Json:
    """The arguments of the only job."""
    [step] = built()["Steps"]
    return step["Arguments"]


def uris(job: Json, key: str = "ProcessingInputs") -> dict[str, Any]:
    return {each["InputName"]: each["S3Input"]["S3Uri"] for each in job[key]}


def options(job: Json) -> dict[str, Any]:
    given = job["AppSpecification"]["ContainerArguments"]
    return dict(zip(given[::2], given[1::2], strict=True))


def test_sagemaker_would_take_it() -> None:
    assert validation.problems(built()) == []


def test_another_version_is_another_definition_and_the_same_one_is_the_same(job: Json) -> None:
    assert built() == built()
    assert json.dumps(built(3)) != json.dumps(built(4))
    assert uris(job)["model"] == version(3).artifact_uri
    given = options(job)
    assert (given["--model-package-arn"], given["--model-sha256"]) == (version(3).package_arn, f"{3:064x}")


def test_an_execution_chooses_its_window_and_nothing_of_what_scores_it() -> None:
    assert sorted(set(references(built()))) == ["Parameters.Area", "Parameters.Input", "Parameters.Window"]
    for place in ("AppSpecification.ImageUri", "RoleArn", "NetworkConfig", "ProcessingResources", "Environment"):
        value: Any = built()["Steps"][0]["Arguments"]
        for name in place.split("."):
            value = value[name]
        assert references(value) == [], place


def test_the_job_runs_as_the_accounts_own_model_would_be_served(job: Json) -> None:
    assert job["AppSpecification"]["ImageUri"] == CONTAINER.image
    assert job["AppSpecification"]["ContainerEntrypoint"] == ["python3", "/opt/ml/processing/input/code/run.py"]
    assert options(job)["--program"] == "serve.py"
    assert job["Environment"] == {"SAGEMAKER_PROGRAM": "serve.py", "SOME": "thing"}
    assert job["RoleArn"] == ROLE
    network = job["NetworkConfig"]
    assert network["EnableNetworkIsolation"] is network["EnableInterContainerTrafficEncryption"] is True
    assert network["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}


def test_disk_and_output_are_encrypted_with_the_accounts_key(job: Json) -> None:
    assert job["ProcessingOutputConfig"]["KmsKeyId"] == KEY
    assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY


def test_the_code_is_told_by_its_digest(job: Json) -> None:
    assert uris(job)["code"] == CODE
    assert options(job)["--code"] == "0123456789abcdef"


def test_manifests_are_an_output_of_their_own_below_the_area_of_the_run(job: Json) -> None:
    outputs = {each["OutputName"]: each["S3Output"]["S3Uri"] for each in job["ProcessingOutputConfig"]["Outputs"]}
    folder = f"s3://{PROD.artifacts_bucket}/p-abcdefghijkl/batch"
    assert outputs == {
        name: {"Std:Join": {"On": "/", "Values": [folder, {"Get": "Parameters.Area"}, name]}}
        for name in ("results", "runs")
    }


def test_its_jobs_have_the_tags_by_which_the_role_that_starts_them_knows_them(job: Json) -> None:
    assert {each["Key"]: each["Value"] for each in job["Tags"]} == {
        "sagemaker:project-name": "abalone",
        "sagemaker:project-id": "p-abcdefghijkl",
    }
