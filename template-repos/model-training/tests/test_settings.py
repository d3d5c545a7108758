"""settings.toml and project.toml."""

from dataclasses import replace
from pathlib import Path

import pytest
from pipeline import project, training_settings

from mlops_platform.project.project_file import ProjectError
from mlops_platform.project.settings_file import SettingsError

SETTINGS = """
[data]
file = "data/abalone.csv"
feature_group = ""
validation_fraction = 0.15
test_fraction = 0.15
seed = 42
[jobs]
processing_instance_type = "ml.m5.large"
training_instance_type = "ml.m5.large"
volume_gigabytes = 10
maximum_minutes = 30
[quality]
mse_threshold = 6.0
least_improvement = 0.01
[model]
inference_instance_types = ["ml.m5.large"]
[trial]
rows = 1000
[tracking]
mlflow = false
[hyperparameters]
eta = 0.05
num_round = 1000
early_stopping_rounds = 30
"""

PROJECT = """
[project]
name = "abalone"
id = "p-abcdefghijkl"
[template]
name = "mlops-template-model-training"
commit = "0123456"
[aws]
region = "eu-west-1"
account_id = "111111111111"
[pipeline]
name = "abalone-p-abcdefghijkl"
role_arn = "arn:aws:iam::111111111111:role/pipeline"
job_role_arn = "arn:aws:iam::111111111111:role/job"
artifact_bucket = "bucket"
kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/1"
model_package_group = "abalone-p-abcdefghijkl"
subnet_ids = ["subnet-1", "subnet-2"]
security_group_ids = ["sg-1"]
[workflow]
role_arn = "arn:aws:iam::111111111111:role/workflow"
[trial]
role_arn = "arn:aws:iam::111111111111:role/trial"
pipeline_role_arn = "arn:aws:iam::111111111111:role/trial-steps"
job_role_arn = "arn:aws:iam::111111111111:role/trial-job"
[images]
account_id = "111111111111"
"""


def test_settings_are_read_with_their_types(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS)
    read = training_settings.read(file)
    assert read.data.test_fraction == 0.15
    assert read.hyperparameters == {"eta": 0.05, "num_round": 1000, "early_stopping_rounds": 30}


def test_every_mistake_in_the_settings_is_listed_at_once(tmp_path: Path) -> None:
    text = SETTINGS
    for right, wrong in {
        "volume_gigabytes = 10": 'volume_gigabytes = "10"',
        "mse_threshold": "mse_treshold",
        "num_round = 1000": "num_round = true",
        "[model]": "[modle]",
    }.items():
        assert right in text
        text = text.replace(right, wrong)
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        training_settings.read(file)
    assert str(caught.value).splitlines() == [
        "settings.toml:",
        "  [modle] is unknown",
        "  [jobs] volume_gigabytes is '10', expected a whole number",
        "  [quality] mse_treshold is unknown",
        "  [quality] mse_threshold is missing",
        "  [model] inference_instance_types is missing",
        "  [hyperparameters] num_round must be a whole number",
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("test_fraction = 0.15", "test_fraction = 0.5", r"\[data\] validation_fraction and test_fraction"),
        ("mse_threshold = 6.0", "mse_threshold = -1", r"\[quality\] mse_threshold must be above 0"),
        ('feature_group = ""', "feature_group = 1", r"\[data\] feature_group is 1, expected a text"),
        ('feature_group = ""', "", r"\[data\] feature_group is missing"),
        ("least_improvement = 0.01", "least_improvement = 1", r"\[quality\] least_improvement must be below 1"),
        ("rows = 1000", "rows = 99", r"\[trial\] rows must be at least 100"),
        ("mlflow = false", 'mlflow = "yes"', r"\[tracking\] mlflow is 'yes', expected true or false"),
        ("mlflow = false", "mlflow = 1", r"\[tracking\] mlflow is 1, expected true or false"),
        ("[tracking]\nmlflow = false\n", "", r"\[tracking\] mlflow is missing"),
        ("maximum_minutes = 30", "maximum_minutes = 0", r"\[jobs\] maximum_minutes must be 1 to 1440"),
        ("volume_gigabytes = 10", "volume_gigabytes = 0", r"\[jobs\] volume_gigabytes must be 1 to 16384"),
        ('["ml.m5.large"]', "[]", r"\[model\] inference_instance_types must name at least one"),
        (
            'processing_instance_type = "ml.m5.large"',
            'processing_instance_type = "ml.c5n.large"',
            "no type of instance for it",
        ),
        ('processing_instance_type = "ml.m5.large"', 'processing_instance_type = "ml.r5d.large"', "disk of its own"),
        ('training_instance_type = "ml.m5.large"', 'training_instance_type = "m5.large"', "no type of instance for it"),
        ('training_instance_type = "ml.m5.large"', 'training_instance_type = "ml.g5.xlarge"', "disk of its own"),
        (
            '["ml.m5.large"]',
            '["ml.m5.large", "ml.t2.medium"]',
            r"inference_instance_types has ml\.t2\.medium, no type for",
        ),
        ('["ml.m5.large"]', "[1]", r"inference_instance_types is \[1\], expected a list of texts"),
    ],
)
def test_a_setting_out_of_range_is_refused(tmp_path: Path, right: str, wrong: str, problem: str) -> None:
    assert right in SETTINGS
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS.replace(right, wrong))
    with pytest.raises(SettingsError, match=problem):
        training_settings.read(file)


