"""Deployments after the demo, good and bad, started through the workflow and checked at the endpoints.

The tests run in this order; each continues from the state that the ones before it left.
"""

import re
from collections.abc import Callable, Mapping

import pytest

from sandbox import http_client, identities
from sandbox.demo import launch, models
from sandbox.demo.application import Application
from sandbox.organization import DATA_SCIENTIST, LEAD_DATA_SCIENTIST, RELEASE_MANAGER
from tests.e2e.actors import refused
from tests.e2e.deployments import Deployments
from tests.e2e.sandbox import ACCOUNTS, REGION, Sandbox
from tests.e2e.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

ORDINARY = "M,0.455,0.365,0.095,0.514,0.2245,0.101,0.15"
GIANT = "F,1.215,0.91,0.31,4.9,2.1,1.05,1.4"
"""Larger than any measured abalone: neither training nor a test of the endpoint has one like it."""


def edited(text: str, replacements: Mapping[str, str]) -> str:
    """Return a text with parts of it replaced, each of which must be there."""
    for before, after in replacements.items():
        assert before in text, f"{before!r} is no longer in the file"
        text = text.replace(before, after)
    return text


def worse(text: str) -> str:
    """Return the training settings with one single tree, a threshold that accepts it, and no version to beat."""
    text = re.sub(r"num_round = \d+", "num_round = 1", text)
    text = re.sub(r"least_improvement = [\d.]+", "least_improvement = -9.0", text)
    return re.sub(r"mse_threshold = [\d.]+", "mse_threshold = 20.0", text)


def as_before(text: str) -> str:
    """Return the training settings as they were before `worse`, but any model is registered."""
    return edited(text, {"num_round = 1 ": "num_round = 1000 ", "mse_threshold = 20.0": "mse_threshold = 6.0"})


def without_giants(text: str) -> str:
    """Return the code of the endpoint with an error that only abalones longer than all known ones cause."""
    constant = 'MODEL_FILE = "model.ubj"\n'
    prediction = "    return model.booster.predict("
    grouped = "    for row in rows:\n        GROUPS[int(10 * float(row.values[1]))]  # by length\n"
    return edited(text, {constant: f"{constant}GROUPS = range(9)\n", prediction: grouped + prediction})


@pytest.fixture(scope="module")
def deployments(demonstrated: Sandbox) -> Deployments:
    return Deployments(demonstrated)


@pytest.fixture(scope="module")
def application(deployments: Deployments) -> Application:
    return deployments.application("prod")


@pytest.fixture(scope="module")
def proposed(deployments: Deployments) -> int:
    """The number of a pull request to train a version that predicts little more than the mean."""
    return deployments.propose_change(deployments.project.training, "Try one single tree", {"settings.toml": worse})


@pytest.fixture(scope="module")
def wrong(deployments: Deployments, proposed: int) -> int:
    """The version of that pull request."""
    return deployments.trained(deployments.merge_change(deployments.project.training, proposed))


@pytest.fixture(scope="module")
def flawed_commit(deployments: Deployments, wrong: int) -> str:
    """A commit of which a version is trained that fails for giants."""
    del wrong  # It comes first.
    files = {"settings.toml": as_before, "steps/inference.py": without_giants}
    return deployments.change(deployments.project.training, "Group by length", files)


@pytest.fixture(scope="module")
def alarms_sent(deployments: Deployments) -> Callable[[], set[str]]:
    """Return the names of the alarms that production's topic has sent so far."""
    return deployments.alarms_sent()


def test_an_endpoint_has_alarms_a_dashboard_and_autoscaling(deployments: Deployments) -> None:
    name = deployments.name("prod")
    cloudwatch = deployments.root("prod", "cloudwatch")
    alarms = {alarm["AlarmName"]: alarm for alarm in cloudwatch.describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]}
    assert set(alarms) == {
        f"{name}-{kind}"
        for kind in (
            "server-errors",
            "model-errors",
            "client-errors",
            "latency",
            "overload",
            "version-errors",
            "version-latency",
            "drift",
            "quality",
            "watch-dead-letters",
            "watch-failed",
            "watch-unreadable",
        )
    }
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNTS['prod']}:analytics-prod-alarms"
    trigger = f"arn:aws:lambda:eu-west-1:{ACCOUNTS['dev']}:function:analytics-dev-deployment-trigger"
    for cause in ("drift", "quality"):
        assert alarms.pop(f"{name}-{cause}")["AlarmActions"] == [topic, trigger]
    assert all(alarm["AlarmActions"] == [topic] for alarm in alarms.values())
    assert all(alarm["OKActions"] == [topic] for key, alarm in alarms.items() if "-watch-" not in key)
    assert name in cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
    (target,) = deployments.root("prod", "application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{name}/variant/AllTraffic"]
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)


