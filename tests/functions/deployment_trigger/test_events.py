"""Events: what is deployed, once; what is refused, and why; what survives a crash."""

import hashlib
import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from functions.deployment_trigger.errors import NotEvaluatedError, NotStartedError
from functions.deployment_trigger.event import ApprovalEvent
from functions.shared.evidence import CONTAINER, MODEL
from functions.shared.github_api.errors import DeadlinePassedError, GitHubError, OutcomeUnknownError
from functions.shared.model_specification import specification_digest
from tests.functions.deployment_trigger.fakes import (
    ACCOUNT,
    ARTIFACT,
    BODY,
    BUCKET,
    GROUP,
    MEASURED,
    NOTED,
    REPORT,
    REPOSITORY,
    SERVING,
    Crash,
    Fakes,
    arn,
    described,
    error,
    evidence,
    metrics,
)

APPROVED_AT = 1_000_000_000


@pytest.fixture
def fakes() -> Fakes:
    """One version, approved."""
    fakes = Fakes()
    fakes.sagemaker.register(1)
    fakes.approve()
    return fakes


def test_an_approval_starts_the_workflow_with_the_exact_version(fakes: Fakes) -> None:
    made = fakes.deliver()

    [run] = fakes.github.runs
    assert run["repository"] == REPOSITORY
    assert run["model_package_arn"] == arn(1)
    assert run["approval"] == f"1-{APPROVED_AT}"
    assert (made.decision, made.model_package_arn, made.run_url) == ("dispatched", arn(1), run["url"])


def test_the_approval_is_recorded_with_its_run(fakes: Fakes) -> None:
    fakes.deliver()

    [(key, record)] = fakes.records().items()
    assert key == f"deployments/1/{APPROVED_AT}.json"
    assert (record["state"], record["model_package_arn"]) == ("dispatched", arn(1))
    assert record["run_url"] == fakes.github.runs[0]["url"]


def test_the_artifact_is_frozen_before_anything_is_started(fakes: Fakes) -> None:
    frozen: list[bool] = []
    fakes.github.before = lambda: frozen.append((BUCKET, "approved/1/model.tar.gz") in fakes.s3.objects)

    fakes.deliver()

    assert frozen == [True]
    [copy] = [each for each in fakes.s3.copies if each["Key"].endswith("model.tar.gz")]
    [container] = fakes.sagemaker.packages[arn(1)]["InferenceSpecification"]["Containers"]
    assert copy["Metadata"] == {
        "model-package-arn": arn(1),
        "specification-sha256": specification_digest(container),
    }
    assert copy["Source"] == fakes.s3.objects[BUCKET, "pipelines/run/output/model.tar.gz"]


def test_the_same_approval_delivered_twice_deploys_once(fakes: Fakes) -> None:
    first = fakes.deliver(request_id="request-1")
    second = fakes.deliver(request_id="request-2")

    assert fakes.dispatched == [arn(1)]
    assert (second.decision, second.reason) == ("skipped", "this approval is dispatched already")
    assert second.run_url == first.run_url


def test_approvals_delivered_in_the_wrong_order_leave_the_later_one(fakes: Fakes) -> None:
    fakes.sagemaker.register(2)
    fakes.approve(2)

    fakes.deliver(2, request_id="request-2")
    late = fakes.deliver(1, request_id="request-1")
    again = fakes.deliver(1, request_id="request-3")

    assert fakes.dispatched == [arn(2)]
    assert (late.decision, late.reason) == ("superseded", "another version was approved later")
    assert again.reason == "this approval is superseded already"


def test_two_approvals_in_their_order_are_both_deployed(fakes: Fakes) -> None:
    fakes.deliver(1)
    fakes.sagemaker.register(2)
    fakes.approve(2)
    fakes.deliver(2, request_id="request-2")

    assert fakes.dispatched == [arn(1), arn(2)]


