"""Alarms about drift and quality: whose model is trained again, and how often; what is refused, and what survives a crash."""

import json
from typing import Any

import pytest

from functions.deployment_trigger.errors import NotStartedError
from functions.deployment_trigger.event import AlarmEvent
from functions.deployment_trigger.retrainer import Outcome
from tests.functions.deployment_trigger.fakes import (
    BUCKET,
    PARAMETER,
    PROJECT_ID,
    REPOSITORY,
    TRAINING,
    Crash,
    Fakes,
    document,
)

ALARM = f"arn:aws:cloudwatch:eu-west-1:333333333333:alarm:analytics-prod-{PROJECT_ID}-drift"
QUALITY = ALARM.replace("-drift", "-quality")
MONDAY = 1_795_996_800.0
"""2026-11-30T00:00:00Z."""
DAY = 86_400.0
KEY = "retraining/prod/latest.json"


@pytest.fixture
def fakes() -> Fakes:
    fakes = Fakes()
    fakes.clock.now = MONDAY
    return fakes


def alarm(fakes: Fakes, arn: str = ALARM, request_id: str = "request-1") -> Outcome:
    return fakes.retrainer(request_id).retrain(AlarmEvent(alarm_arn=arn))


def crash() -> None:
    raise Crash


def record(fakes: Fakes, key: str = KEY) -> dict[str, Any]:
    return json.loads(fakes.s3.objects[BUCKET, key].body)


def test_an_alarm_about_drift_starts_the_training_of_its_project(fakes: Fakes) -> None:
    outcome = alarm(fakes)

    [run] = fakes.github.runs
    assert (run["repository"], run["reason"]) == (TRAINING, "Drift: prod-2026-11-30")
    assert (outcome.decision, outcome.run_url) == ("dispatched", run["url"])
    assert (record(fakes)["state"], record(fakes)["run_url"]) == ("dispatched", run["url"])


def test_alarms_of_the_next_days_start_no_training(fakes: Fakes) -> None:
    first = alarm(fakes)
    outcomes: list[Outcome] = []
    for day in range(1, 6):
        fakes.clock.now = MONDAY + day * DAY
        outcomes.append(alarm(fakes, request_id=f"request-{day + 1}"))

    assert len(fakes.github.runs) == 1
    assert {(each.decision, each.reason) for each in outcomes} == {
        ("skipped", "the training prod-2026-11-30 is dispatched already")
    }
    assert {each.run_url for each in outcomes} == {first.run_url}


def test_a_drift_that_goes_on_is_trained_for_once_a_week_although_its_alarms_come_at_no_exact_time(
    fakes: Fakes,
) -> None:
    sunday = MONDAY - DAY
    for day in range(15):
        # The schedule may start its run at any time of a quarter of an hour.
        fakes.clock.now = sunday + day * DAY + (600 if day == 0 else 0)
        alarm(fakes, request_id=f"request-{day}")

    names = ["prod-2026-11-29", "prod-2026-12-06", "prod-2026-12-13"]
    assert [run["reason"] for run in fakes.github.runs] == [f"Drift: {name}" for name in names]


def test_of_two_alarms_that_find_the_last_training_over_one_starts_the_next(fakes: Fakes) -> None:
    alarm(fakes)
    fakes.clock.now = MONDAY + 7 * DAY
    outcomes: list[Outcome] = []
    fakes.github.before = lambda: outcomes.append(alarm(fakes, QUALITY, "request-3")) if not outcomes else None

    second = alarm(fakes, request_id="request-2")

    assert (second.decision, len(fakes.github.runs)) == ("dispatched", 2)
    [other] = outcomes
    assert (other.decision, other.reason) == (
        "skipped",
        "the training prod-2026-12-07 is being started by another request",
    )


def test_an_alarm_about_quality_starts_the_training_too_and_says_why(fakes: Fakes) -> None:
    outcome = alarm(fakes, QUALITY)

    [run] = fakes.github.runs
    assert (run["repository"], run["reason"]) == (TRAINING, "Quality: prod-2026-11-30")
    assert outcome.decision == "dispatched"
    assert outcome.reason == "answers are worse than a version may give to be registered: prod-2026-11-30"


