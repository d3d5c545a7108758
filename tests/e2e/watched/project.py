"""A project that serves in production, what watches it, and what follows."""

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from sandbox import http_client
from tests.e2e.approvals import Approvals
from tests.e2e.sandbox import ACCOUNTS, CHECKOUT, REGION, Sandbox
from tests.e2e.wait import wait_until

SMOKE = CHECKOUT / "template-repos" / "model-deployment-realtime" / "smoke" / "abalone.csv"
LATE = timedelta(minutes=20)
"""Time before its run at which a window ends."""
FLEXIBLE = timedelta(minutes=15)


def abalones() -> list[list[str]]:
    """Return 50 abalones without their number of rings."""
    with SMOKE.open() as file:
        return [row[:-1] for row in csv.reader(file)]


class Watched(Approvals):
    """The project's endpoint in production, what watches it, and what follows."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.cloudwatch = self.root("prod", "cloudwatch")

    # The schedule

    def move_clock(self, ahead: timedelta) -> datetime:
        """Move the calendar of schedules ahead, and return the time that it is then."""
        page = f"{self.servers.aws.url}/_sandbox/clock"
        answer: Any = http_client.call(self.servers, "POST", page, {}, {"seconds": ahead.total_seconds()})
        return datetime.fromtimestamp(answer["now"], UTC)

    def findings(self) -> dict[str, Any]:
        """Move the clock to the next scheduled run whose window ends after now, and return what that run finds."""
        now = self.move_clock(timedelta(seconds=0.001))
        # The window of the next midnight ends before the requests if they came in the last minutes of the day.
        midnight = (now + LATE).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        self.move_clock(midnight - now + FLEXIBLE)
        place = f"watched/{self.project.id}/v1/{midnight:%Y-%m-%dT%H:%M:%SZ}/"

        def found() -> dict[str, Any] | None:
            assert self.failures_of_runs() == []
            return self._found(place)

        return wait_until(found, "the findings of the scheduled run")

    def wait_until_captured(self, text: str) -> None:
        """Wait until a text is among the captured requests to the first version."""
        bucket, s3 = self.bucket("prod", "artifacts"), self.root("prod", "s3")

        def captured() -> bool:
            # Those of the deployment's own test are there, too.
            keys = self.keys("prod", "artifacts", f"captured/{self.project.id}/v1/")
            bodies = (s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
            return any(text.encode() in body for body in bodies)

        wait_until(captured, "captured requests")

    def _found(self, prefix: str) -> dict[str, Any] | None:
        """Return the findings of the run whose folder has a name; None before there are any."""
        keys = [key for key in self.keys("prod", "artifacts", prefix) if key.endswith("/drift.json")]
        if not keys:
            return None
        content = self.root("prod", "s3").get_object(Bucket=self.bucket("prod", "artifacts"), Key=keys[0])
        return json.loads(content["Body"].read())

    def failures_of_runs(self) -> list[str]:
        """Return the reasons why runs of the pipeline that watches have failed."""
        sagemaker = self.root("prod", "sagemaker")
        executions = sagemaker.list_pipeline_executions(PipelineName=f"{self.name('prod')}-watch")
        arns = [each["PipelineExecutionArn"] for each in executions["PipelineExecutionSummaries"]]
        steps = [
            step
            for arn in arns
            for step in sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        ]
        return [step["FailureReason"] for step in steps if step["StepStatus"] == "Failed"]

    # Alarms and what follows

    def alarm(self, cause: str) -> str:
        """Return the name of an alarm of the endpoint in production, about `drift` or `quality`."""
        return f"{self.name('prod')}-{cause}"

    def alarm_arn(self, cause: str) -> str:
        """Return the ARN of such an alarm."""
        return f"arn:aws:cloudwatch:{REGION}:{ACCOUNTS['prod']}:alarm:{self.alarm(cause)}"

    def state(self, cause: str) -> str:
        """Return the state of such an alarm."""
        [found] = self.cloudwatch.describe_alarms(AlarmNames=[self.alarm(cause)])["MetricAlarms"]
        return found["StateValue"]

    @property
    def dimensions(self) -> list[dict[str, str]]:
        """Dimensions of the metrics that the runs print."""
        return [{"Name": "Project", "Value": self.project.id}, {"Name": "Environment", "Value": "prod"}]

    def trainings(self) -> list[dict[str, Any]]:
        """Return the runs of the training workflow that an alarm started."""
        runs = self.developer.runs(self.project.training, "train.yml")
        return [run for run in runs if run["display_title"].startswith("Drift: prod-")]

    def outcomes(self, cause: str) -> list[dict[str, Any]]:
        """Return the decisions of dev's function about such an alarm, from its log."""
        return self.reported("alarm_arn", self.alarm_arn(cause))

    # Roles

    def owned_role(self, name: str, *statements: dict[str, Any]) -> boto3.Session:
        """Make a role of production, as the account's owner, and assume it."""
        iam, sts = self.root("prod", "iam"), self.root("prod", "sts")
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNTS["prod"]}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([trust]))["Role"]["Arn"]
        iam.put_role_policy(
            RoleName=name,
            PolicyName="own",
            PolicyDocument=_document([{"Effect": "Allow", **statement} for statement in statements]),
        )
        return self._taken(sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"])


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
