"""Metrics of invocations.

Source: SageMaker Developer Guide, "Amazon SageMaker AI metrics in Amazon CloudWatch", and for the dimension
EndpointConfigName, "Auto-Rollback Configuration and Monitoring".
"""

import threading
from collections.abc import Mapping
from http import HTTPStatus

from sandbox.aws.ministack import cloudwatch
from sandbox.aws.service import Members

NAMESPACE = "AWS/SageMaker"
_lock = threading.Lock()

MICROSECONDS = "Microseconds"


def put(
    endpoint: str,
    configuration: str,
    variant: str,
    *,
    instances: int,
    status: int,
    model_latency: float,
    overhead: float,
) -> None:
    """Record one invocation of a variant; latencies are in microseconds, status is the model's."""
    values: Mapping[str, tuple[float, str]] = {
        "Invocations": (1.0, "None"),
        "InvocationsPerInstance": (1.0 / instances, "None"),
        "Invocation4XXErrors": (float(_is(status, HTTPStatus.BAD_REQUEST)), "None"),
        "Invocation5XXErrors": (float(status == 0 or _is(status, HTTPStatus.INTERNAL_SERVER_ERROR)), "None"),
        "InvocationModelErrors": (float(not _is(status, HTTPStatus.OK)), "None"),
        "ModelLatency": (model_latency, MICROSECONDS),
        "OverheadLatency": (overhead, MICROSECONDS),
    }
    of_variant = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    of_fleet = [*of_variant, {"Name": "EndpointConfigName", "Value": configuration}]
    data: list[Members] = [
        {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit}
        for dimensions in (of_variant, of_fleet)
        for name, (value, unit) in values.items()
    ]
    with _lock:  # Invocations are answered at the same time.
        cloudwatch.put_metric_data(NAMESPACE, data)


def _is(status: int, first: HTTPStatus) -> bool:
    return first <= status < first + 100
