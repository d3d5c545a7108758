"""The pipeline definition that SageMaker gets."""

import json
from dataclasses import replace

import pytest
from conftest import CODE_URI, COMMIT, DATA_URI
from examples import SETTINGS
from pipeline import images
from pipeline.champion import Champion
from pipeline.definition import definition
from pipeline.project import EXAMPLE

from mlops_platform.pipeline.evidence import container_digest, definition_digest
from mlops_platform.pipeline.expressions import Json, nested_steps
from mlops_platform.pipeline.validation import problems

JOBS = ("Preprocess", "Train", "Evaluate")


def arguments(definition: Json, step: str) -> Json:
    return next(each["Arguments"] for each in nested_steps(definition["Steps"]) if each["Name"] == step)


def test_sagemaker_would_accept_every_step(pipeline_definition: Json) -> None:
    assert problems(pipeline_definition) == []


def test_the_steps_are_preprocess_train_evaluate_and_two_gates_before_registration(pipeline_definition: Json) -> None:
    assert [(step["Name"], step["Type"]) for step in nested_steps(pipeline_definition["Steps"])] == [
        ("Preprocess", "Processing"),
        ("Train", "Training"),
        ("Evaluate", "Processing"),
        ("CheckQuality", "Condition"),
        ("BeatsTheChampion", "Condition"),
        ("Register", "RegisterModel"),
        ("QualityTooLow", "Fail"),
    ]


@pytest.mark.parametrize("job", JOBS)
def test_every_job_runs_isolated_in_every_subnet_of_the_project(pipeline_definition: Json, job: str) -> None:
    found = arguments(pipeline_definition, job)
    network = found.get("NetworkConfig", found)
    assert network["VpcConfig"] == {
        "Subnets": EXAMPLE.subnet_ids,
        "SecurityGroupIds": EXAMPLE.security_group_ids,
    }
    assert network["EnableNetworkIsolation"] is True
    assert network["EnableInterContainerTrafficEncryption"] is True


@pytest.mark.parametrize("job", JOBS)
def test_every_job_encrypts_its_disk_and_its_output_with_the_key_of_the_project(
    pipeline_definition: Json, job: str
) -> None:
    found = arguments(pipeline_definition, job)
    cluster = found.get("ResourceConfig") or found["ProcessingResources"]["ClusterConfig"]
    output = found.get("OutputDataConfig") or found["ProcessingOutputConfig"]
    assert (cluster["VolumeKmsKeyId"], output["KmsKeyId"]) == (EXAMPLE.kms_key_arn, EXAMPLE.kms_key_arn)


@pytest.mark.parametrize("job", JOBS)
def test_every_job_runs_as_the_job_role_of_the_project_for_a_limited_time_and_is_tagged_with_the_project(
    pipeline_definition: Json, job: str
) -> None:
    found = arguments(pipeline_definition, job)
    assert found["RoleArn"] == EXAMPLE.job_role_arn
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": SETTINGS.jobs.maximum_minutes * 60}
    assert {"Key": "sagemaker:project-id", "Value": EXAMPLE.id} in found["Tags"]


def test_a_model_waits_for_approval_and_whoever_starts_an_execution_chooses_nothing(
    pipeline_definition: Json,
) -> None:
    assert arguments(pipeline_definition, "Register")["ModelApprovalStatus"] == "PendingManualApproval"
    assert pipeline_definition["Parameters"] == []
    for gate, limit in (
        ("CheckQuality", SETTINGS.quality.mse_threshold),
        ("BeatsTheChampion", SETTINGS.quality.least_improvement),
    ):
        [condition] = arguments(pipeline_definition, gate)["Conditions"]
        assert condition["RightValue"] == limit
    # The artifact keeps it: whatever measures the version later has no limit of its own.
    threshold = arguments(pipeline_definition, "Train")["HyperParameters"]["mse_threshold"]
    assert float(threshold) == SETTINGS.quality.mse_threshold
    inputs = arguments(pipeline_definition, "Preprocess")["ProcessingInputs"]
    assert [each["S3Input"]["S3Uri"] for each in inputs] == [DATA_URI, CODE_URI]