def test_unknown_keys_in_project_toml_are_ignored(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text(PROJECT)
    assert project.read(file) == replace(
        project.EXAMPLE,
        name="abalone",
        id="p-abcdefghijkl",
        pipeline_name="abalone-p-abcdefghijkl",
        pipeline_role_arn="arn:aws:iam::111111111111:role/pipeline",
        job_role_arn="arn:aws:iam::111111111111:role/job",
        bucket="bucket",
        kms_key_arn="arn:aws:kms:eu-west-1:111111111111:key/1",
        model_package_group="abalone-p-abcdefghijkl",
        subnet_ids=["subnet-1", "subnet-2"],
        security_group_ids=["sg-1"],
        workflow_role_arn="arn:aws:iam::111111111111:role/workflow",
        trial_role_arn="arn:aws:iam::111111111111:role/trial",
        trial_pipeline_role_arn="arn:aws:iam::111111111111:role/trial-steps",
        trial_job_role_arn="arn:aws:iam::111111111111:role/trial-job",
        images_account_id="111111111111",
        mlflow_app_arn="",
    )


def test_the_app_of_mlflow_is_read_if_the_platform_has_one(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text(
        f'{PROJECT}[tracking]\nmlflow_app_arn = "arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-1"\n'
    )
    assert project.read(file).mlflow_app_arn == "arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-1"


def test_every_missing_value_of_project_toml_is_listed(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text(PROJECT.replace('region = "eu-west-1"', "").replace('["sg-1"]', "[]"))
    with pytest.raises(ProjectError, match=r"lacks \[aws\] region, \[pipeline\] security_group_ids"):
        project.read(file)


def test_a_project_that_was_launched_before_the_images_table_existed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text(PROJECT.partition("[images]")[0])
    with pytest.raises(ProjectError, match=r"^project\.toml lacks \[images\] account_id$"):
        project.read(file)


def test_a_template_that_no_project_was_launched_from_is_no_failure_of_the_workflow(tmp_path: Path) -> None:
    assert project.workflow_outputs(tmp_path / "project.toml", tmp_path / "settings.toml") == "launched=false\n"


@pytest.mark.parametrize("mlflow", ["false", "true"])
def test_the_workflow_learns_its_region_and_role_and_whether_runs_are_recorded(tmp_path: Path, mlflow: str) -> None:
    file, configured = tmp_path / "project.toml", tmp_path / "settings.toml"
    file.write_text(PROJECT)
    configured.write_text(SETTINGS.replace("mlflow = false", f"mlflow = {mlflow}"))
    assert project.workflow_outputs(file, configured) == (
        "launched=true\nregion=eu-west-1\nrole=arn:aws:iam::111111111111:role/workflow\n"
        f"trial_role=arn:aws:iam::111111111111:role/trial\nmlflow={mlflow}\n"
    )
