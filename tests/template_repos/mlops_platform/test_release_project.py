"""project.toml of a deployment project."""

from pathlib import Path

import pytest

from mlops_platform.project.project_file import ProjectError
from mlops_platform.release import project
from mlops_platform.release.testing.example import PROJECT, PROJECT_TOML


def test_unknown_keys_in_project_toml_are_ignored(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text(PROJECT_TOML)
    assert project.read(file) == PROJECT


def test_every_missing_value_of_project_toml_is_listed(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text(PROJECT_TOML.replace("arn = ", "nra = ", 1).replace("state_bucket", "other"))
    with pytest.raises(ProjectError) as caught:
        project.read(file)
    assert str(caught.value) == ("project.toml lacks [preprod] state_bucket, [prod] state_bucket, [project] arn")


def test_a_workflow_learns_the_region_and_the_role_of_each_environment(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    assert project.workflow_outputs(file) == "launched=false\n"
    file.write_text(PROJECT_TOML)
    assert project.workflow_outputs(file).splitlines() == [
        "launched=true",
        "region=eu-west-1",
        "preprod_role=arn:aws:iam::222222222222:role/analytics-preprod-p-abcdefghijkl-deployment",
        "prod_role=arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-deployment",
        "prod_branch=main",
    ]
    file.write_text(PROJECT_TOML.replace("[prod]\n", '[prod]\nbranch = "production"\n'))
    assert project.workflow_outputs(file).splitlines()[-1] == "prod_branch=production"