def test_requests_are_captured_where_only_the_project_may_read_them(
    deployments: Deployments, application: Application
) -> None:
    application.predict([ORDINARY])
    prefix = f"captured/{deployments.project.id}/"

    def captured_requests() -> list[str]:
        return [key for key in deployments.keys("prod", "artifacts", prefix) if key.endswith(".jsonl")]

    key = wait_until(captured_requests, "captured requests")[-1]
    place = {"Bucket": deployments.bucket("prod", "artifacts"), "Key": key}
    captured = deployments.root("prod", "s3").get_object(**place)
    assert captured["ServerSideEncryption"] == "aws:kms"
    assert b"endpointInput" in captured["Body"].read()
    for session in (
        deployments.lead,
        identities.session(identities.deploy(deployments.servers, deployments.stacks["prod"]), REGION),
    ):
        assert "AccessDenied" in refused(session.client("s3").get_object, **place)


def test_a_pull_request_is_tried_on_a_sample_by_a_pipeline_of_its_own_which_is_removed_then(
    deployments: Deployments, proposed: int
) -> None:
    sagemaker, repository = deployments.root("dev", "sagemaker"), deployments.project.training
    before = models.versions(deployments.lead, deployments.project.pipeline)

    def pipelines() -> list[str]:
        found = sagemaker.list_pipelines(PipelineNamePrefix="pull-request")["PipelineSummaries"]
        return [each["PipelineName"] for each in found]

    labels = f"/repos/{repository}/issues/{proposed}/labels"
    deployments.developer.send("POST", labels, {"labels": ["train"]})
    own = f"pull-request-{proposed}-{deployments.project.id}-trial"
    assert wait_until(pipelines, "the pipeline of a pull request") == [own]
    [run] = deployments.developer.runs(repository, "trial.yml")
    ended = wait_until(
        lambda: (found := deployments.developer.run(repository, int(run["id"])))["status"] == "completed" and found,
        "the trial of a pull request",
    )
    assert ended["conclusion"] == "success"
    assert pipelines() == []
    page = http_client.text(deployments.servers, "GET", ended["html_url"], {})
    assert f"Pipeline {own}" in page
    assert "Data: 1000 rows of" in page
    bucket, folder = deployments.bucket("dev", deployments.project.id), f"trials/{proposed}/"
    (sample,) = [key for key in deployments.keys("dev", deployments.project.id, folder) if key.endswith("/abalone.csv")]
    rows = deployments.root("dev", "s3").get_object(Bucket=bucket, Key=sample)["Body"].read().splitlines()
    assert len(rows) == 1000
    assert models.versions(deployments.lead, deployments.project.pipeline) == before


def test_wrong_answers_end_the_run_in_preprod_and_production_is_not_touched(
    deployments: Deployments, wrong: int, flawed_commit: str
) -> None:
    del flawed_commit  # It is trained meanwhile.
    before = deployments.endpoint("prod")
    run = deployments.approve(wrong)
    assert deployments.conclusion(run) == "failure"
    assert deployments.step(run, "preprod", "Test") == "failure"
    assert re.search(r"is off by \d\.\d\d on average; settings\.toml allows 2\.2", deployments.log(run, "preprod"))
    assert deployments.jobs(run)["prod"]["conclusion"] == "skipped"
    assert deployments.reviewer.listed(deployments.path(run, "pending_deployments")) == []
    assert deployments.reviewer.listed(deployments.path(run, "approvals")) == []
    assert deployments.endpoint("prod") == before
    assert deployments.version("prod") == 1
    [(text, state)] = deployments.told()
    assert (deployments.package(wrong) in text, f"/actions/runs/{run}\n" in text, state) == (True, True, "open")


