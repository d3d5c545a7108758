"""The model of a version, as a repository gets it from the account's release function."""

import re

import pytest
from botocore.exceptions import ClientError

from mlops_platform.release import DeploymentError
from mlops_platform.release.model import (
    note_retired,
    note_serving,
    release,
    require_artifact,
    require_release,
)
from mlops_platform.release.release_function import RELEASED_BY
from mlops_platform.release.testing.aws import FakeAws, refusal
from mlops_platform.release.testing.example import PROJECT, model_name

PREPROD = PROJECT.environments["preprod"]
ARN = PROJECT.package_arn(2)
GROUP = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone-p-abcdefghijkl"


def test_a_version_of_this_project_has_the_model_that_the_account_made(aws: FakeAws) -> None:
    version = release(PROJECT, PREPROD, ARN)
    assert (version.package_arn, version.version, version.model_name) == (ARN, 2, model_name("preprod", 2))
    assert version.artifact_uri == f"s3://{PREPROD.artifacts_bucket}/approved/{PROJECT.id}/2/model.tar.gz"
    assert version.sha256 == f"{2:064x}"
    assert aws.release.released == [2]


def test_a_version_with_another_artifact_than_was_approved_with_it_is_not_deployed(aws: FakeAws) -> None:
    del aws
    digest = f"{2:064x}"
    require_artifact(PROJECT, PREPROD, ARN, digest)

    with pytest.raises(DeploymentError, match=f"has the SHA-256 {digest}, and {'0' * 64} was approved"):
        require_artifact(PROJECT, PREPROD, ARN, "0" * 64)


@pytest.mark.parametrize(("variable", "logins"), [("hedy,lise", ["hedy", "lise"]), ("", [])])
def test_the_account_is_told_who_let_the_job_in(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, variable: str, logins: list[str]
) -> None:
    monkeypatch.setenv(RELEASED_BY, variable)
    release(PROJECT, PREPROD, ARN)
    require_release(PROJECT, PREPROD)
    assert aws.release.asked == [
        {"version": 2, "released_by": logins},
        {"action": "retire", "released_by": logins},
    ]


def test_a_retirement_that_a_former_release_manager_let_in_is_refused(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RELEASED_BY, "former")
    aws.release.former = ("former",)
    with pytest.raises(DeploymentError, match="may not"):
        require_release(PROJECT, PREPROD)


def test_what_serves_and_what_was_retired_is_told_to_the_account(
    aws: FakeAws, caplog: pytest.LogCaptureFixture
) -> None:
    aws.release.noted = {"serving": ARN, "archived": [], "left": []}
    with caplog.at_level("INFO"):
        note_serving(PROJECT, PREPROD, ARN)
        aws.release.noted = {"serving": "", "archived": [ARN], "left": []}
        note_retired(PROJECT, PREPROD)
    assert aws.release.asked == [
        {"action": "serves", "version": 2, "released_by": []},
        {"action": "retired", "released_by": []},
    ]
    assert caplog.messages == [f"the model registry shows {ARN} in production"]


@pytest.mark.parametrize("noted", [{"refused": "it is not approved any more"}, {"serving": ARN, "left": [ARN]}])
def test_a_registry_that_shows_something_else_is_a_warning_of_the_run_and_no_failure(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], noted: dict[str, object]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    aws.release.noted = noted
    note_serving(PROJECT, PREPROD, ARN)
    assert re.fullmatch(
        r"::warning::(preprod is as it should be, and the model registry does not show it: it is not approved any more|"
        r"the model registry still shows arn\S+ in production, too: somebody has decided about it since)\n",
        capsys.readouterr().out,
    )


def test_an_account_that_cannot_be_asked_fails_no_deployment(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_: str) -> None:
        raise refusal("Invoke", "ServiceException", "internal error")

    monkeypatch.setattr(aws.release, "invoke", refuse)
    note_serving(PROJECT, PREPROD, ARN)
    assert "the model registry does not show it" in caplog.text


def test_a_refusal_of_the_function_is_told_as_it_is(aws: FakeAws) -> None:
    aws.release.versions[2] = f"{ARN} is Rejected, not Approved"
    with pytest.raises(DeploymentError, match=f"^{ARN} is Rejected, not Approved$"):
        release(PROJECT, PREPROD, ARN)


def test_a_failure_of_the_function_is_told_with_its_message(aws: FakeAws) -> None:
    aws.release.error = "SlowDown"
    with pytest.raises(DeploymentError, match="analytics-preprod-model-release failed, its log says why: SlowDown"):
        release(PROJECT, PREPROD, ARN)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_project_without_an_alias_is_told_what_to_update(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def refuse(**_: str) -> None:
        raise refusal("Invoke", code, "not authorized")

    monkeypatch.setattr(aws.release, "invoke", refuse)
    with pytest.raises(
        DeploymentError, match="the project's product in Service Catalog, is older than this repository"
    ):
        release(PROJECT, PREPROD, ARN)


def test_another_refusal_of_lambda_is_not_mistaken_for_a_missing_permission(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: str) -> None:
        raise refusal("Invoke", "ServiceException", "internal error")

    monkeypatch.setattr(aws.release, "invoke", refuse)
    with pytest.raises(ClientError, match="internal error"):
        release(PROJECT, PREPROD, ARN)


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (f"{GROUP}/3 ", "is not the ARN of a model package version"),
        (GROUP, "is not the ARN of a model package version"),
        (f"{GROUP}/03", "is not the ARN of a model package version"),
        (f"{GROUP}/../3", "is not the ARN of a model package version"),
        (ARN.replace("111111111111", "999999999999"), "is of account 999999999999; this project's models are in 1111"),
        (ARN.replace("abalone", "churn"), "is of the group churn-p-abcdefghijkl, another project's"),
        (ARN.replace("eu-west-1", "us-east-1"), "is of another region or partition"),
        (ARN.replace("arn:aws:", "arn:aws-cn:"), "is of another region or partition"),
    ],
)
def test_an_arn_that_is_no_version_of_this_project_is_refused_without_a_request(
    aws: FakeAws, arn: str, reason: str
) -> None:
    with pytest.raises(DeploymentError, match=reason):
        release(PROJECT, PREPROD, arn)
    assert aws.release.released == []
