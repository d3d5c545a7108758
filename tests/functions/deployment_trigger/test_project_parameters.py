"""The parameter in which a launch describes its project, and the one that earlier launches left."""

import logging
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from functions.deployment_trigger.errors import ProjectParameterError, SweepError
from functions.deployment_trigger.project import Project, project_launched_before_documents
from functions.deployment_trigger.project_parameters import ProjectList, ProjectParameters
from tests.functions.deployment_trigger.fakes import (
    ACCOUNT,
    BUCKET,
    GROUP,
    OLD_PARAMETER,
    PARAMETER,
    PROJECT_ID,
    REGION,
    REPOSITORY,
    SETTINGS,
    TRAINING,
    Fakes,
    MemorySsm,
    arn,
    document,
    error,
)

OTHER_ID = "p-mnopqrstuvwx"
PROJECT = Project(
    project_id=PROJECT_ID, repository=REPOSITORY, package_group=GROUP, bucket=BUCKET, training_repository=TRAINING
)

MALFORMED = [
    ("not JSON", "it is not JSON"),
    (REPOSITORY, "it is not JSON"),
    ("[]", "'repository' is missing, 'package_group' is missing, 'bucket' is missing"),
    (document(bucket=""), "'bucket' is missing"),
    (document(package_group=1), "'package_group' is missing"),
    (document(repository="acme"), f"'repository' 'acme' is not the full name of a repository of {PROJECT_ID}"),
    (
        document(repository="acme/../x"),
        f"'repository' 'acme/../x' is not the full name of a repository of {PROJECT_ID}",
    ),
    ("[" * 4000, "it is not JSON"),
    *(
        (document(**{key: value}), f"{key!r} {value!r} is not the {meaning} of {PROJECT_ID}")
        for key, value, meaning in (
            ("repository", "../..", "full name of a repository"),
            ("training_repository", f"acme/mlops-churn-{OTHER_ID}-model-training", "full name of a repository"),
            ("repository", f"acme/mlops-churn-{OTHER_ID}-model-deployment-realtime", "full name of a repository"),
            ("package_group", f"churn-{OTHER_ID}", "group"),
            ("bucket", f"analytics-dev-{OTHER_ID}-{ACCOUNT}-{REGION}", "bucket"),
        )
    ),
]


def parameters(values: dict[str, str]) -> ProjectParameters:
    return ProjectParameters(SETTINGS, MemorySsm(values))


@pytest.fixture
def fakes() -> Fakes:
    """One version, approved."""
    fakes = Fakes()
    fakes.sagemaker.register(1)
    fakes.approve()
    return fakes


def test_a_project_is_read_from_its_document() -> None:
    found = parameters({PARAMETER: document()})

    assert found.find(PROJECT_ID) == PROJECT
    assert found.all() == ProjectList(projects=[PROJECT], malformed=[])


def test_names_are_taken_from_the_document_if_they_are_the_project_s() -> None:
    repository, group = f"acme/any-{PROJECT_ID}-name", f"any-{PROJECT_ID}"

    found = parameters({PARAMETER: document(repository=repository, package_group=group)}).find(PROJECT_ID)

    assert found == replace(PROJECT, repository=repository, package_group=group)


def test_a_project_that_was_launched_before_documents_is_read_from_its_repository_s_name() -> None:
    found = parameters({OLD_PARAMETER: REPOSITORY})

    known = replace(PROJECT, training_repository="")
    assert found.find(PROJECT_ID) == known
    assert found.all() == ProjectList(projects=[known], malformed=[])


def test_a_project_name_with_hyphens_is_read_from_the_repository_s_name() -> None:
    repository = f"acme/mlops-churn-p-2-{PROJECT_ID}-model-deployment-realtime"

    found = project_launched_before_documents(PROJECT_ID, repository, SETTINGS)

    assert found.package_group == f"churn-p-2-{PROJECT_ID}"
    assert found.bucket == f"analytics-dev-{PROJECT_ID}-{ACCOUNT}-{REGION}"


def test_the_document_of_an_updated_project_counts_and_not_its_old_parameter() -> None:
    found = parameters({OLD_PARAMETER: "acme/as-it-was", PARAMETER: document()})

    assert found.find(PROJECT_ID) == PROJECT
    assert found.all() == ProjectList(projects=[PROJECT], malformed=[])


def test_an_approval_of_a_project_that_was_launched_before_documents_is_deployed(fakes: Fakes) -> None:
    fakes.ssm.values = {OLD_PARAMETER: REPOSITORY}

    assert fakes.deliver().decision == "dispatched"
    assert fakes.github.runs[0]["repository"] == REPOSITORY


def test_the_sweep_finds_a_project_that_was_launched_before_documents(fakes: Fakes) -> None:
    fakes.ssm.values = {OLD_PARAMETER: REPOSITORY}

    assert [made.decision for made in fakes.sweep()] == ["dispatched"]


def test_other_parameters_are_no_projects() -> None:
    found = parameters(
        {
            "/mlops/analytics/dev/projects/template-cloner-arn": "arn:aws:lambda:…",
            f"{PARAMETER}/something-else": "x",
            f"/mlops/analytics/dev/projects/nested/{PROJECT_ID}": document(),
        }
    )

    assert found.find(PROJECT_ID) is None
    assert found.all() == ProjectList(projects=[], malformed=[])


def test_other_failures_of_systems_manager_are_passed_on() -> None:
    ssm = MemorySsm({}, failure=error("ThrottlingException"))

    with pytest.raises(ClientError, match="Throttling"):
        ProjectParameters(SETTINGS, ssm).find(PROJECT_ID)


@pytest.mark.parametrize(("value", "problem"), MALFORMED)
def test_a_malformed_document_is_one_refusal_that_names_the_parameter(value: str, problem: str) -> None:
    with pytest.raises(ProjectParameterError) as refusal:
        parameters({PARAMETER: value, OLD_PARAMETER: REPOSITORY}).find(PROJECT_ID)

    assert str(refusal.value).startswith(f"parameter {PARAMETER} does not describe a project ({problem}): ")


@pytest.mark.parametrize(("value", "problem"), MALFORMED)
def test_an_approval_of_a_project_with_a_malformed_document_is_refused(fakes: Fakes, value: str, problem: str) -> None:
    fakes.ssm.values = {PARAMETER: value}

    made = fakes.deliver()

    assert made.decision == "refused"
    assert PARAMETER in made.reason
    assert problem in made.reason
    assert fakes.dispatched == []


def test_a_malformed_document_is_named_by_the_sweep_and_does_not_stop_it(
    fakes: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    other = PARAMETER.replace(PROJECT_ID, "p-000000000000")
    fakes.ssm.values = {other: "{", OLD_PARAMETER.replace(PROJECT_ID, "p-000000000000"): "acme/x", **fakes.ssm.values}

    with pytest.raises(SweepError, match=rf"failed for {other}: the log says why"):
        fakes.sweep()

    assert fakes.dispatched == [arn(1)]
    assert f"parameter {other} does not describe a project (it is not JSON)" in caplog.text


def test_the_sweep_logs_one_error_for_each_malformed_document(fakes: Fakes, caplog: pytest.LogCaptureFixture) -> None:
    fakes.ssm.values = {PARAMETER: "{"}

    with pytest.raises(SweepError):
        fakes.sweep()

    assert len([each for each in caplog.records if each.levelno == logging.ERROR]) == 1