def test_a_canary_whose_alarm_goes_off_leaves_the_old_version_serving(
    deployments: Deployments, application: Application, flawed_commit: str, alarms_sent: Callable[[], set[str]]
) -> None:
    alarm = f"{deployments.name('prod')}-version-errors"
    assert alarm not in alarms_sent()
    run = deployments.approve(deployments.trained(flawed_commit))
    assert deployments.conclusion(run) == "waiting"
    before, answers = deployments.endpoint("prod"), application.predict([ORDINARY, GIANT])
    with application.calling(ORDINARY) as ordinary, application.calling(GIANT) as giant:
        deployments.release(run)
        assert deployments.conclusion(run) == "failure"
    after = deployments.endpoint("prod")
    assert ordinary.failures == []
    assert giant.rings.keys() == {answers[1]}
    assert giant.failures
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", before["EndpointConfigName"])
    assert application.predict([ORDINARY, GIANT]) == answers
    log = deployments.log(run, "prod")
    assert deployments.step(run, "prod", "Deploy") == "failure"
    assert "prod was rolled back: it serves what it served before" in log
    assert f"reason: {after['FailureReason']}" in log
    assert alarm in after["FailureReason"]
    wait_until(lambda: alarm in alarms_sent(), "the alarm at the topic")
    _, (text, _) = deployments.told()
    assert f"Released by @{RELEASE_MANAGER.login}." in text


def test_a_run_that_would_replace_the_endpoint_is_refused_and_says_how_to_mend_it(
    demonstrated: Sandbox, deployments: Deployments
) -> None:
    name, sagemaker = deployments.name("preprod"), deployments.root("preprod", "sagemaker")
    caller, before = deployments.application("preprod"), deployments.endpoint("preprod")
    answers = caller.predict([ORDINARY])
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=before["EndpointConfigName"])
    deployments.wait_until_in_service("preprod")
    assert "LastDeploymentConfig" not in deployments.endpoint("preprod")

    run = deployments.dispatch(2)
    assert deployments.conclusion(run) == "failure"
    assert deployments.jobs(run)["prod"]["conclusion"] == "skipped"
    log = deployments.log(run, "preprod")
    assert f"error: preprod was left as it is: this run would replace {name}" in log
    assert "reason: another value of deploymentConfig" in log
    after = deployments.endpoint("preprod")
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", before["EndpointConfigName"])
    assert after["CreationTime"] == before["CreationTime"]
    assert caller.predict([ORDINARY]) == answers

    (command,) = re.findall(r"aws sagemaker update-endpoint .+", log)
    root = f"env -u AWS_PROFILE AWS_ACCESS_KEY_ID={ACCOUNTS['preprod']} AWS_SECRET_ACCESS_KEY=root"
    mended = demonstrated.shell(f"{root} {command}")
    assert mended.returncode == 0, mended.stderr
    deployments.wait_until_in_service("preprod")
    # The next test deploys this version to it.
    assert deployments.endpoint("preprod")["LastDeploymentConfig"] == before["LastDeploymentConfig"]


def test_a_deployment_that_is_killed_and_then_cancelled_converges_when_it_is_run_again(
    deployments: Deployments,
) -> None:
    before, serving = deployments.remains("preprod"), deployments.endpoint("preprod")["EndpointConfigName"]
    run = deployments.dispatch(2)
    deployments.kill_with_a_new_configuration("preprod", before.configurations)
    assert deployments.conclusion(run) == "failure"
    assert "pulumi up failed in preprod" in deployments.log(run, "preprod")
    assert len(deployments.locks("preprod")) == 1

    deployments.send(run, "rerun-failed-jobs")
    deployments.wait_until_updating("preprod", serving)
    deployments.send(run, "cancel")
    assert deployments.conclusion(run) == "cancelled"
    assert "released the lock that a killed run left" in deployments.log(run, "preprod")

    deployments.send(run, "rerun-failed-jobs")
    assert deployments.conclusion(run) == "waiting"
    assert deployments.version("preprod") == 2
    after = deployments.remains("preprod")
    assert after.endpoints == [deployments.name("preprod")]
    # The live configuration and the one before: if SageMaker finished the cancelled update, both are of one model.
    assert len(after.configurations) == 2
    assert set(after.models) == deployments.configured("preprod")
    assert (sorted(after.alarms), after.dashboards) == (sorted(before.alarms), before.dashboards)
    assert after.locks == []


