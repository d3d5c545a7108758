"""Approvals on their way to an endpoint, and every disturbance that can happen to them.

The tests run in this order; each continues from the state that the ones before it left.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import http_client
from sandbox.demo.releases import WORKFLOW
from tests.e2e.actors import connected
from tests.e2e.approvals import TRIGGER, Approvals
from tests.e2e.sandbox import ACCOUNTS, REGION, UNIT, Sandbox, prepared
from tests.e2e.security_probes import deployments as probes
from tests.e2e.security_probes import onboarding
from tests.e2e.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

ANOTHER_PROJECT = "p-000000000000"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with prepared(tmp_path_factory.mktemp("approvals") / "sandbox", "project") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def approvals(sandbox: Sandbox) -> Iterator[Approvals]:
    with connected(sandbox):
        yield Approvals(sandbox)


@pytest.fixture(scope="module")
def rejected(approvals: Approvals) -> int:
    """A version that is registered and then rejected."""
    version = approvals.register()
    approvals.decide(version, "Rejected")
    return version


@pytest.fixture(scope="module")
def deleted(approvals: Approvals) -> int:
    """A version that is registered and then deleted; another follows it, so that its number is not given again."""
    version = approvals.register()
    approvals.register()
    approvals.delete(version)
    return version


@pytest.fixture(scope="module")
def delivered_twice(approvals: Approvals) -> int:
    """The run of the first version, whose approval was delivered twice; it waits for its reviewer after preprod."""
    approvals.disturb_events(repeat_events=1)
    return approvals.approve(1)


@pytest.fixture(scope="module")
def second(approvals: Approvals, delivered_twice: int) -> int:
    """A version that is approved while another one is being deployed."""
    del delivered_twice
    version = approvals.register()
    approvals.approve(version)
    return version


@pytest.fixture(scope="module")
def by_hand(approvals: Approvals, delivered_twice: int) -> int:
    """A run of the first version that its developer started, after the first one ended without a release."""
    assert approvals.status(delivered_twice) == "completed"
    return approvals.start(approvals.package(1), member=approvals.developer)


@pytest.fixture(scope="module")
def retried(approvals: Approvals) -> int:
    """A version that was approved while GitHub failed in every temporary way."""
    version = approvals.register()
    approvals.disturb_dispatches(status=404, body={"message": "Not Found"})
    approvals.disturb_dispatches(status=422, body={"message": "Workflow does not have 'workflow_dispatch' trigger"})
    approvals.disturb_dispatches(status=502, after=True)
    approvals.decide(version, "Approved")
    return version


@pytest.fixture(scope="module")
def decided_thrice(approvals: Approvals) -> int:
    """A version that is approved, rejected and approved within a second."""
    version = approvals.register()
    approvals.decide(version, "Approved", "Rejected", "Approved")
    return version


@pytest.fixture(scope="module")
def given_up(approvals: Approvals) -> int:
    """A version that was approved while GitHub refused permanently."""
    version = approvals.register()
    approvals.disturb_dispatches(
        status=403, times=100, body={"message": "Resource not accessible by personal access token"}
    )
    approvals.decide(version, "Approved")
    return version


@pytest.fixture(scope="module")
def lost(approvals: Approvals, given_up: int) -> int:
    """A version whose approval event was lost."""
    del given_up  # It comes first, because the sweep looks only for the latest approval.
    version = approvals.register()
    wait_until(lambda: approvals.events(version)["PendingManualApproval"], "the event of a registration")
    approvals.disturb_events(drop_events=1)
    approvals.decide(version, "Approved")
    return version


def test_registering_and_rejecting_a_version_deploys_nothing(approvals: Approvals, rejected: int) -> None:
    wait_until(lambda: approvals.events(rejected)["Rejected"], "the event of a rejection")
    assert approvals.events(rejected) == {"PendingManualApproval": 1, "Rejected": 1}
    assert approvals.sweep() == []
    assert approvals.decisions(rejected) == approvals.records(rejected) == approvals.runs(rejected) == []


def test_a_version_that_is_approved_and_rejected_within_a_second_is_not_deployed(approvals: Approvals) -> None:
    version = approvals.register()
    approvals.decide(version, "Approved", "Rejected")
    (decision,) = approvals.decided(version, 1)
    if decision["decision"] == "dispatched":
        run = approvals.runs(version)[0]["id"]
        assert approvals.conclusion(run) == "failure"
        assert f"{approvals.package(version)} is Rejected, not Approved" in approvals.log(run, "preprod")
    else:
        assert decision["reason"] == "its approval status is Rejected, not Approved"
        assert approvals.runs(version) == []
    assert approvals.serving("preprod") is None


def test_an_approval_that_is_delivered_twice_is_deployed_once(approvals: Approvals, delivered_twice: int) -> None:
    decisions = approvals.decided(1, 2)
    assert approvals.events(1)["Approved"] == 2
    assert sorted(each["decision"] for each in decisions) == ["dispatched", "skipped"]
    assert [record["state"] for record in approvals.records(1)] == ["dispatched"]
    assert approvals.conclusion(delivered_twice) == "waiting"
    assert [run["id"] for run in approvals.runs(1)] == [delivered_twice]
    assert approvals.version("preprod") == 1


def test_a_second_deployment_waits_while_one_runs(approvals: Approvals, second: int) -> None:
    (run,) = approvals.runs(second)
    assert (run["status"], approvals.jobs(run["id"])["preprod"]["status"]) == ("pending", "queued")


def test_only_the_reviewer_may_decide_about_production(approvals: Approvals, delivered_twice: int) -> None:
    for member in (approvals.developer, approvals.owner):
        with pytest.raises(http_client.RefusedError, match="No pending deployment requests to approve or reject"):
            approvals.review(delivered_twice, member, "approved")
    assert approvals.status(delivered_twice) == "waiting"


def test_a_rejected_review_ends_the_run_and_leaves_production_as_it_was(
    approvals: Approvals, second: int, delivered_twice: int
) -> None:
    approvals.decide(second, "Rejected")  # Before its turn comes: see the next test.
    approvals.review(delivered_twice, approvals.reviewer, "rejected")
    assert approvals.conclusion(delivered_twice) == "failure"
    assert approvals.jobs(delivered_twice)["prod"]["steps"] == []
    assert approvals.serving("prod") is None


def test_a_version_that_is_rejected_before_its_turn_is_refused_at_its_turn(approvals: Approvals, second: int) -> None:
    (run,) = approvals.runs(second)
    assert approvals.conclusion(run["id"]) == "failure"
    assert f"{approvals.package(second)} is Rejected, not Approved" in approvals.log(run["id"], "preprod")
    assert approvals.version("preprod") == 1
    assert approvals.serving("prod") is None


def test_the_user_who_starts_a_deployment_by_hand_cannot_release_it_but_the_reviewer_can(
    approvals: Approvals, by_hand: int
) -> None:
    assert approvals.conclusion(by_hand) == "waiting"
    with pytest.raises(http_client.RefusedError, match="No pending deployment requests to approve or reject"):
        approvals.review(by_hand, approvals.developer, "approved")
    approvals.review(by_hand, approvals.reviewer, "approved")
    wait_until(lambda: approvals.status(by_hand) == "completed", "the release")
    assert approvals.conclusion(by_hand) == "success"
    assert approvals.version("prod") == 1


def test_a_dispatch_that_fails_at_github_is_retried_and_deploys_once(approvals: Approvals, retried: int) -> None:
    (decision,) = approvals.decided(retried, 1)
    assert decision["decision"] == "dispatched"
    assert approvals.dispatches()[-3:] == [404, 422, 502]
    (run,) = approvals.runs(retried)
    assert decision["run_url"] == run["html_url"]


def test_an_approval_that_is_withdrawn_before_the_review_does_not_reach_production(
    approvals: Approvals, retried: int
) -> None:
    (run,) = approvals.runs(retried)
    assert approvals.conclusion(run["id"]) == "waiting"
    assert approvals.version("preprod") == retried
    approvals.decide(retried, "Rejected")
    approvals.review(run["id"], approvals.reviewer, "approved")
    wait_until(lambda: approvals.status(run["id"]) == "completed", "the end of the run")
    assert f"{approvals.package(retried)} is Rejected, not Approved" in approvals.log(run["id"], "prod")
    assert approvals.version("prod") == 1


def test_the_last_of_three_decisions_within_a_second_is_deployed_once(
    approvals: Approvals, decided_thrice: int
) -> None:
    decisions = approvals.decided(decided_thrice, 2)
    assert "dispatched" in {each["decision"] for each in decisions}
    *earlier, last = approvals.runs(decided_thrice)
    for run in earlier:
        # One for the first approval is refused by the second decision, unless it began only after the third.
        if approvals.conclusion(run["id"]) == "waiting":
            approvals.review(run["id"], approvals.reviewer, "rejected")
        assert approvals.conclusion(run["id"]) in ("failure", "cancelled")
    assert approvals.conclusion(last["id"]) == "waiting"
    assert approvals.version("preprod") == decided_thrice
    approvals.review(last["id"], approvals.reviewer, "rejected")
    assert approvals.conclusion(last["id"]) == "failure"


def test_an_approval_that_github_refuses_permanently_ends_in_a_queue_with_an_alarm(
    approvals: Approvals, given_up: int
) -> None:
    def sent() -> dict[str, Any] | None:
        return next((alarm for alarm in approvals.alarms() if alarm["AlarmName"] == f"{TRIGGER}-failures"), None)

    alarm = wait_until(sent, "the alarm")
    approvals.clear_disturbances()
    assert alarm["NewStateValue"] == "ALARM"
    # The scheduled run fails at GitHub, too, if its time is now.
    failures = [each for each in approvals.failures() if each != {"sweep": True}]
    assert [each["detail"]["ModelPackageArn"] for each in failures] == [approvals.package(given_up)]
    assert [record["state"] for record in approvals.records(given_up)] == ["claimed"]
    assert approvals.runs(given_up) == []
    # Otherwise the sweep deploys it when GitHub accepts requests again.
    approvals.decide(given_up, "Rejected")


@pytest.mark.parametrize("case", ["rejected", "deleted", "of another project", "of another account"])
def test_a_version_that_may_not_be_deployed_is_refused_by_hand_too(
    approvals: Approvals, rejected: int, deleted: int, case: str
) -> None:
    group, dev = approvals.project.pipeline, ACCOUNTS["dev"]
    foreign = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS['preprod']}:model-package/{group}/1"
    other = f"arn:aws:sagemaker:{REGION}:{dev}:model-package/other-{ANOTHER_PROJECT}/1"
    arn, reason = {
        "rejected": (approvals.package(rejected), "is Rejected, not Approved: somebody has to approve it"),
        "deleted": (approvals.package(deleted), "does not exist, or its group does not let this account read it"),
        "of another project": (
            other,
            f"is of the group other-{ANOTHER_PROJECT}, another project's; this one's is {group}",
        ),
        "of another account": (foreign, f"is of account {ACCOUNTS['preprod']}; this project's models are in {dev}"),
    }[case]
    before = {environment: approvals.endpoint(environment) for environment in ("preprod", "prod")}
    run = approvals.start(arn, member=approvals.developer)
    assert approvals.conclusion(run) == "failure"
    assert f"error: {arn} {reason}" in approvals.log(run, "preprod")
    for environment, endpoint in before.items():
        after = approvals.endpoint(environment)
        assert after["EndpointConfigName"] == endpoint["EndpointConfigName"]
        assert after["LastModifiedTime"] == endpoint["LastModifiedTime"]


def test_the_user_who_starts_a_run_cannot_release_it_even_as_its_reviewer(
    approvals: Approvals, decided_thrice: int
) -> None:
    (*_, ended) = approvals.runs(decided_thrice)
    path = f"/repos/{approvals.project.deployment}/collaborators/{approvals.reviewer.user.login}"
    approvals.owner.send("PUT", path, {"permission": "push"})
    approvals.reviewer.send("POST", approvals.path(ended["id"], "rerun-failed-jobs"), {})
    assert approvals.conclusion(ended["id"]) == "waiting"
    with pytest.raises(http_client.RefusedError, match="No pending deployment requests to approve or reject"):
        approvals.review(ended["id"], approvals.reviewer, "approved")
    approvals.send(ended["id"], "cancel")
    wait_until(lambda: approvals.status(ended["id"]) == "completed", "the end of the run")


def test_an_approval_whose_event_is_lost_is_not_noticed_at_first(approvals: Approvals, lost: int) -> None:
    assert approvals.events(lost) == {"PendingManualApproval": 1}
    assert approvals.decisions(lost) == approvals.records(lost) == []


def test_neither_data_scientists_nor_the_projects_own_roles_may_decide_about_its_models(approvals: Approvals) -> None:
    prefix, project = f"{UNIT}-dev-{approvals.project.id}", approvals.project
    workflow = f"arn:aws:iam::{ACCOUNTS['dev']}:role/{prefix}-workflow"
    actors = {
        "ada": approvals.scientist,
        "the pipeline": approvals.become(f"{prefix}-pipeline"),
        "its jobs": approvals.become(f"{prefix}-job"),
        "the workflow": approvals.job(workflow, project.training, environment="dev"),
        "the trigger": approvals.become(TRIGGER),
    }
    for actor, session in actors.items():
        assert (actor, probes.not_refused(probes.approving(approvals, session, 1))) == (actor, [])


@pytest.mark.parametrize("environment", ["preprod", "prod"])
def test_a_deployment_role_trusts_only_jobs_of_its_repository_in_its_environment(
    approvals: Approvals, environment: str
) -> None:
    assert probes.not_refused(probes.as_foreign_job(approvals, environment)) == []
    identity = approvals.deployer(environment).client("sts").get_caller_identity()
    assert identity["Account"] == ACCOUNTS[environment]


@pytest.mark.parametrize("environment", ["preprod", "prod"])
def test_a_deployment_role_reaches_nothing_but_its_own_project_in_its_own_account(
    approvals: Approvals, environment: str
) -> None:
    session = approvals.deployer(environment)
    assert probes.not_refused(probes.as_deployment_role(approvals, environment, session)) == []
    sagemaker = session.client("sagemaker")
    assert sagemaker.describe_endpoint(EndpointName=approvals.name(environment))["EndpointStatus"] == "InService"


@pytest.mark.parametrize("environment", ["preprod", "prod"])
def test_whoever_controls_the_template_cloner_gives_no_project_to_others_and_ends_none_that_serves(
    approvals: Approvals, environment: str
) -> None:
    cloner, trust = approvals.become(onboarding.CLONER), onboarding.trusted(approvals, environment)
    assert probes.not_refused(onboarding.as_template_cloner(approvals, environment, cloner)) == []
    assert onboarding.onboarded(approvals, environment, cloner) == []
    assert onboarding.trusted(approvals, environment) == trust
    assert approvals.endpoint(environment)["EndpointStatus"] == "InService"


def test_the_sweep_finds_an_approval_whose_event_was_lost(approvals: Approvals, lost: int) -> None:
    (decision,) = approvals.decided(lost, 1)
    (record,) = approvals.records(lost)
    (run,) = approvals.runs(lost)
    assert (decision["decision"], record["state"]) == ("dispatched", "dispatched")
    assert decision["run_url"] == record["run_url"] == run["html_url"]
    approvals.send(run["id"], "cancel")
    wait_until(lambda: approvals.status(run["id"]) == "completed", "the end of the run")


def test_an_artifact_that_was_not_evaluated_is_not_deployed_and_people_are_told(approvals: Approvals) -> None:
    trained = approvals.root("dev", "sagemaker").describe_model_package(ModelPackageName=approvals.package(1))
    # s3://BUCKET/executions/EXECUTION/evaluation/evaluation.json
    execution = trained["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].split("/")[4]
    bucket, key = approvals.bucket("dev", approvals.project.id), f"executions/{execution}/attack/model.tar.gz"
    job: Any = approvals.become(f"{approvals.name('dev')}-job").client("s3")
    job.put_object(Bucket=bucket, Key=key, Body=b"never evaluated")
    version = approvals.register(f"s3://{bucket}/{key}")
    approvals.decide(version, "Approved")
    wait_until(
        lambda: any(alarm["AlarmName"] == f"{TRIGGER}-errors" for alarm in approvals.alarms()) or None, "the alarm"
    )
    assert approvals.runs(version) == []
    (record,) = approvals.records(version)
    assert record["state"] == "refused"
    assert f"s3://{bucket}/{key} is not the artifact that was evaluated" in record["reason"]


def test_no_approval_was_deployed_twice(approvals: Approvals) -> None:
    assert approvals.sweep() == []
    runs = approvals.developer.runs(approvals.project.deployment, WORKFLOW)
    caused = [run["display_title"].split()[2] for run in runs if len(run["display_title"].split()) == 3]
    assert len(caused) == len(set(caused))
