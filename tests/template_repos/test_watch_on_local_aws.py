"""Watching on the local AWS: the roles that a project gets, the schedule, a real job on shifted requests, and whom its alarm asks."""

import hashlib
import json
import tarfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.monitoring.baseline import write
from tests.rendering import Renderings
from tests.sandbox_aws.account import Account
from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer, prod
from tests.sandbox_aws.test_aws_events import Wiring
from tests.template_repos.local_deployment import ARTIFACT, BUCKET, OWN, WITHIN_SECONDS, LocalDeployment
from tests.template_repos.mlops_platform.monitoring.abalone import LATER, WEIGHTS, baseline, heavier
from tests.template_repos.mlops_platform.monitoring.test_captured import line

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer", "prod"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NAME = f"{OWN}-watch"
CAPTURED = "captured/p-abcdefghijkl/v3"
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
    write(baseline(), work / "baseline.json")
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
def findings(deployed: LocalDeployment) -> dict[str, Any]:
    """The findings in a day of shifted requests."""
    now = datetime.fromtimestamp(deployed.prod.page("clock", "POST", seconds=0.001)["now"], UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    moment, s3 = midnight - timedelta(hours=12), deployed.prod.client("s3")
    request = "".join(f"{','.join(heavier(row, 1.5))}\n" for row in LATER[:500])
    event = line(f"{moment:%Y-%m-%dT%H:%M:%SZ}", request, "9.5\n" * 500)
    s3.put_object(Bucket=BUCKET, Key=f"{CAPTURED}/placeholder", Body=b"Requests lie here.\n")
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


def test_its_alarm_invokes_the_deployment_trigger_of_development(
    deployed: LocalDeployment, findings: dict[str, Any], trigger: Wiring
) -> None:
    event = json.loads(trigger.take(trigger.arrived, seconds=60)["Body"])
    assert event["alarmArn"] == f"arn:aws:cloudwatch:eu-west-1:333333333333:alarm:{OWN}-drift"
    assert event["alarmData"]["state"]["value"] == "ALARM"
    assert deployed.metric("DriftedFeatures") == [len(findings["drifted"])]
