"""Keys of schedules: who creates a schedule uses the key through Scheduler, the target's role decrypts with it.

Source: EventBridge Scheduler User Guide, "Encryption at rest" and "Identity-based policies".
"""

from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.ministack import kms, scope

CREATOR_ACTIONS = ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")


def require_creator(caller: Principal, key_id: str, schedule_arn: str) -> None:
    """Refuse a key that does not exist, or that the caller may not use for the schedule.

    Raises:
        ServiceError: it is, or AccessDeniedError.
    """
    key = kms.find_key(key_id)
    if key is None or key["KeyState"] != "Enabled":
        raise ServiceError("ValidationException", f"KMS key {key_id} does not exist or is not enabled.")
    via = {"kms:ViaService": f"scheduler.{scope.region()}.amazonaws.com", **_context(caller, schedule_arn)}
    for action in CREATOR_ACTIONS:
        authorization.require(caller, action, key["Arn"], via)


def require_role(role: Principal, key_id: str, schedule_arn: str) -> None:
    """Refuse unless the role of a target may decrypt what the target gets.

    Raises:
        ServiceError: it may not, or the key is gone.
    """
    key = kms.find_key(key_id)
    if key is None or key["KeyState"] != "Enabled":
        raise ServiceError("DisabledException", f"{key_id} is disabled or does not exist.")
    authorization.require(role, "kms:Decrypt", key["Arn"], _context(role, schedule_arn))


def _context(principal: Principal, schedule_arn: str) -> dict[str, str]:
    return {
        "kms:CallerAccount": principal.account_id,
        "kms:EncryptionContext:aws:scheduler:schedule:arn": schedule_arn,
    }