def test_approve_reject_approve_within_seconds_deploys_the_last_decision(fakes: Fakes) -> None:
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")
    fakes.clock.now += 2
    fakes.approve()

    first = fakes.deliver(request_id="request-1")
    last = fakes.deliver(request_id="request-2")

    assert [run["approval"] for run in fakes.github.runs] == [f"1-{APPROVED_AT + 7000}"]
    assert (first.decision, last.decision) == ("dispatched", "skipped")


def test_approve_reject_deploys_nothing(fakes: Fakes) -> None:
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")

    made = fakes.deliver()

    assert (made.decision, made.reason) == ("refused", "its approval status is Rejected, not Approved")
    assert fakes.dispatched == []


def test_a_version_that_is_approved_again_is_deployed_again(fakes: Fakes) -> None:
    fakes.deliver()
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")
    fakes.clock.now += 60
    fakes.approve()

    fakes.deliver(request_id="request-2")

    assert fakes.dispatched == [arn(1), arn(1)]


@pytest.mark.parametrize("fields", [["ApprovalDescription"], ["ModelLifeCycle", "CustomerMetadataProperties"], []])
def test_another_change_of_an_approved_version_deploys_nothing(fakes: Fakes, fields: list[str]) -> None:
    fakes.deliver(changed=["ModelApprovalStatus"])
    fakes.sagemaker.update(1, ApprovalDescription="better")

    made = fakes.deliver(request_id="request-2", changed=fields)

    assert (made.decision, made.reason) == ("skipped", "the change was not its approval")
    assert fakes.dispatched == [arn(1)]
    assert fakes.states() == ["dispatched", "unchanged"]


@pytest.mark.parametrize("fields", [["ModelLifeCycle"], None])
def test_noting_what_production_serves_deploys_nothing_whatever_the_event_says(
    fakes: Fakes, fields: list[str] | None
) -> None:
    fakes.deliver(changed=["ModelApprovalStatus"])
    fakes.clock.now += 60
    fakes.sagemaker.update(1, ModelLifeCycle=SERVING, LastModifiedBy={"IamIdentity": {"Arn": NOTED}})

    made = fakes.deliver(request_id="request-2", changed=fields)

    assert (made.decision, made.reason) == ("skipped", "the change was not its approval")
    assert fakes.dispatched == [arn(1)]


def test_registering_a_version_deploys_nothing(fakes: Fakes) -> None:
    fakes.sagemaker.register(2)

    made = fakes.deliver(2)

    assert made.reason == "its approval status is PendingManualApproval, not Approved"
    assert fakes.dispatched == []


def test_a_version_that_is_not_complete_is_refused(fakes: Fakes) -> None:
    fakes.sagemaker.update(1, ModelPackageStatus="InProgress")

    assert fakes.deliver().reason == "its status is InProgress, not Completed"


def test_a_version_that_was_deleted_is_refused(fakes: Fakes) -> None:
    del fakes.sagemaker.packages[arn(1)]

    made = fakes.deliver()

    assert (made.decision, made.reason) == ("refused", "it was deleted")


@pytest.mark.parametrize(
    ("package_arn", "reason"),
    [
        (arn(1, account="222222222222"), "account 222222222222 in eu-west-1, and not of this one"),
        (arn(1).replace("eu-west-1", "us-east-1"), f"account {ACCOUNT} in us-east-1, and not of this one"),
        (arn(1, group="churn-p-zzzzzzzzzzzz"), "project p-zzzzzzzzzzzz has no deployment repository"),
        (arn(1, group="stranger-p-abcdefghijkl"), f"is not the one of project p-abcdefghijkl, which is {GROUP}"),
        (arn(1, group="experiments"), "group experiments does not belong to a project"),
        (arn(10**30), "names no version of a model package group"),
        (arn(1).rpartition("/")[0], "names no version of a model package group"),
        ("", "the event names no version of a model package group"),
    ],
    ids=[
        "account",
        "region",
        "project",
        "group of another name",
        "no project",
        "no such number",
        "no version",
        "nothing",
    ],
)
def test_a_package_that_is_no_project_s_model_of_this_account_is_refused(
    fakes: Fakes, package_arn: str, reason: str
) -> None:
    made = fakes.deliver(package_arn=package_arn)

    assert made.decision == "refused"
    assert reason in made.reason
    assert (fakes.dispatched, fakes.records(), fakes.s3.copies, fakes.github_asked) == ([], {}, [], 0)


