"""Calls of targets: with the target's role, tried again if a failure may pass, and put into the dead-letter queue.

Source: EventBridge Scheduler User Guide, "Configuring a schedule's dead-letter queue", "Monitoring with CloudWatch" and
"Cross-service confused deputy prevention"; API Reference, RetryPolicy. Not documented are the pauses (users saw a minute
between the first two attempts) and which errors are permanent: here, all that are the caller's fault and no throttling.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.aws import clock, deliveries, faults, queue_writers
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.iam.service_authorization import sagemaker as service_authorization
from sandbox.aws.ministack import cloudwatch, gateway, sqs
from sandbox.aws.sagemaker import service as sagemaker
from sandbox.aws.scheduler import encryption, targets
from sandbox.aws.service import Call

SERVICE = "scheduler.amazonaws.com"
FIRST_PAUSE = 60.0
"""Seconds of AWS's before the first retry; each further pause is twice as long."""
INTERNAL_ERROR = "AWS.Scheduler.InternalServerError"
THROTTLING = frozenset({"ThrottlingException", "TooManyRequestsException"})
DEFAULT_RETRIES: Mapping[str, int] = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}


@dataclass(kw_only=True)
class Invocation:
    """One run of a schedule."""

    schedule_arn: str
    group_arn: str
    target: Mapping[str, Any]
    key: str | None
    """KMS key of the schedule."""
    scheduled: float
    """The moment for which it was scheduled, in seconds since the epoch."""
    account: str
    window: float
    """Seconds of AWS's that it may come late; some of them pass first."""
    exists: Callable[[], bool]
    """Whether the schedule is still there, once they have passed."""
    attempts: int = 0
    execution_id: str = ""
    request: str = ""

    def run(self) -> None:
        """Call the target until it answers, or the retries are used up; called in a thread of its own."""
        clock.sleep(self.window * secrets.randbelow(1000) / 1000)
        if not self.exists():
            return
        begun = clock.elapsed()
        while (error := self._attempt()) is not None:
            end = self._wait_for_retry(error, begun)
            if end is not None:
                self._give_up(error, end)
                break

    def _wait_for_retry(self, error: ServiceError, begun: float) -> str | None:
        """Wait until it is time for another attempt; else return which limit is exhausted, or nothing for a permanent error."""
        retries = {**DEFAULT_RETRIES, **self.target.get("RetryPolicy", {})}
        if not _may_pass(error):
            return ""
        if self.attempts > retries["MaximumRetryAttempts"]:
            return "MaximumRetryAttempts"
        pause = FIRST_PAUSE * 2 ** (self.attempts - 1)
        left = retries["MaximumEventAgeInSeconds"] - (clock.elapsed() - begun)
        clock.sleep(min(pause, left))
        return "MaximumEventAgeInSeconds" if pause >= left else None

    def _attempt(self) -> ServiceError | None:
        """Call the target once; return the error, if there is one."""
        self.attempts += 1
        self.execution_id = secrets.token_hex(8)
        self.request = targets.request_text(
            self.target,
            {
                "attempt-number": str(self.attempts),
                "execution-id": self.execution_id,
                "schedule-arn": self.schedule_arn,
                "scheduled-time": self._scheduled_time(),
            },
        )
        self._count("InvocationAttemptCount")
        try:
            role = self._assume_role()
            if self.key is not None:
                encryption.require_role(role, self.key, self.schedule_arn)
            _call(role, self.request)
            if faults.loses_answer():
                raise ServiceError("InternalFailure", "The answer got lost.", 500)
        except ServiceError as error:
            self._count("TargetErrorCount")
            gateway.logger.warning(
                "%s, attempt %s: %s: %s", self.schedule_arn, self.attempts, error.code, error.message
            )
            return error
        except Exception:  # Whatever happens, an invocation ends.
            gateway.logger.exception("%s", self.schedule_arn)
            return ServiceError(INTERNAL_ERROR, "Unexpected error occurred while processing the request")
        return None

    def _assume_role(self) -> Principal:
        role = self.target["RoleArn"]
        if not may_assume(role, self.account, self.group_arn):
            raise ServiceError("AccessDenied", f"{SERVICE} is not authorized to perform: sts:AssumeRole on {role}", 403)
        return authorization.session(role, secrets.token_hex(16))

    def _give_up(self, error: ServiceError, exhausted: str) -> None:
        queue = self.target.get("DeadLetterConfig", {}).get("Arn")
        if exhausted:
            self._count("InvocationDroppedCount")
        if queue is None:
            return
        if not self._may_send(queue):
            self._count("InvocationsFailedToBeSentToDeadLetterCount")
            return
        attributes = {
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": error.message,
            "EXECUTION_ID": self.execution_id,
            **({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {}),
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(self.attempts - 1),
            "SCHEDULED_TIME": self._scheduled_time(),
            "SCHEDULE_ARN": self.schedule_arn,
            "TARGET_ARN": targets.UNIVERSAL,
        }
        deliveries.send(queue, self.request, attributes)
        self._count("InvocationsSentToDeadLetterCount")

    def _may_send(self, queue: str) -> bool:
        try:
            role = self._assume_role()
        except ServiceError:
            return False
        return sqs.find_queue(queue) is not None and queue_writers.may_send(role, queue)

    def _scheduled_time(self) -> str:
        return f"{datetime.fromtimestamp(self.scheduled, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def _count(self, metric: str) -> None:
        cloudwatch.record_count("AWS/Scheduler", metric, 1, {"ScheduleGroup": self.group_arn.rpartition("/")[2]})


def may_assume(role: str, account: str, group_arn: str) -> bool:
    """Return whether Scheduler may assume a role for the schedules of a group."""
    return authorization.service_may_assume(role, SERVICE, source_account=account, source_arn=group_arn)


def _may_pass(error: ServiceError) -> bool:
    if isinstance(error, NotEmulatedError):
        return False
    return error.status >= 500 or error.status == 429 or error.code in THROTTLING


def _call(role: Principal, text: str) -> None:
    """Call the operation as SageMaker's front end would: IAM decides, then the request is checked.

    Raises:
        ServiceError: SageMaker refuses it.
    """
    try:
        members = json.loads(text)
    except ValueError as error:
        raise ServiceError("ValidationException", f"the input is not JSON: {error}") from None
    operation = targets.OPERATION
    resource = service_authorization.resource(operation, members)
    found = service_authorization.context(operation, members)
    context = {key: value for key, value in found if value is not None}
    authorization.require(role, f"sagemaker:{operation}", resource, context)
    checked = sagemaker.SERVICE.parse(operation, text.encode())
    sagemaker.SERVICE.operations[operation](Call(operation=operation, members=checked, caller=role))