def test_a_good_version_follows_and_every_request_meanwhile_is_answered(
    deployments: Deployments, application: Application
) -> None:
    (run,) = deployments.waiting()
    old = deployments.endpoint("prod")["EndpointConfigName"]
    (first,) = application.predict([ORDINARY])
    with application.calling(ORDINARY) as answers:
        deployments.release(run)
        assert deployments.conclusion(run) == "success"
    (second,) = application.predict([ORDINARY])
    assert answers.failures == []
    assert answers.rings.keys() == {first, second}
    assert deployments.version("prod") == 2
    remains = deployments.remains("prod")
    assert remains.endpoints == [deployments.name("prod")]
    assert set(remains.configurations) == {old, deployments.endpoint("prod")["EndpointConfigName"]}
    assert (len(remains.models), remains.locks) == (2, [])
    assert [state for _, state in deployments.told()] == ["closed"] * 3


def test_the_same_version_again_changes_only_new_settings_and_a_shadow_answers_no_request(
    deployments: Deployments,
) -> None:
    settings = {
        "minimum_instances = 1\nmaximum_instances = 2\n": "minimum_instances = 2\nmaximum_instances = 3\n",
        "shadow_version = 0\nshadow_percent = 100\n\n[prod]": "shadow_version = 1\nshadow_percent = 100\n\n[prod]",
        "percent = 100\n\n[watch]": "percent = 50\n\n[watch]",
    }

    caller = deployments.application("preprod")
    answers, before = caller.predict([ORDINARY, GIANT]), deployments.configuration("preprod")
    deployments.change(
        deployments.project.deployment, "Shadow version 1", {"settings.toml": lambda text: edited(text, settings)}
    )
    run = deployments.dispatch(2)
    assert deployments.conclusion(run) == "waiting"
    (variant,) = deployments.endpoint("preprod")["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == 2
    served = deployments.configuration("preprod")
    assert served["DataCaptureConfig"]["InitialSamplingPercentage"] == 50
    assert served["ProductionVariants"][0]["ModelName"] == before["ProductionVariants"][0]["ModelName"]
    assert [variant["VariantName"] for variant in served["ShadowProductionVariants"]] == ["Shadow"]
    assert caller.predict([ORDINARY, GIANT]) == answers
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}
    dimensions = {"EndpointName": deployments.name("preprod"), "VariantName": "Shadow"}
    found = deployments.root("preprod", "cloudwatch").list_metrics(
        **metric, Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()]
    )
    assert found["Metrics"]


def test_a_project_that_serves_is_not_deleted_and_loses_nothing(deployments: Deployments) -> None:
    (run,) = deployments.waiting()
    serving = deployments.endpoint("prod")["EndpointConfigName"]
    deployments.release(run)
    deployments.wait_until_updating("prod", serving)

    status, reason = deployments.delete_project()

    assert status == "DeleteFailed"
    assert reason.endswith("cannot be deleted while TerminationProtection is enabled")
    assert deployments.launch_stack() == ("CREATE_COMPLETE", True)
    assert deployments.conclusion(run) == "success"
    for environment in ("preprod", "prod"):
        assert deployments.endpoint(environment)["EndpointStatus"] == "InService"
        assert len(deployments.application(environment).predict([ORDINARY])) == 1
        assert len([role for role in deployments.roles(environment) if deployments.project.id in role]) == 5
    for repository in (deployments.project.training, deployments.project.deployment):
        assert not deployments.developer.get(f"/repos/{repository}")["archived"]


def test_the_protection_of_a_project_that_serves_is_not_lifted_and_every_account_says_why(
    deployments: Deployments,
) -> None:
    status, reason = deployments.update_project(DeletionProtection="off")

    assert status == "TAINTED"
    assert "the project stays protected from its deletion" in reason
    for environment in ("preprod", "prod"):
        where = f"account {ACCOUNTS[environment]} ({environment}) still has the project's endpoint"
        assert f"{where} {deployments.name(environment)}" in reason
    assert "retire it first, by the workflow Retire" in reason
    assert deployments.launch_stack() == ("UPDATE_ROLLBACK_COMPLETE", True)


