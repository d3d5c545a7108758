"""The endpoint as SageMaker has it, whatever the state says: waiting for it, judging it, tidying up behind it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment import DeploymentError
from deployment.project import Environment

BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
"""SageMaker refuses changes in these; each ends by itself."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Time, which tests pass faster."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def describe(sagemaker: Any, name: str) -> dict[str, Any] | None:
    """The endpoint, or None when there is none."""
    try:
        return sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if "Could not find" in error.response["Error"]["Message"]:
            return None
        raise


def settled(
    sagemaker: Any, name: str, *, minutes: float, say: Callable[[str], None], clock: Clock
) -> dict[str, Any] | None:
    """The endpoint once nothing is being done to it any more.

    Raises:
        DeploymentError: something still is when the time is over.
    """
    started = clock.now()
    said = ""
    while True:
        endpoint = describe(sagemaker, name)
        status = endpoint["EndpointStatus"] if endpoint else "absent"
        if status not in BUSY:
            return endpoint
        if status != said:
            said = status
            say(f"{name} is {status}: waiting")
        elapsed = clock.now() - started
        pause = min(10.0, 1.0 + elapsed / 30)
        if elapsed + pause > minutes * 60:
            raise DeploymentError(
                f"{name} is still {status} after {minutes:.0f} minutes; run this again when it is not"
            )
        clock.sleep(pause)


def ready_for_update(
    sagemaker: Any, name: str, *, minutes: float, say: Callable[[str], None], clock: Clock
) -> dict[str, Any] | None:
    """The endpoint when it can be updated; one that failed is deleted, because nothing else can be done with it."""
    endpoint = settled(sagemaker, name, minutes=minutes, say=say, clock=clock)
    if endpoint is None or endpoint["EndpointStatus"] != "Failed":
        return endpoint
    say(f"{name} has failed ({endpoint.get('FailureReason', 'no reason given')}): deleting it, to make it anew")
    sagemaker.delete_endpoint(EndpointName=name)
    return settled(sagemaker, name, minutes=minutes, say=say, clock=clock)


def instances(endpoint: dict[str, Any] | None) -> int:
    """How many instances serve, which autoscaling may have added to; 0 when there are none."""
    variants = (endpoint or {}).get("ProductionVariants", [])
    return max((variant.get("DesiredInstanceCount", 0) for variant in variants), default=0)


def require_serving(
    endpoint: dict[str, Any] | None, environment: Environment, configuration: str | None, cloudwatch: Any
) -> None:
    """Make sure that the endpoint serves exactly this configuration.

    SageMaker takes a release back when an alarm fires, and the endpoint is InService again with what it had before. The
    provider then reports success (terraform-provider-aws issues 46663 and 48997), so the endpoint itself is asked.

    Args:
        endpoint: what SageMaker says of it.
        environment: where it is.
        configuration: what was asked for; None when the update failed before it could say.
        cloudwatch: client that knows which alarms are on.

    Raises:
        DeploymentError: it serves something else or nothing; with SageMaker's reason and the alarms that are on.
    """
    name = environment.endpoint_name
    status, serving = (
        ("absent", "") if endpoint is None else (endpoint["EndpointStatus"], endpoint["EndpointConfigName"])
    )
    if (status, serving) == ("InService", configuration):
        return
    if configuration is None:
        what = f"pulumi up failed in {environment.name}; its messages are above"
    elif status == "InService":
        what = f"{environment.name} was rolled back: it serves what it served before"
    else:
        what = f"{environment.name} does not serve the model"
    lines = [
        what,
        f"  {name} is {status}" + (f" with {serving}" if serving else ""),
        *([f"  asked for was {configuration}"] if configuration else []),
        f"  reason: {(endpoint or {}).get('FailureReason') or 'SageMaker gave none'}",
        *(f"  alarm {alarm}" for alarm in _firing(cloudwatch, name)),
    ]
    raise DeploymentError("\n".join(lines))


def _firing(cloudwatch: Any, prefix: str) -> list[str]:
    answer = cloudwatch.describe_alarms(AlarmNamePrefix=f"{prefix}-", StateValue="ALARM")
    return [f"{alarm['AlarmName']}: {alarm.get('StateReason', '')}" for alarm in answer["MetricAlarms"]]


def prune(sagemaker: Any, environment: Environment, *, serving: str, before: str) -> list[str]:
    """Delete endpoint configurations and models that neither serve nor served last; returns their names.

    The program leaves them where they are (`retain_on_delete`): while a release can still be rolled back, SageMaker needs
    the configuration that it replaces.
    """
    prefix = f"{environment.endpoint_name}-v"
    configurations = _listed(sagemaker, "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", prefix)
    kept = {serving, before}
    if before in ("", serving):
        # Nothing was replaced this time: what served before is the youngest but the one that serves.
        kept.update([name for name in configurations if name != serving][:1])
    models = {model for name in kept & set(configurations) for model in _models_of(sagemaker, name)}
    deleted: list[str] = []
    for name in configurations:
        if name not in kept:
            sagemaker.delete_endpoint_config(EndpointConfigName=name)
            deleted.append(name)
    for name in _listed(sagemaker, "list_models", "Models", "ModelName", prefix):
        if name not in models:
            sagemaker.delete_model(ModelName=name)
            deleted.append(name)
    return deleted


def _listed(sagemaker: Any, operation: str, key: str, name: str, prefix: str) -> list[str]:
    """Names that begin so, the youngest first."""
    pages = sagemaker.get_paginator(operation).paginate(
        NameContains=prefix, SortBy="CreationTime", SortOrder="Descending"
    )
    return [entry[name] for page in pages for entry in page[key] if entry[name].startswith(prefix)]


def _models_of(sagemaker: Any, configuration: str) -> list[str]:
    content = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
    variants = [*content["ProductionVariants"], *content.get("ShadowProductionVariants", [])]
    return [variant["ModelName"] for variant in variants]
