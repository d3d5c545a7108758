"""Requests are believed only in what a caller may decide: the project, its launch, and its own repository."""

import pytest

from functions.project_onboarding.errors import RefusedError
from functions.project_onboarding.request import parse_request
from tests.functions.project_onboarding.fake_account import LAUNCH, OFFBOARD, ONBOARD, REPOSITORY

EVENT: dict[str, object] = {
    "action": "onboard",
    "project_name": "abalone",
    "project_id": "p-abcdefghijkl",
    "launch": LAUNCH,
    "repository_name": REPOSITORY.name,
    "repository_id": REPOSITORY.id,
    "begun": False,
}


def test_a_request_is_read() -> None:
    assert parse_request(EVENT) == ONBOARD
    assert parse_request({**EVENT, "action": "offboard"}) == OFFBOARD
    assert parse_request({**EVENT, "begun": True}).begun


def test_a_repository_may_deploy_models_or_promote_the_whole_pipeline() -> None:
    name = "mlops-abalone-p-abcdefghijkl-pipeline-promotion"
    promoting = parse_request({**EVENT, "repository_name": name}).repository
    deploying = parse_request(EVENT).repository

    assert promoting is not None
    assert deploying is not None
    assert (promoting.kind, deploying.kind) == ("pipeline-promotion", "model-deployment-realtime")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("action", "approve"),
        ("project_name", "Abalone"),
        ("project_name", "a" * 33),
        ("project_id", "p-abc"),
        ("project_id", "p-abcdefghijkl*"),
        ("launch", "anything"),
        ("repository_name", "acme/mlops-abalone-p-abcdefghijkl-model-deployment-realtime"),
        ("repository_name", "mlops-abalone-p-mnopqrstuvwx-model-deployment-realtime"),
        ("repository_name", "mlops-churn-p-abcdefghijkl-model-deployment-realtime"),
        ("repository_name", "mlops-abalone-p-abcdefghijkl-model-training"),
        ("repository_name", "mlops-abalone-p-abcdefghijkl-model-deployment-edge"),
        ("repository_name", "mlops-churn-p-abcdefghijkl-pipeline-promotion"),
        ("repository_name", "mlops-abalone-p-abcdefghijkl-pipeline-promotion-x"),
        ("repository_name", f"{REPOSITORY.name}@2006:environment:prod"),
        ("repository_name", "*"),
        ("repository_id", 2006),
        ("repository_id", "0"),
        ("repository_id", "2006*"),
        ("repository_id", None),
    ],
)
def test_anything_else_is_refused_and_named(key: str, value: object) -> None:
    with pytest.raises(RefusedError, match=key):
        parse_request({**EVENT, key: value})


def test_no_new_project_has_the_id_of_another_in_its_name() -> None:
    name = "abalone-p-mnopqrstuvwx"
    event = {**EVENT, "project_name": name, "repository_name": f"mlops-{name}-p-abcdefghijkl-pipeline-promotion"}
    with pytest.raises(RefusedError, match=f"'{name}' contains the id of a project"):
        parse_request(event)

    assert parse_request({**event, "action": "offboard"}).project.name == name


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(RefusedError) as error:
        parse_request({})

    assert all(key in str(error.value) for key in ("action", "project_name", "project_id", "launch"))


@pytest.mark.parametrize("key", ["organization", "repository_subject", "issuer", "account_id", "template_urls"])
def test_a_request_says_nothing_about_whom_the_account_trusts(key: str) -> None:
    assert parse_request({**EVENT, key: "evil"}) == ONBOARD
