"""Roles with which AWS services put messages into queues: Lambda's functions, and EventBridge Scheduler."""

from sandbox.aws import kms
from sandbox.aws.errors import AccessDeniedError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal


def may_send(principal: Principal, queue: str) -> bool:
    """Return whether a role may put messages into a queue, and use the queue's key for it."""
    if not authorization.is_allowed(principal, "sqs:SendMessage", queue):
        return False
    try:
        kms.require_uses(principal, kms.uses_of_queue(queue, kms.QUEUE_WRITE))
    except AccessDeniedError:
        return False
    return True
