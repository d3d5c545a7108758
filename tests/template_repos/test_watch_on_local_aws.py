"""Watching on the local AWS: the project's roles, the schedule, a job on shifted requests and their truth, and whom its alarms ask."""

import hashlib
import json
import tarfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_platform.monitoring.baseline import Gate, write
from tests.rendering import Renderings
from tests.sandbox_aws.account import Account, Credentials, allow
from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer, prod
from tests.sandbox_aws.test_aws_events import Wiring
from tests.template_repos.local_deployment import ARTIFACT, BUCKET, OWN, WITHIN_SECONDS, LocalDeployment
from tests.template_repos.mlops_platform.monitoring.abalone import LATER, WEIGHTS, baseline, heavier
from tests.template_repos.mlops_platform.monitoring.test_captured import line

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer", "prod"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NAME = f"{OWN}-watch"
CAPTURED = "captured/p-abcdefghijkl/v3"
TRUTH = "captured/p-abcdefghijkl/truth"
TRIGGER = "analytics-dev-deployment-trigger"


@pytest.fixture(scope="module")
def trigger(dev: Account, rendered: Renderings) -> Wiring:
    """A function of the deployment trigger's name and policy, which forwards its events to a queue."""
    made = Wiring(dev, TRIGGER)
    made.warm_up()
    for each in rendered("dev").all("lambda/permission:Permission"):
        given = each.inputs
        if given["principal"] == "lambda.alarms.cloudwatch.amazonaws.com":
            dev.client("lambda").add_permission(
                FunctionName=TRIGGER,
                StatementId=given["statementId"],
                Action=given["action"],
                Principal=given["principal"],
                SourceAccount=given["sourceAccount"],
                SourceArn=given["sourceArn"],
            )
    return made


@pytest.fixture(scope="module")
def deployed(
    prod: Account,
    trigger: Wiring,
    rendered: Renderings,
    model_deployment: Path,
    uv_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> LocalDeployment:
    """A version that is watched; its endpoint is left out, and its requests are given."""
    work = tmp_path_factory.mktemp("watch")
    made = LocalDeployment.of(
        prod,
        rendered,
        inference="realtime",
        template=model_deployment,
        environment=uv_environment,
        work=work,
        parameters={"monitoring/retraining-function-arn": trigger.function},
    )
    write(replace(baseline(), gate=Gate(measure="mse", highest=6.0)), work / "baseline.json")
    with tarfile.open(work / "model.tar.gz", "w:gz") as tar:
        tar.add(work / "baseline.json", "baseline.json")
    content = (work / "model.tar.gz").read_bytes()
    prod.client("s3").put_object(Bucket=BUCKET, Key=ARTIFACT, Body=content)
    urn = "urn:pulumi:prod::model-deployment-realtime::"
    made.deploy(
        "model-deployment-realtime",
        "watching",
        sha256=hashlib.sha256(content).hexdigest(),
        targets=(f"{urn}pulumi:providers:aws::aws", f"{urn}mlops:index:Watch**"),
        instances="2",
    )
    return made


@pytest.fixture(scope="module")
def closed(deployed: LocalDeployment, rendered: Renderings) -> LocalDeployment:
    """The account with the policy of its bucket, by which the role `orders` alone brings truth."""
    settings = {"workload": {"developmentAccountId": "111111111111", "truthWriters": ["orders"]}}
    policy = rendered("prod", settings).one("BucketPolicy", "storage-artifacts-policy").inputs["policy"]
    deployed.prod.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=policy)
    return deployed


@pytest.fixture(scope="module")
def orders(closed: LocalDeployment) -> Any:
    """S3 as a system of the account uses it that knows the truth later."""
    rights = allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/{TRUTH}/*"), allow("kms:GenerateDataKey")
    return closed.prod.client("s3", closed.prod.assume(closed.prod.role("orders", *rights)))


@pytest.fixture(scope="module")
def deployer(closed: LocalDeployment) -> Any:
    """S3 as the project's deployment uses it."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return closed.prod.client("s3", Credentials(*(closed.environment[name] for name in names)))


@pytest.fixture(scope="module")
def findings(closed: LocalDeployment, orders: Any, deployer: Any) -> dict[str, Any]:
    """The findings in a day of shifted requests, whose answers were all far off."""
    deployed = closed
    now = datetime.fromtimestamp(deployed.prod.page("clock", "POST", seconds=0.001)["now"], UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    moment, s3 = midnight - timedelta(hours=12), deployed.prod.client("s3")
    request = "".join(f"{','.join(heavier(row, 1.5))}\n" for row in LATER[:500])
    event = line(f"{moment:%Y-%m-%dT%H:%M:%SZ}", request, "9.5\n" * 500, inferenceId="order-1")
    for folder in (CAPTURED, TRUTH):
        deployer.put_object(Bucket=BUCKET, Key=f"{folder}/placeholder", Body=b"Not empty.\n", IfNoneMatch="*")
    orders.put_object(Bucket=BUCKET, Key=f"{TRUTH}/today.csv", Body=f"order-1{',14' * 500}\n".encode())
    s3.put_object(Bucket=BUCKET, Key=f"{CAPTURED}/{OWN}/AllTraffic/{moment:%Y/%m/%d/%H/%M-%S}-000-x.jsonl", Body=event)
    deployed.prod.page("clock", "POST", seconds=(midnight - now).total_seconds() + 15 * 60)
    place = f"watched/p-abcdefghijkl/v3/{midnight:%Y-%m-%dT%H:%M:%SZ}/drift.json"
    deadline = time.monotonic() + WITHIN_SECONDS
    while not s3.list_objects_v2(Bucket=BUCKET, Prefix=place).get("Contents"):
        assert deployed.failures(NAME) == []
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return json.loads(s3.get_object(Bucket=BUCKET, Key=place)["Body"].read())


def test_the_schedule_has_shifted_requests_compared_under_the_roles_of_the_project(findings: dict[str, Any]) -> None:
    assert (findings["verdict"], findings["rows"]) == ("drift", 500)
    assert set(WEIGHTS) <= set(findings["drifted"])


def test_answers_are_measured_by_the_truth_that_was_brought(findings: dict[str, Any]) -> None:
    quality = findings["quality"]
    assert (quality["verdict"], quality["rows"], quality["mse"], quality["limit"]) == ("insufficient", 500, 20.25, 6)


def test_its_alarms_invoke_the_deployment_trigger_of_development(
    deployed: LocalDeployment, findings: dict[str, Any], trigger: Wiring
) -> None:
    events = [json.loads(trigger.take(trigger.arrived, seconds=60)["Body"]) for _ in range(2)]
    alarm = f"arn:aws:cloudwatch:eu-west-1:333333333333:alarm:{OWN}"
    assert {event["alarmArn"] for event in events} == {f"{alarm}-drift", f"{alarm}-quality"}
    assert {event["alarmData"]["state"]["value"] for event in events} == {"ALARM"}
    assert deployed.metric("DriftedFeatures") == [len(findings["drifted"])]
    assert deployed.metric("InsufficientQuality") == [1]


def test_nobody_else_brings_truth(closed: LocalDeployment, deployer: Any) -> None:
    anything = closed.prod.role("anything", allow(["s3:*", "kms:*"]))
    for s3 in (deployer, closed.prod.client("s3", closed.prod.assume(anything))):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=BUCKET, Key=f"{TRUTH}/x.csv", Body=b"order-1,9\n", IfNoneMatch="*")