@pytest.mark.parametrize(
    ("containers", "reason"),
    [
        ([{"ModelDataUrl": "s3://somebody-else/model.tar.gz"}], "does not lie in the project's bucket"),
        ([{"ModelDataUrl": f"s3://{BUCKET}-2/model.tar.gz"}], "does not lie in the project's bucket"),
        ([{"ModelDataUrl": f"s3://{BUCKET}/"}], "does not lie in the project's bucket"),
        ([{"Image": "image"}], "artifact (none) does not lie in"),
        ([], "it has 0 containers"),
        ([{"ModelDataUrl": f"s3://{BUCKET}/a"}, {"ModelDataUrl": f"s3://{BUCKET}/b"}], "it has 2 containers"),
        ([{"ModelDataUrl": f"s3://{BUCKET}/gone.tar.gz"}], "is not there, or cannot be read"),
    ],
)
def test_an_artifact_that_is_not_the_project_s_is_refused(
    fakes: Fakes, containers: list[dict[str, str]], reason: str
) -> None:
    registered = evidence(containers[0] if containers else {})
    fakes.sagemaker.update(
        1, InferenceSpecification={"Containers": containers}, ModelPackageDescription=described(registered)
    )

    made = fakes.deliver()

    assert made.decision == "refused"
    assert reason in made.reason
    assert fakes.dispatched == []
    assert fakes.states() == ["refused"]


def test_a_model_without_a_specification_is_refused(fakes: Fakes) -> None:
    del fakes.sagemaker.packages[arn(1)]["InferenceSpecification"]

    assert "it has 0 containers" in fakes.deliver().reason


def test_an_artifact_that_s3_cannot_copy_in_one_piece_is_refused(fakes: Fakes) -> None:
    fakes.s3.put(BUCKET, "pipelines/run/output/model.tar.gz", size=5 * 1024**3 + 1)

    made = fakes.deliver()

    assert made.decision == "refused"
    assert "has 5368709121 bytes; S3 copies up to 5368709120 in one piece" in made.reason


def test_an_artifact_of_exactly_the_largest_size_is_deployed(fakes: Fakes) -> None:
    fakes.s3.put(BUCKET, "pipelines/run/output/model.tar.gz", size=5 * 1024**3)

    assert fakes.deliver().decision == "dispatched"


def test_an_approved_artifact_never_changes(fakes: Fakes) -> None:
    fakes.deliver()
    fakes.s3.put(BUCKET, "pipelines/run/output/model.tar.gz", b"another model")
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")
    fakes.approve()

    assert fakes.deliver(request_id="request-2").decision == "dispatched"

    assert fakes.s3.objects[BUCKET, "approved/1/model.tar.gz"].body == b"model"


def test_a_version_that_was_changed_since_it_was_approved_first_is_refused(fakes: Fakes) -> None:
    """The frozen artifact stays, and says which container was approved with it."""
    fakes.deliver()
    fakes.s3.put(BUCKET, "elsewhere/model.tar.gz")
    containers = [{"Image": "image", "ModelDataUrl": f"s3://{BUCKET}/elsewhere/model.tar.gz"}]
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected", InferenceSpecification={"Containers": containers})
    fakes.approve()

    made = fakes.deliver(request_id="request-2")

    assert (made.decision, "was changed since it was approved first" in made.reason) == ("refused", True)


