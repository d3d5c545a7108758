"""Targets of schedules: those that start a SageMaker pipeline, in both of their forms.

Source: EventBridge Scheduler User Guide, "Using templated targets", "Using universal targets" and "Adding context
attributes"; its page "Troubleshooting" says that AWS does not compare the input of a universal target with the operation's
model. That the input must have the operation's required members is what users of other services report of CreateSchedule.
"""

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any, cast

from sandbox.aws import validation
from sandbox.aws.errors import NotEmulatedError, ServiceError

OPERATION = "StartPipelineExecution"
UNIVERSAL = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
PIPELINE = re.compile(r"arn:aws:sagemaker:[a-z0-9-]+:\d{12}:pipeline/([^/]+)")
PARAMETERS = "SageMakerPipelineParameters"
COMMON = frozenset({"Arn", "RoleArn", "DeadLetterConfig", "RetryPolicy"})
"""Members of a target in either form."""
ATTRIBUTE = "<aws.scheduler."
LONGEST_INPUT = 256 * 1024

Target = Mapping[str, Any]


def check(target: Target) -> None:
    """Refuse a target that AWS would refuse, or that the sandbox does not know.

    Raises:
        ServiceError: AWS would refuse it.
        NotEmulatedError: the sandbox does not know it.
    """
    universal = target["Arn"] == UNIVERSAL
    if not universal and not PIPELINE.fullmatch(target["Arn"]):
        raise NotEmulatedError(f"the target {target['Arn']} of a schedule")
    others = sorted(set(target) - COMMON - {"Input" if universal else PARAMETERS})
    if others:
        raise NotEmulatedError(f"{', '.join(others)} of the target {target['Arn']} of a schedule")
    if universal:
        _check_input(target.get("Input", ""))
    elif ATTRIBUTE in json.dumps(target):
        raise NotEmulatedError("context attributes in the parameters of a templated target")


def request_text(target: Target, attributes: Mapping[str, str]) -> str:
    """Return the request that a target stands for, as JSON; `attributes` are the context attributes by their names."""
    if target["Arn"] == UNIVERSAL:
        text = str(target["Input"])
        for name, value in attributes.items():
            text = text.replace(f"{ATTRIBUTE}{name}>", value)
        return text
    matched = PIPELINE.fullmatch(target["Arn"])
    parameters = target.get(PARAMETERS, {}).get("PipelineParameterList", [])
    # Each attempt has a token of its own: no document promises that a retry starts no second execution.
    return json.dumps(
        {
            "PipelineName": matched[1] if matched else "",
            "ClientRequestToken": uuid.uuid4().hex,
            **({"PipelineParameters": parameters} if parameters else {}),
        }
    )


def _check_input(text: str) -> None:
    if len(text.encode()) > LONGEST_INPUT:
        raise ServiceError("ValidationException", "The Input is larger than 256 KB.")
    try:
        members = json.loads(text)
    except ValueError as error:
        raise ServiceError("ValidationException", f"Invalid RequestJson provided. Reason {error}.") from None
    if not isinstance(members, dict):
        raise ServiceError("ValidationException", "Invalid RequestJson provided. Reason It is not an object.")
    given = cast(Mapping[str, Any], members)
    shape: Any = validation.service_model("sagemaker").operation_model(OPERATION).input_shape
    missing = [name for name in shape.required_members if name not in given]
    if missing == ["ClientRequestToken"]:
        raise NotEmulatedError("a schedule that starts a pipeline without a ClientRequestToken")
    if missing:
        raise ServiceError(
            "ValidationException",
            "Invalid RequestJson provided. Reason Request payload is missing the following field(s): "
            f"{', '.join(missing)}.",
        )
