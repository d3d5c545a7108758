"""Decisions about a project's models, the events that they cause, and the deployments that follow."""

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
REGISTERED = ("ModelPackageGroupName", "InferenceSpecification", "ModelMetrics", "ModelPackageDescription")
"""Properties that versions of one model share."""


class Approvals(Deployments):
    """The project's versions, decisions about them, and everything that shows a decision."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.trigger = self.root("dev", "lambda")
        self._events = self._queue("events", "events.amazonaws.com")
        self._alarms = self._queue("alarms", "sns.amazonaws.com")
        self._seen: list[dict[str, Any]] = []
        self._subscribe()

    # Versions

    def register(self, artifact: str | None = None) -> int:
        """Register the trained model again, or another `artifact` as if it were that, as the owner of the account."""
        sagemaker = self.root("dev", "sagemaker")
        trained = sagemaker.describe_model_package(ModelPackageName=self.package(1))
        properties = {name: trained[name] for name in REGISTERED}
        if artifact is not None:
            properties["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] = artifact
        arn: str = sagemaker.create_model_package(**properties, ModelApprovalStatus="PendingManualApproval")[
            "ModelPackageArn"
        ]
        return int(arn.rpartition("/")[2])

    def decide(self, version: int, *decisions: Decision) -> None:
        """Decide about a version as the lead data scientist, once or several times in a row."""
        sagemaker = self.lead.client("sagemaker")
        for decision in decisions:
            sagemaker.update_model_package(ModelPackageArn=self.package(version), ModelApprovalStatus=decision)

    def delete(self, version: int) -> None:
        """Delete a version, as the owner of the account."""
        self.root("dev", "sagemaker").delete_model_package(ModelPackageName=self.package(version))

    # Events and alarms

    def events(self, version: int) -> Counter[str]:
        """Return the number of events so far about a version, by approval status."""
        self._seen += [json.loads(message)["detail"] for message in self._messages(self._events)]
        arn = self.package(version)
        return Counter(detail["ModelApprovalStatus"] for detail in self._seen if detail["ModelPackageArn"] == arn)

    def alarms(self) -> list[dict[str, Any]]:
        """Return the alarms sent to the topic since the last call."""
        return [json.loads(json.loads(message)["Message"]) for message in self._messages(self._alarms)]

    def failures(self) -> list[dict[str, Any]]:
        """Return the events in the trigger's dead-letter queue, and leave them there."""
        queues = self.root("dev", "sqs")
        queue = queues.get_queue_url(QueueName=f"{TRIGGER}-failures")["QueueUrl"]
        found = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    def disturb_events(self, **fault: int) -> None:
        """Lose the next events about model packages (`drop_events`) or deliver them twice (`repeat_events`)."""
        page = f"{self.servers.aws.url}/_sandbox/faults"
        http_client.call(self.servers, "POST", page, {}, {"detail_type": STATE_CHANGE, **fault})

    # Deployments

    def decisions(self, version: int) -> list[dict[str, Any]]:
        """Return the decisions about a version in the trigger's log."""
        return self.reported("model_package_arn", self.package(version))

    def reported(self, key: str, value: str) -> list[dict[str, Any]]:
        """Return what the trigger's log says with this value of a key."""
        pages = (
            self.root("dev", "logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/aws/lambda/{TRIGGER}", filterPattern=f'"{key}"')
        )
        lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
        found = [json.loads(line["message"]) for line in lines if line["message"].startswith("{")]
        return [each for each in found if each[key] == value]

    def decided(self, version: int, count: int) -> list[dict[str, Any]]:
        """Wait for that many decisions about a version, and return them."""

        def found() -> list[dict[str, Any]] | None:
            decisions = self.decisions(version)
            return decisions if len(decisions) >= count else None

        return wait_until(found, f"{count} decisions about version {version}")

    def sweep(self) -> list[dict[str, Any]]:
        """Run the trigger's sweep for lost events, and return its decisions."""
        answer = self.trigger.invoke(FunctionName=TRIGGER, Payload=json.dumps({"sweep": True}))
        return json.loads(answer["Payload"].read())

    def records(self, version: int) -> list[dict[str, Any]]:
        """Return the records of a version's approvals in the project's bucket, oldest first."""
        bucket = self.bucket("dev", self.project.id)
        keys = self.keys("dev", self.project.id, f"deployments/{version}/")
        storage = self.root("dev", "s3")
        return [json.loads(storage.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in sorted(keys)]

    def runs(self, version: int) -> list[dict[str, Any]]:
        """Return the runs of a version, oldest first."""
        found = self.developer.runs(self.project.deployment, WORKFLOW)
        return [run for run in found if self.package(version) in run["display_title"].split()]

    def status(self, run: int) -> str:
        """Return the current status of a run."""
        return str(self.developer.run(self.project.deployment, run)["status"])

    def serving(self, environment: str) -> str | None:
        """Return the name of an endpoint's live configuration; None when there is no endpoint."""
        return (
            next(iter(self.remains(environment).endpoints), None) and self.endpoint(environment)["EndpointConfigName"]
        )

    # GitHub

    def start(self, arn: str, *, member: Member) -> int:
        """Run the workflow by hand as a member, with any text in place of the model package's ARN."""
        path = f"/repos/{self.project.deployment}/actions/workflows/{WORKFLOW}/dispatches"
        inputs = {"model_package_arn": arn}
        answer = member.send("POST", path, {"ref": "main", "inputs": inputs, "return_run_details": True})
        return int(answer["workflow_run_id"])

    def review(self, run: int, member: Member, state: Literal["approved", "rejected"]) -> None:
        """Review a waiting run as a member.

        Raises:
            RefusedError: the run does not wait for this member.
        """
        path = self.path(run, "pending_deployments")
        waiting = [entry["environment"]["id"] for entry in member.listed(path)]
        member.send("POST", path, {"environment_ids": waiting, "state": state, "comment": "Reviewed by a test"})

    def disturb_dispatches(self, **fault: Any) -> None:
        """Make GitHub fail the next requests that start the workflow (see `sandbox.github.faults`)."""
        where = {"method": "POST", "path": f"/{self.project.deployment}/actions/workflows/{WORKFLOW}/dispatches$"}
        http_client.call(self.servers, "POST", f"{self.servers.github.url}/_sandbox/faults", {}, {**where, **fault})

    def clear_disturbances(self) -> None:
        """Remove all faults from both servers."""
        for server in (self.servers.aws, self.servers.github):
            http_client.call(self.servers, "DELETE", f"{server.url}/_sandbox/faults", {})

    def dispatches(self) -> list[int]:
        """Return GitHub's status code for each request to start the workflow."""
        requests: Any = http_client.call(self.servers, "GET", f"{self.servers.github.url}/_sandbox/requests", {})
        return [
            request["status"]
            for request in requests
            if request["method"] == "POST" and request["path"].endswith(f"{WORKFLOW}/dispatches")
        ]

    # Roles

    def job(self, role: str, repository: str, **context: str) -> boto3.Session:
        """Assume a role as a job of a repository, in an `environment` or on a `ref`.

        Raises:
            ClientError: the role does not trust this job.
        """
        sts: Any = boto3.client("sts", region_name=REGION, config=Config(signature_version=UNSIGNED))
        token = identities.job_token(self.servers, repository, **context)
        taken = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="test", WebIdentityToken=token)
        return self._taken(taken["Credentials"])

    def become(self, role: str) -> boto3.Session:
        """Assume a role of dev that trusts only a service, by letting the account's owner assume it for a moment."""
        iam, sts = self.root("dev", "iam"), self.root("dev", "sts")
        arn = f"arn:aws:iam::{ACCOUNTS['dev']}:role/{role}"
        trusted = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        owner = {"Effect": "Allow", "Principal": {"AWS": ACCOUNTS["dev"]}, "Action": "sts:AssumeRole"}
        opened = json.dumps({"Version": "2012-10-17", "Statement": [owner]})
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=opened)
        try:
            return self._taken(sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"])
        finally:
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trusted))

    def deployer(self, environment: str) -> boto3.Session:
        """Assume the role that deploys the project's models in an account, as a job of its environment."""
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

    # Subscriptions

    def _queue(self, purpose: str, service: str) -> tuple[str, str]:
        """Create a queue that a service may send to, and return its URL and its ARN."""
        queues = self.root("dev", "sqs")
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNTS['dev']}:test-{purpose}"
        allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        return queues.create_queue(QueueName=f"test-{purpose}", Attributes={"Policy": policy})["QueueUrl"], arn

    def _subscribe(self) -> None:
        """Send every event about model packages, and every alarm, to a queue."""
        events = self.root("dev", "events")
        events.put_rule(Name="test", EventPattern=json.dumps({"detail-type": [STATE_CHANGE]}))
        events.put_targets(Rule="test", Targets=[{"Id": "test", "Arn": self._events[1]}])
        topic = f"arn:aws:sns:{REGION}:{ACCOUNTS['dev']}:{UNIT}-dev-alarms"
        self.root("dev", "sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self._alarms[1])

    def _messages(self, queue: tuple[str, str]) -> list[str]:
        """Return and delete the messages in a queue."""
        queues, found = self.root("dev", "sqs"), list[str]()
        while messages := queues.receive_message(QueueUrl=queue[0], MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                found.append(message["Body"])
                queues.delete_message(QueueUrl=queue[0], ReceiptHandle=message["ReceiptHandle"])
        return found
