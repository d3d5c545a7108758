"""The one door to MiniStack: the modules and the private names of it that the sandbox relies on.

MiniStack has no plugin interface, so the sandbox replaces some of its functions. Every name that it reads or replaces
is listed in `contract`, which compares them with what is installed.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from sandbox.aws import faults

application: Any = import_module("ministack.app")
router: Any = import_module("ministack.core.router")
responses: Any = import_module("ministack.core.responses")
evaluator: Any = import_module("ministack.core.iam_evaluator")
actions: Any = import_module("ministack.core.iam_actions")
lambda_runtime: Any = import_module("ministack.core.lambda_runtime")
tls: Any = import_module("ministack.core.tls")
functions: Any = import_module("ministack.services.lambda_svc")
iam: Any = import_module("ministack.services.iam")
sts: Any = import_module("ministack.services.sts")
kms: Any = import_module("ministack.services.kms")
s3: Any = import_module("ministack.services.s3")
ec2: Any = import_module("ministack.services.ec2")
cloudwatch: Any = import_module("ministack.services.cloudwatch")
logs: Any = import_module("ministack.services.cloudwatch_logs")
secrets: Any = import_module("ministack.services.secretsmanager")
sns: Any = import_module("ministack.services.sns")
sqs: Any = import_module("ministack.services.sqs")
eventbridge: Any = import_module("ministack.services.eventbridge")
tagging: Any = import_module("ministack.services.tagging")
cloudformation: Any = import_module("ministack.services.cloudformation")
helpers: Any = import_module("ministack.services.cloudformation.helpers")
stacks: Any = import_module("ministack.services.cloudformation.stacks")
provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
engine: Any = import_module("ministack.services.cloudformation.engine")

Response = tuple[int, dict[str, str], bytes]
"""What a MiniStack service answers: status, headers, body."""


def account_id() -> str:
    """The account of the request that is being answered."""
    return responses.get_account_id()


def region() -> str:
    """The region of the request that is being answered."""
    return responses.get_region()


def scoped_store() -> Any:
    """A dictionary whose keys belong to the account and region of the request that is being answered."""
    return responses.AccountRegionScopedDict()


def send_event(source: str, kind: str, resources: Sequence[str], detail: Mapping[str, Any]) -> None:
    """Send an event of an AWS service to the account's default bus; a fault may lose or repeat it."""
    entry = {"Source": source, "DetailType": kind, "Resources": list(resources), "Detail": json.dumps(detail)}
    for _ in range(faults.times_sent(kind)):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