def test_no_execution_writes_where_another_one_has_written(pipeline_definition: Json) -> None:
    train = arguments(pipeline_definition, "Train")
    uris = [train["OutputDataConfig"]["S3OutputPath"]]
    for job in ("Preprocess", "Evaluate"):
        outputs = arguments(pipeline_definition, job)["ProcessingOutputConfig"]["Outputs"]
        uris.extend(output["S3Output"]["S3Uri"] for output in outputs)
    assert len(uris) == 7
    for uri in uris:
        assert uri["Std:Join"]["Values"][:2] == [
            f"{EXAMPLE.storage}/executions",
            {"Get": "Execution.PipelineExecutionId"},
        ]


def test_the_registered_model_carries_its_metrics_and_what_was_evaluated(pipeline_definition: Json) -> None:
    register = arguments(pipeline_definition, "Register")
    metrics = register["ModelMetrics"]
    for report, name in (
        (metrics["ModelQuality"]["Statistics"], "evaluation"),
        (metrics["ModelDataQuality"]["Statistics"], "baseline"),
        (metrics["Explainability"]["Report"], "importance"),
    ):
        assert report["S3Uri"]["Std:Join"]["Values"][-2:] == ["evaluation", f"{name}.json"]
        digest = {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Digests"}, "Path": name}
        assert report["ContentDigest"] == {"Std:JsonGet": digest}
    for kind in ("ModelQuality", "ModelDataQuality"):
        assert register["DriftCheckBaselines"][kind]["Statistics"] == metrics[kind]["Statistics"]
    [container] = register["InferenceSpecification"]["Containers"]
    made, kept, artifact = register["ModelPackageDescription"]["Std:Join"]["Values"]
    digest = definition_digest(pipeline_definition)
    assert made == f"Made from commit {COMMIT} by the pipeline definition with the SHA-256 {digest}."
    assert kept == f"Its container has the SHA-256 {container_digest(container)}, its artifact"
    assert artifact == {
        "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Digests"}, "Path": "artifact"}
    }


CHAMPION = Champion(version=3, artifact_uri="s3://example-bucket/executions/old/model.tar.gz", sha256="c" * 64)


def test_the_champion_is_part_of_the_definition_so_that_nobody_chooses_another_to_beat() -> None:
    given = {"code_uri": CODE_URI, "data_uri": DATA_URI, "commit": COMMIT}
    challenged = definition(EXAMPLE, SETTINGS, **given, champion=CHAMPION)
    assert problems(challenged) == []
    assert definition_digest(challenged) != definition_digest(definition(EXAMPLE, SETTINGS, **given))
    evaluate = arguments(challenged, "Evaluate")
    uris = {each["InputName"]: each["S3Input"]["S3Uri"] for each in evaluate["ProcessingInputs"]}
    assert uris["champion"] == CHAMPION.artifact_uri
    assert evaluate["AppSpecification"]["ContainerArguments"][-4:] == [
        *("--champion-version", "3"),
        *("--champion-sha256", CHAMPION.sha256),
    ]


def test_without_a_version_to_beat_the_evaluation_has_no_input_of_one(pipeline_definition: Json) -> None:
    evaluate = arguments(pipeline_definition, "Evaluate")
    assert [each["InputName"] for each in evaluate["ProcessingInputs"]] == ["model", "test", "origin", "code"]
    assert "--champion-version" not in evaluate["AppSpecification"]["ContainerArguments"]


