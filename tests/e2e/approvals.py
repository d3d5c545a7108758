"""Decisions about a project's models in a sandbox of the tests' own: what is told of them, and what is made of them."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from sandbox import http_client, identities
from sandbox.demo.member import Member
from sandbox.demo.releases import WORKFLOW
from tests.e2e.deployments import Deployments
from tests.e2e.sandbox import ACCOUNTS, REGION, UNIT, Sandbox
from tests.e2e.wait import wait_until

Decision = Literal["Approved", "Rejected"]

TRIGGER = f"{UNIT}-dev-deployment-trigger"
STATE_CHANGE = "SageMaker Model Package State Change"
REGISTERED = ("ModelPackageGroupName", "InferenceSpecification", "ModelMetrics", "CustomerMetadataProperties")
"""What versions of one model have in common."""


class Approvals(Deployments):
    """The project's versions, who decides about them, and where each decision shows."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.trigger = self.root("dev", "lambda")
        self._events = self._queue("events", "events.amazonaws.com")
        self._notices = self._queue("notices", "sns.amazonaws.com")
        self._seen: list[dict[str, Any]] = []
        self._listen()

    # Versions

    def register(self) -> int:
        """Register the trained model once more, as the owner of the account: people may not."""
        sagemaker = self.root("dev", "sagemaker")
        trained = sagemaker.describe_model_package(ModelPackageName=self.package(1))
        what = {name: trained[name] for name in REGISTERED}
        arn: str = sagemaker.create_model_package(**what, ModelApprovalStatus="PendingManualApproval")[
            "ModelPackageArn"
        ]
        return int(arn.rpartition("/")[2])

    def decide(self, version: int, *decisions: Decision) -> None:
        """Let the lead data scientist decide about a version, once or several times in a row."""
        sagemaker = self.lead.client("sagemaker")
        for decision in decisions:
            sagemaker.update_model_package(ModelPackageArn=self.package(version), ModelApprovalStatus=decision)

    def delete(self, version: int) -> None:
        """Delete a version, as the owner of the account."""
        self.root("dev", "sagemaker").delete_model_package(ModelPackageName=self.package(version))

    # What is told

    def arrived(self, version: int) -> Counter[str]:
        """The approval statuses of a version that events told of, and how often, to whoever listens."""
        self._seen += [json.loads(message)["detail"] for message in self._messages(self._events)]
        arn = self.package(version)
        return Counter(detail["ModelApprovalStatus"] for detail in self._seen if detail["ModelPackageArn"] == arn)

    def alarms(self) -> list[dict[str, Any]]:
        """What alarms have told their topic since it was last asked for."""
        return [json.loads(json.loads(message)["Message"]) for message in self._messages(self._notices)]

    def failures(self) -> list[dict[str, Any]]:
        """The events that the trigger gave up: they wait in its queue of failures, and go on waiting."""
        queues = self.root("dev", "sqs")
        queue = queues.get_queue_url(QueueName=f"{TRIGGER}-failures")["QueueUrl"]
        found = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    def disturb_events(self, **fault: int) -> None:
        """Let the next events about model packages get lost (`drop_events`) or come twice (`repeat_events`)."""
        page = f"{self.servers.aws.url}/_sandbox/faults"
        http_client.call(self.servers, "POST", page, {}, {"detail_type": STATE_CHANGE, **fault})

    # What is made of it

    def decisions(self, version: int) -> list[dict[str, Any]]:
        """What the trigger's log says that it decided about a version."""
        pages = (
            self.root("dev", "logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/aws/lambda/{TRIGGER}", filterPattern='"model_package_arn"')
        )
        lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
        said = [json.loads(line["message"]) for line in lines if line["message"].startswith("{")]
        return [decision for decision in said if decision["model_package_arn"] == self.package(version)]

    def decided(self, version: int, count: int) -> list[dict[str, Any]]:
        """The first decisions about a version, once there are that many."""

        def found() -> list[dict[str, Any]] | None:
            decisions = self.decisions(version)
            return decisions if len(decisions) >= count else None

        return wait_until(found, f"{count} decisions about version {version}")

    def sweep(self) -> list[dict[str, Any]]:
        """Let the trigger look for lost events now, and return what it decides."""
        answer = self.trigger.invoke(FunctionName=TRIGGER, Payload=json.dumps({"sweep": True}))
        return json.loads(answer["Payload"].read())

    def records(self, version: int) -> list[dict[str, Any]]:
        """What the project's bucket remembers of the approvals of a version, oldest first."""
        bucket = self.bucket("dev", self.project.id)
        keys = self.keys("dev", self.project.id, f"deployments/{version}/")
        storage = self.root("dev", "s3")
        return [json.loads(storage.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in sorted(keys)]

    def runs(self, version: int) -> list[dict[str, Any]]:
        """The runs that were started with a version, oldest first."""
        found = self.developer.runs(self.project.deployment, WORKFLOW)
        return [run for run in found if self.package(version) in run["display_title"].split()]

    def status(self, run: int) -> str:
        """How a run is now."""
        return str(self.developer.run(self.project.deployment, run)["status"])

    def serving(self, environment: str) -> str | None:
        """The configuration that an endpoint serves; None when there is no endpoint."""
        return next(iter(self.left(environment).endpoints), None) and self.endpoint(environment)["EndpointConfigName"]

    # GitHub

    def start(self, arn: str, *, member: Member) -> int:
        """Let somebody run the workflow by hand, with whatever they say is a model package."""
        path = f"/repos/{self.project.deployment}/actions/workflows/{WORKFLOW}/dispatches"
        inputs = {"model_package_arn": arn}
        answer = member.send("POST", path, {"ref": "main", "inputs": inputs, "return_run_details": True})
        return int(answer["workflow_run_id"])

    def review(self, run: int, member: Member, state: Literal["approved", "rejected"]) -> None:
        """Let somebody review what waits in a run.

        Raises:
            RefusedError: they are not asked.
        """
        path = self.path(run, "pending_deployments")
        waiting = [entry["environment"]["id"] for entry in member.listed(path)]
        member.send("POST", path, {"environment_ids": waiting, "state": state, "comment": "As it should be"})

    def disturb_dispatches(self, **fault: Any) -> None:
        """Let GitHub fail the next requests that start the workflow (see `sandbox.github.faults`)."""
        where = {"method": "POST", "path": f"/{self.project.deployment}/actions/workflows/{WORKFLOW}/dispatches$"}
        http_client.call(self.servers, "POST", f"{self.servers.github.url}/_sandbox/faults", {}, {**where, **fault})

    def undisturbed(self) -> None:
        """Forget all disturbances."""
        for server in (self.servers.aws, self.servers.github):
            http_client.call(self.servers, "DELETE", f"{server.url}/_sandbox/faults", {})

    def dispatches(self) -> list[int]:
        """How GitHub answered each request to start the workflow."""
        requests: Any = http_client.call(self.servers, "GET", f"{self.servers.github.url}/_sandbox/requests", {})
        return [
            request["status"]
            for request in requests
            if request["method"] == "POST" and request["path"].endswith(f"{WORKFLOW}/dispatches")
        ]

    # Roles

    def job(self, role: str, repository: str, **context: str) -> boto3.Session:
        """Take a role as a job of a repository, in an `environment` or on a `ref`.

        Raises:
            ClientError: AWS does not let this job in.
        """
        sts: Any = boto3.client("sts", region_name=REGION, config=Config(signature_version=UNSIGNED))
        token = identities.job_token(self.servers, repository, **context)
        taken = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="story", WebIdentityToken=token)
        return self._taken(taken["Credentials"])

    def become(self, role: str) -> boto3.Session:
        """Take a role of dev that only a service assumes: for a moment, its trust lets the account's owner in."""
        iam, sts = self.root("dev", "iam"), self.root("dev", "sts")
        arn = f"arn:aws:iam::{ACCOUNTS['dev']}:role/{role}"
        trusted = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        owner = {"Effect": "Allow", "Principal": {"AWS": ACCOUNTS["dev"]}, "Action": "sts:AssumeRole"}
        opened = json.dumps({"Version": "2012-10-17", "Statement": [owner]})
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=opened)
        try:
            return self._taken(sts.assume_role(RoleArn=arn, RoleSessionName="story")["Credentials"])
        finally:
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trusted))

    def deployer(self, environment: str) -> boto3.Session:
        """The role that deploys the project's models in an account, as a job of its environment has it."""
        return self.job(self.deployment_role(environment), self.project.deployment, environment=environment)

    def deployment_role(self, environment: str) -> str:
        return f"arn:aws:iam::{ACCOUNTS[environment]}:role/{self.name(environment)}-deployment"

    def _taken(self, credentials: Mapping[str, str]) -> boto3.Session:
        return identities.session(
            {
                "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
                "AWS_SESSION_TOKEN": credentials["SessionToken"],
            },
            REGION,
        )

    # Listening

    def _queue(self, purpose: str, service: str) -> tuple[str, str]:
        """Make a queue of the account's owner that a service may write to; its address and its ARN."""
        queues = self.root("dev", "sqs")
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNTS['dev']}:story-{purpose}"
        allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        return queues.create_queue(QueueName=f"story-{purpose}", Attributes={"Policy": policy})["QueueUrl"], arn

    def _listen(self) -> None:
        """Hear of every event about model packages, and of every alarm."""
        events = self.root("dev", "events")
        events.put_rule(Name="story", EventPattern=json.dumps({"detail-type": [STATE_CHANGE]}))
        events.put_targets(Rule="story", Targets=[{"Id": "story", "Arn": self._events[1]}])
        topic = f"arn:aws:sns:{REGION}:{ACCOUNTS['dev']}:{UNIT}-dev-alarms"
        self.root("dev", "sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self._notices[1])

    def _messages(self, queue: tuple[str, str]) -> list[str]:
        """Take what is in a queue."""
        queues, found = self.root("dev", "sqs"), list[str]()
        while messages := queues.receive_message(QueueUrl=queue[0], MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                found.append(message["Body"])
                queues.delete_message(QueueUrl=queue[0], ReceiptHandle=message["ReceiptHandle"])
        return found
