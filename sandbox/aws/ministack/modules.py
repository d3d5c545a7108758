"""MiniStack's modules; `contract` lists the names of them that this package uses."""

from importlib import import_module
from typing import Any

application: Any = import_module("ministack.app")
router: Any = import_module("ministack.core.router")
responses: Any = import_module("ministack.core.responses")
evaluator: Any = import_module("ministack.core.iam_evaluator")
actions: Any = import_module("ministack.core.iam_actions")
lambda_runtime: Any = import_module("ministack.core.lambda_runtime")
tls: Any = import_module("ministack.core.tls")
lambda_service: Any = import_module("ministack.services.lambda_svc")
iam: Any = import_module("ministack.services.iam")
sts: Any = import_module("ministack.services.sts")
kms: Any = import_module("ministack.services.kms")
s3: Any = import_module("ministack.services.s3")
ec2: Any = import_module("ministack.services.ec2")
cloudwatch: Any = import_module("ministack.services.cloudwatch")
secretsmanager: Any = import_module("ministack.services.secretsmanager")
sns: Any = import_module("ministack.services.sns")
sqs: Any = import_module("ministack.services.sqs")
eventbridge: Any = import_module("ministack.services.eventbridge")
tagging: Any = import_module("ministack.services.tagging")
cloudformation: Any = import_module("ministack.services.cloudformation")
helpers: Any = import_module("ministack.services.cloudformation.helpers")
stacks: Any = import_module("ministack.services.cloudformation.stacks")
provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
engine: Any = import_module("ministack.services.cloudformation.engine")