def test_a_project_takes_updates_after_its_deletion_and_its_lifting_were_refused(deployments: Deployments) -> None:
    people = (LEAD_DATA_SCIENTIST.login, DATA_SCIENTIST.login)
    swapped = dict(zip(("GitReviewers", "GitUser"), people, strict=True))

    again = launch.project(deployments.lead, on_status=lambda _: None)
    assert (again.id, again.created) == (deployments.project.id, False)
    assert deployments.update_project(**swapped) == ("AVAILABLE", "")
    assert deployments.launch_stack() == ("UPDATE_COMPLETE", True)
    assert deployments.delete_project()[0] == "DeleteFailed"
    assert deployments.launch_stack() == ("UPDATE_COMPLETE", True)


def test_an_update_with_a_new_time_asks_the_release_managers_of_today_and_one_without_a_change_nobody_else(
    deployments: Deployments,
) -> None:
    place = f"/repos/{deployments.project.deployment}/environments/prod"

    def reviewers() -> list[str]:
        rules = deployments.owner.get(place)["protection_rules"]
        return sorted(each["reviewer"]["login"] for rule in rules for each in rule.get("reviewers", []))

    named = reviewers()
    # As if production had named nobody else when the project was launched.
    before = deployments.owner.get(place)
    deployments.owner.send(
        "PUT",
        place,
        {
            "reviewers": [{"type": "User", "id": RELEASE_MANAGER.id}],
            "prevent_self_review": True,
            "deployment_branch_policy": before["deployment_branch_policy"],
        },
    )

    assert deployments.update_project()[0] == "AVAILABLE"
    assert reviewers() == [RELEASE_MANAGER.login]
    assert deployments.update_project(UpdatedAt="2026-11-30T17:30:00Z") == ("AVAILABLE", "")
    assert reviewers() == named
    assert len(named) == 2


def test_endpoints_are_retired_when_production_s_reviewer_agrees_and_no_sooner(deployments: Deployments) -> None:
    run = deployments.retire()
    assert deployments.conclusion(run) == "waiting"
    assert [deployments.endpoint(each)["EndpointStatus"] for each in ("preprod", "prod")] == ["InService"] * 2
    deployments.release(run)
    assert deployments.conclusion(run) == "success"
    for environment in ("preprod", "prod"):
        remains = deployments.remains(environment)
        assert (remains.endpoints, remains.alarms, remains.dashboards, remains.targets) == ([], [], [], [])
        assert remains.models
        assert len(remains.stacks) == 1


def test_a_retired_project_is_deleted_and_leaves_data_and_nothing_else(deployments: Deployments) -> None:
    assert deployments.delete_project()[0] == "DeleteFailed"
    assert deployments.update_project(DeletionProtection="off") == ("AVAILABLE", "")
    assert deployments.delete_project() == ("DeleteCompleted", "")
    for environment in ("preprod", "prod"):
        remains = deployments.remains(environment)
        kinds = (
            remains.endpoints,
            remains.configurations,
            remains.models,
            remains.alarms,
            remains.dashboards,
            remains.targets,
        )
        assert [name for kind in (*kinds, remains.stacks) for name in kind] == []
        assert [role for role in deployments.roles(environment) if deployments.project.id in role] == []
        assert deployments.keys(environment, "artifacts", f"approved/{deployments.project.id}/")
        assert deployments.keys(environment, "state", f"projects/{deployments.project.id}/.pulumi/stacks/")
    assert [version for version in (1, 2, 3, 4) if deployments.approval(version) != "Approved"] == []
    bucket = f"analytics-dev-{deployments.project.id}-{ACCOUNTS['dev']}-eu-west-1"
    listed = deployments.root("dev", "s3").list_objects_v2(Bucket=bucket, Prefix="approved/")
    assert len([each["Key"] for each in listed["Contents"] if each["Key"].endswith("/model.tar.gz")]) == 4
    for repository in (deployments.project.training, deployments.project.deployment):
        assert deployments.developer.get(f"/repos/{repository}")["archived"]


def test_a_second_deletion_changes_nothing(deployments: Deployments) -> None:
    before = [deployments.remains(environment) for environment in ("preprod", "prod")]
    assert deployments.delete_project()[0] == "DeleteCompleted"
    assert [deployments.remains(environment) for environment in ("preprod", "prod")] == before