@pytest.mark.parametrize("arns", [(ALARM, QUALITY), (QUALITY, ALARM)], ids=["drift first", "quality first"])
def test_drift_and_bad_answers_start_one_training_together(fakes: Fakes, arns: tuple[str, str]) -> None:
    first, second = (alarm(fakes, arn, f"request-{number}") for number, arn in enumerate(arns))

    assert len(fakes.github.runs) == 1
    assert (first.decision, second.decision, second.run_url) == ("dispatched", "skipped", first.run_url)
    assert [key for bucket, key in fakes.s3.objects if bucket == BUCKET and key.startswith("retraining/")] == [KEY]


def test_another_environment_has_trainings_of_its_own(fakes: Fakes) -> None:
    alarm(fakes)
    alarm(fakes, ALARM.replace("333333333333", "222222222222").replace("-prod-", "-preprod-"), "request-2")

    assert [run["reason"] for run in fakes.github.runs] == ["Drift: prod-2026-11-30", "Drift: preprod-2026-11-30"]


@pytest.mark.parametrize(
    ("arn", "problem"),
    [
        (ALARM.replace("-drift", "-latency"), "is no alarm about drift or quality of a project"),
        (ALARM.replace("-drift", "-drift-quality"), "is no alarm about drift or quality of a project"),
        (ALARM.replace("-drift", "-watch-drift"), "is no alarm about drift or quality of a project"),
        (ALARM.replace("333333333333", "222222222222"), "is of no environment that models are trained again for"),
        (ALARM.replace("333333333333", "999999999999"), "is of no environment that models are trained again for"),
        (ALARM.replace("eu-west-1", "us-east-1"), "is of no environment that models are trained again for"),
        (ALARM.replace("analytics-", "another-"), "is of no environment that models are trained again for"),
        (ALARM.replace(PROJECT_ID, "p-mnopqrstuvwx"), "p-mnopqrstuvwx is no project that deploys its models"),
    ],
)
def test_any_other_alarm_trains_nothing(fakes: Fakes, arn: str, problem: str) -> None:
    outcome = alarm(fakes, arn)

    assert outcome.decision == "refused"
    assert problem in outcome.reason
    assert (fakes.github.runs, fakes.github_asked) == ([], 0)


def test_a_project_that_does_not_name_its_training_repository_says_what_to_do(fakes: Fakes) -> None:
    fakes.ssm.values[PARAMETER] = document(training_repository="")

    outcome = alarm(fakes)

    assert (outcome.decision, fakes.github.runs) == ("refused", [])
    assert outcome.reason.endswith("does not name its training repository: update the project in Service Catalog")


def test_a_crash_before_the_run_is_finished_by_lambdas_next_attempt(fakes: Fakes) -> None:
    fakes.github.before = crash
    with pytest.raises(Crash):
        alarm(fakes)
    fakes.github.before = lambda: None

    assert alarm(fakes).decision == "dispatched"
    assert len(fakes.github.runs) == 1


def test_a_training_that_is_finished_on_another_day_keeps_its_name_by_which_its_run_is_found(fakes: Fakes) -> None:
    fakes.github.after = crash
    with pytest.raises(Crash):
        alarm(fakes)
    fakes.github.after = lambda: None
    fakes.clock.now = MONDAY + DAY

    outcome = alarm(fakes, request_id="request-2")

    [run] = fakes.github.runs
    assert (outcome.run_url, record(fakes)["name"]) == (run["url"], "prod-2026-11-30")


def test_a_crash_after_the_run_was_started_starts_no_second_one(fakes: Fakes) -> None:
    fakes.github.after = crash
    with pytest.raises(Crash):
        alarm(fakes)
    fakes.github.after = lambda: None

    outcome = alarm(fakes)

    [run] = fakes.github.runs
    assert (outcome.decision, outcome.run_url, record(fakes)["state"]) == ("dispatched", run["url"], "dispatched")


def test_another_alarm_leaves_a_claim_to_its_owner_until_that_has_certainly_stopped(fakes: Fakes) -> None:
    fakes.github.broken = {TRAINING}
    with pytest.raises(NotStartedError, match=f"GitHub does not start train.yml of {TRAINING}"):
        alarm(fakes)
    fakes.github.broken = set()

    assert (
        alarm(fakes, request_id="request-2").reason
        == "the training prod-2026-11-30 is being started by another request"
    )
    fakes.clock.now += 300
    assert alarm(fakes, request_id="request-3").decision == "dispatched"
    assert len(fakes.github.runs) == 1


def test_a_retraining_deploys_nothing(fakes: Fakes) -> None:
    alarm(fakes)

    assert [run for run in fakes.github.runs if run["repository"] == REPOSITORY] == []
    assert fakes.records() == {}