def test_an_artifact_that_was_replaced_after_its_evaluation_is_refused(fakes: Fakes) -> None:
    fakes.s3.put(BUCKET, "pipelines/run/output/model.tar.gz", b"never evaluated")

    with pytest.raises(NotEvaluatedError, match=f"^{arn(1)} is not deployed: {ARTIFACT} is not the artifact") as raised:
        fakes.deliver()

    assert hashlib.sha256(b"never evaluated").hexdigest() in str(raised.value)
    assert hashlib.sha256(BODY).hexdigest() in str(raised.value)
    assert (BUCKET, "approved/1/model.tar.gz") not in fakes.s3.objects
    assert (fakes.dispatched, fakes.s3.uploads, fakes.states()) == ([], {}, ["refused"])


def test_what_was_not_evaluated_fails_one_request_which_raises_the_alarm_and_is_not_tried_again(fakes: Fakes) -> None:
    fakes.s3.put(BUCKET, "pipelines/run/output/model.tar.gz", b"never evaluated")
    with pytest.raises(NotEvaluatedError):
        fakes.deliver()

    again = fakes.deliver()

    assert (again.decision, again.reason) == ("skipped", "this approval is refused already")
    assert fakes.sweep() == []


@pytest.mark.parametrize(
    "change", [{"Image": "another"}, {"Environment": {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://elsewhere"}}], ids=str
)
def test_a_container_that_is_not_the_registered_one_is_refused(fakes: Fakes, change: dict[str, Any]) -> None:
    container = {"Image": "image", "ModelDataUrl": ARTIFACT, **change}
    fakes.sagemaker.update(1, InferenceSpecification={"Containers": [container]})

    with pytest.raises(NotEvaluatedError, match="its image or environment is not what the pipeline registered"):
        fakes.deliver()

    assert (BUCKET, "approved/1/model.tar.gz") not in fakes.s3.objects
    assert fakes.states() == ["refused"]


@pytest.mark.parametrize("description", ["", described(None), described({MODEL: "short", CONTAINER: "0" * 64})])
def test_a_version_without_evidence_is_refused_and_told_to_train_again(fakes: Fakes, description: str) -> None:
    fakes.sagemaker.update(1, ModelPackageDescription=description)

    made = fakes.deliver()

    assert made.decision == "refused"
    assert "registered without the digests of what was evaluated" in made.reason
    assert "train again" in made.reason


def test_an_object_that_was_planted_before_the_project_deployed_is_refused_by_its_content(fakes: Fakes) -> None:
    """Its metadata are those that the trigger would have written."""
    [container] = fakes.sagemaker.packages[arn(1)]["InferenceSpecification"]["Containers"]
    metadata = {"model-package-arn": arn(1), "specification-sha256": specification_digest(container)}
    fakes.s3.put(BUCKET, "approved/1/model.tar.gz", b"planted", metadata=metadata)

    with pytest.raises(NotEvaluatedError, match=r"approved/1/model\.tar\.gz holds another artifact than the one that"):
        fakes.deliver()

    assert (fakes.dispatched, fakes.states()) == ([], ["refused"])


@pytest.mark.parametrize("digest", ["", "Zm9v-2"])
def test_a_frozen_artifact_whose_digest_s3_does_not_know_is_refused(fakes: Fakes, digest: str) -> None:
    fakes.deliver()
    place = (BUCKET, "approved/1/model.tar.gz")
    fakes.s3.objects[place] = replace(fakes.s3.objects[place], checksum=digest)
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")
    fakes.approve()

    with pytest.raises(NotEvaluatedError, match="holds another artifact"):
        fakes.deliver(request_id="request-2")


def test_what_a_lead_reads_is_kept_with_what_was_approved(fakes: Fakes) -> None:
    fakes.deliver()

    kept = fakes.s3.objects[BUCKET, "approved/1/reports/ModelQuality.Statistics/evaluation.json"]
    assert (kept.body, kept.metadata) == (MEASURED, {"model-package-arn": arn(1)})
    [record] = fakes.records().values()
    assert record["reports"] == {f"s3://{BUCKET}/{REPORT}": hashlib.sha256(MEASURED).hexdigest()}


def test_a_report_that_another_execution_overwrote_is_refused_and_nothing_of_the_version_is_frozen(
    fakes: Fakes,
) -> None:
    fakes.s3.put(BUCKET, REPORT, b'{"mse": 0.1}')

    with pytest.raises(NotEvaluatedError, match=rf"{REPORT} is not the report that the evaluation wrote") as raised:
        fakes.deliver()

    assert hashlib.sha256(MEASURED).hexdigest() in str(raised.value)
    assert not [key for _, key in fakes.s3.objects if key.startswith("approved/")], "no account can release it"
    assert (fakes.dispatched, fakes.s3.uploads, fakes.states()) == ([], {}, ["refused"])


def test_a_report_that_was_overwritten_while_it_was_read_and_put_back_is_refused(fakes: Fakes) -> None:
    fakes.s3.put(BUCKET, REPORT, MEASURED, modified=fakes.clock.now - 1)

    with pytest.raises(
        NotEvaluatedError, match=r"evaluation.json was written at 1970-01-12 .* after the version was reg"
    ):
        fakes.deliver()

    assert fakes.states() == ["refused"]


@pytest.mark.parametrize(
    ("registered", "reason"),
    [
        (metrics(ContentDigest=None), "evaluation.json was registered without its digest"),
        (metrics(ContentDigest="md5:0"), "evaluation.json was registered without its digest"),
        (
            metrics(S3Uri="s3://elsewhere/evaluation.json"),
            "its report s3://elsewhere/evaluation.json does not lie in the",
        ),
        (metrics(S3Uri=f"s3://{BUCKET}/executions/other.json"), "executions/other.json is not there"),
    ],
)
def test_a_report_that_cannot_be_compared_is_refused(fakes: Fakes, registered: dict[str, Any], reason: str) -> None:
    fakes.sagemaker.update(1, ModelMetrics=registered)

    made = fakes.deliver()

    assert made.decision == "refused"
    assert reason in made.reason


def test_a_report_that_is_named_twice_has_to_be_both(fakes: Fakes) -> None:
    [registered] = metrics(b"another").values()
    fakes.sagemaker.update(1, ModelMetrics={"ModelDataQuality": registered, **metrics()})

    with pytest.raises(NotEvaluatedError, match="is not the report that the evaluation wrote"):
        fakes.deliver()


def test_an_artifact_of_another_execution_than_its_report_is_refused(fakes: Fakes) -> None:
    """As a selective execution registers it: its model was trained by an earlier one."""
    fakes.s3.put(BUCKET, "executions/earlier/model/train/output/model.tar.gz")
    container = {"Image": "image", "ModelDataUrl": f"s3://{BUCKET}/executions/earlier/model/train/output/model.tar.gz"}
    fakes.sagemaker.update(
        1, InferenceSpecification={"Containers": [container]}, ModelPackageDescription=described(evidence(container))
    )

    made = fakes.deliver()

    assert made.decision == "refused"
    assert "of several executions of the pipeline (earlier, run)" in made.reason
    assert not [key for _, key in fakes.s3.objects if key.startswith("approved/")]


@pytest.mark.parametrize("registered", [None, {}, {"ModelQuality": {}}], ids=str)
def test_a_version_without_reports_has_none_to_compare(fakes: Fakes, registered: dict[str, Any] | None) -> None:
    fakes.sagemaker.update(1, ModelMetrics=registered)

    assert fakes.deliver().decision == "dispatched"


def test_every_report_of_a_version_is_compared(fakes: Fakes) -> None:
    fakes.s3.put(BUCKET, "executions/run/bias.json", b"biased")
    [statistics] = metrics(b"fair", S3Uri=f"s3://{BUCKET}/executions/run/bias.json")["ModelQuality"].values()
    fakes.sagemaker.update(1, ModelMetrics={**metrics(), "Bias": {"Report": statistics}})

    with pytest.raises(NotEvaluatedError, match=r"bias.json is not the report that the evaluation wrote"):
        fakes.deliver()


def test_an_artifact_that_was_frozen_in_one_request_is_known_again(fakes: Fakes) -> None:
    """As it was done before copies were made of parts."""
    [container] = fakes.sagemaker.packages[arn(1)]["InferenceSpecification"]["Containers"]
    metadata = {"model-package-arn": arn(1), "specification-sha256": specification_digest(container)}
    fakes.s3.put(BUCKET, "approved/1/model.tar.gz", metadata=metadata)

    assert fakes.deliver().decision == "dispatched"
    assert [each["Key"] for each in fakes.s3.copies if each["Key"].endswith("model.tar.gz")] == []


def test_an_artifact_frozen_for_another_package_is_refused(fakes: Fakes) -> None:
    fakes.s3.put(BUCKET, "approved/1/model.tar.gz", metadata={"model-package-arn": arn(2)})

    made = fakes.deliver()

    assert made.decision == "refused"
    assert "approved/1/model.tar.gz holds the artifact of another model package" in made.reason
    assert fakes.dispatched == []


def test_a_dispatch_is_repeated_until_github_knows_a_new_repository_s_workflow(fakes: Fakes) -> None:
    fakes.github.knows_from = fakes.clock.now + 60

    made = fakes.deliver()

    assert made.decision == "dispatched"
    assert fakes.dispatched == [arn(1)]


def test_a_repository_that_never_knows_the_workflow_fails_the_request_and_the_next_attempt_goes_on(
    fakes: Fakes,
) -> None:
    fakes.github.knows_from = fakes.clock.now + 200

    with pytest.raises(NotStartedError, match=rf"does not start deploy\.yml of {REPOSITORY}"):
        fakes.deliver()
    assert fakes.states() == ["claimed"]

    fakes.clock.now += 90
    assert fakes.deliver().decision == "dispatched"
    assert fakes.dispatched == [arn(1)]


def test_no_time_left_fails_the_request(fakes: Fakes) -> None:
    fakes.github.knows_from = fakes.clock.now + 100

    with pytest.raises(DeadlinePassedError, match="no time is left to wait"):
        fakes.deployer(seconds=20).approve(ApprovalEvent(package_arn=arn(1), changed=None))


def test_a_dispatch_without_an_answer_that_did_start_a_run_is_not_repeated(fakes: Fakes) -> None:
    fakes.github.seconds_to_appear = 8

    def lose_the_answer() -> None:
        raise OutcomeUnknownError("502")

    fakes.github.after = lose_the_answer

    made = fakes.deliver()

    assert made.run_url == fakes.github.runs[0]["url"]
    assert len(fakes.github.runs) == 1


def test_a_dispatch_without_an_answer_that_started_nothing_is_repeated(fakes: Fakes) -> None:
    failures = [OutcomeUnknownError("502")]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    fakes.github.before = fail_once

    assert fakes.deliver().decision == "dispatched"
    assert len(fakes.github.runs) == 1


def test_a_run_that_does_not_appear_is_recorded_without_its_address(fakes: Fakes) -> None:
    fakes.github.seconds_to_appear = 60

    made = fakes.deliver()

    assert (made.decision, made.run_url) == ("dispatched", None)
    assert fakes.states() == ["dispatched"]


def test_a_run_is_not_started_again_when_the_list_of_runs_fails(fakes: Fakes) -> None:
    def fail() -> None:
        raise GitHubError("GitHub failed 5 times", 503)

    fakes.github.on_list = fail

    assert fakes.deliver().decision == "dispatched"
    assert fakes.states() == ["dispatched"]


@pytest.mark.parametrize("moment", ["claimed", "copy"])
def test_lambda_s_next_attempt_finishes_after_a_crash_between_claim_and_dispatch(fakes: Fakes, moment: str) -> None:
    crash_after(fakes, moment)

    assert fakes.deliver().decision == "dispatched"
    assert fakes.dispatched == [arn(1)]
    assert fakes.states() == ["dispatched"]


def crash_after(fakes: Fakes, moment: str) -> None:
    def crash(what: str) -> None:
        if what == moment:
            raise Crash

    fakes.s3.after = crash
    with pytest.raises(Crash):
        fakes.deliver()
    fakes.s3.after = lambda what: None
    assert fakes.states() == ["claimed"]
    assert fakes.dispatched == []
    fakes.clock.now += 60


def crash_after_dispatch(fakes: Fakes) -> None:
    def crash() -> None:
        raise Crash

    fakes.github.after = crash
    with pytest.raises(Crash):
        fakes.deliver()
    fakes.github.after = lambda: None
    assert fakes.states() == ["claimed"]


def test_a_crash_between_dispatch_and_record_does_not_start_a_second_run(fakes: Fakes) -> None:
    crash_after_dispatch(fakes)
    fakes.clock.now += 60

    made = fakes.deliver()

    assert (made.decision, made.reason) == ("dispatched", "its run was started before")
    assert made.run_url == fakes.github.runs[0]["url"]
    assert fakes.dispatched == [arn(1)]
    assert fakes.states() == ["dispatched"]


def test_a_claim_of_another_request_is_left_alone_while_that_may_still_run(fakes: Fakes) -> None:
    crash_after(fakes, "claimed")

    made = fakes.deliver(request_id="request-2")

    assert (made.decision, made.reason) == ("skipped", "this approval is being deployed by another request")
    assert fakes.dispatched == []


def test_a_claim_of_another_request_is_finished_once_that_cannot_run_any_more(fakes: Fakes) -> None:
    crash_after(fakes, "claimed")
    fakes.clock.now += 240

    assert fakes.deliver(request_id="request-2").decision == "dispatched"
    assert fakes.dispatched == [arn(1)]


def test_of_two_requests_that_replace_the_same_claim_the_first_wins(fakes: Fakes) -> None:
    crash_after(fakes, "claimed")
    fakes.clock.now += 240
    writes: list[str] = []

    def meet(what: str) -> None:
        writes.append(what)
        # The first write finds the claim; the second would replace it.
        if len(writes) == 2:
            fakes.deliver(request_id="request-3")

    fakes.s3.before = meet

    made = fakes.deliver(request_id="request-2")

    assert fakes.dispatched == [arn(1)]
    assert (made.decision, made.reason) == ("skipped", "this approval is being deployed by another request")


def test_a_record_that_another_request_replaced_meanwhile_stays(fakes: Fakes, caplog: pytest.LogCaptureFixture) -> None:
    def meddle() -> None:
        [(bucket, key)] = [place for place in fakes.s3.objects if place[1].startswith("deployments/")]
        found = json.loads(fakes.s3.objects[bucket, key].body)
        fakes.s3.put(bucket, key, json.dumps({**found, "owner": "somebody"}).encode())

    fakes.github.after = meddle

    assert fakes.deliver().decision == "dispatched"
    assert fakes.records()[f"deployments/1/{APPROVED_AT}.json"]["owner"] == "somebody"
    assert f"the record of approval 1-{APPROVED_AT} was changed meanwhile" in caplog.text


@pytest.mark.parametrize(("conflicts", "succeeds"), [(2, True), (3, False)])
def test_a_write_that_met_another_one_is_repeated_as_s3_asks(fakes: Fakes, conflicts: int, succeeds: bool) -> None:
    fakes.s3.conflicts = conflicts

    if succeeds:
        assert fakes.deliver().decision == "dispatched"
    else:
        with pytest.raises(type(error("x")), match="ConditionalRequestConflict"):
            fakes.deliver()


def test_every_decision_is_one_line_of_json(fakes: Fakes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    fakes.deliver()
    fakes.deliver(request_id="request-2")
    fakes.deliver(package_arn="")

    lines = [json.loads(message) for message in caplog.messages]
    assert [line["decision"] for line in lines] == ["dispatched", "skipped", "refused"]
    assert lines[0] == {
        "model_package_arn": arn(1),
        "decision": "dispatched",
        "reason": "it was approved",
        "run_url": fakes.github.runs[0]["url"],
    }