@pytest.mark.parametrize(("length", "accepted"), [(256, True), (2500, True), (2501, False)])
def test_a_hyperparameter_is_as_long_as_training_takes_it_and_cut_for_the_card(length: int, accepted: bool) -> None:
    constraints = ("(0,1)" * 501)[:length]
    settings = replace(SETTINGS, hyperparameters={**SETTINGS.hyperparameters, "interaction_constraints": constraints})
    long = definition(EXAMPLE, settings, code_uri=CODE_URI, data_uri=DATA_URI, commit=COMMIT)
    assert arguments(long, "Train")["HyperParameters"]["interaction_constraints"] == constraints
    given = arguments(long, "Evaluate")["AppSpecification"]["ContainerArguments"]
    assert f"interaction_constraints={constraints}"[:256] in given
    refused = "Train: HyperParameters.interaction_constraints has 2501 characters, and SageMaker takes at most 2500"
    assert problems(long) == ([] if accepted else [refused])


def test_the_artifact_that_is_evaluated_is_the_one_that_is_registered(pipeline_definition: Json) -> None:
    inputs = arguments(pipeline_definition, "Evaluate")["ProcessingInputs"]
    [container] = arguments(pipeline_definition, "Register")["InferenceSpecification"]["Containers"]
    [evaluated] = [each["S3Input"]["S3Uri"] for each in inputs if each["InputName"] == "model"]
    assert container["ModelDataUrl"] == evaluated == {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}


@pytest.mark.parametrize(
    ("name", "value", "same"),
    [
        ("code_uri", "s3://example-bucket/code/other", False),
        ("data_uri", "s3://example-bucket/data/other", False),
        ("commit", "other", True),
    ],
)
def test_another_pipeline_has_another_digest_and_the_same_one_of_another_commit_has_not(
    pipeline_definition: Json, name: str, value: str, same: bool
) -> None:
    arguments_ = {"code_uri": CODE_URI, "data_uri": DATA_URI, "commit": COMMIT}
    assert definition(EXAMPLE, SETTINGS, **arguments_) == pipeline_definition
    changed = {**arguments_, name: value}
    other = definition(
        EXAMPLE, SETTINGS, code_uri=changed["code_uri"], data_uri=changed["data_uri"], commit=changed["commit"]
    )
    assert other != pipeline_definition
    assert (definition_digest(other) == definition_digest(pipeline_definition)) is same


def test_the_package_declares_what_its_container_needs_to_start_and_to_answer(pipeline_definition: Json) -> None:
    [container] = arguments(pipeline_definition, "Register")["InferenceSpecification"]["Containers"]
    assert container["Environment"] == {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "PIP_NO_BUILD_ISOLATION": "0",
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
    }


def test_the_definition_is_plain_json_far_below_the_limit_of_a_request(pipeline_definition: Json) -> None:
    assert len(json.dumps(pipeline_definition)) < 100 * 1024


@pytest.mark.parametrize(
    ("region", "suffix"),
    [("eu-west-1", "amazonaws.com"), ("cn-north-1", "amazonaws.com.cn"), ("us-isob-east-1", "sc2s.sgov.gov")],
)
def test_an_image_is_in_the_registry_of_its_account_in_the_region(region: str, suffix: str) -> None:
    expected = f"111122223333.dkr.ecr.{region}.{suffix}/sagemaker-scikit-learn:1.9-0-cpu-py3"
    assert images.uri(images.SCIKIT_LEARN, "111122223333", region) == expected


def test_every_image_is_of_the_account_in_project_toml(pipeline_definition: Json) -> None:
    registry = f"{EXAMPLE.images_account_id}.dkr.ecr.{EXAMPLE.region}.amazonaws.com"
    container = arguments(pipeline_definition, "Register")["InferenceSpecification"]["Containers"][0]
    assert {
        "Preprocess": arguments(pipeline_definition, "Preprocess")["AppSpecification"]["ImageUri"],
        "Train": arguments(pipeline_definition, "Train")["AlgorithmSpecification"]["TrainingImage"],
        "Evaluate": arguments(pipeline_definition, "Evaluate")["AppSpecification"]["ImageUri"],
        "Register": container["Image"],
    } == {
        "Preprocess": f"{registry}/{images.SCIKIT_LEARN}",
        "Train": f"{registry}/{images.XGBOOST}",
        "Evaluate": f"{registry}/{images.XGBOOST}",
        "Register": f"{registry}/{images.XGBOOST}",
    }
