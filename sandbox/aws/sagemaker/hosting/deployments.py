"""Deployments: a new fleet starts beside the old one, and the traffic of the endpoint shifts to it.

Source: SageMaker Developer Guide, "Deployment guardrails for updating models in production" and its pages on
blue/green deployments; messages of the stages as in "Events that SageMaker AI sends to Amazon EventBridge".
AWS documents no wording for why a deployment was rolled back: those reasons are the sandbox's own.
"""

import contextvars
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sandbox.aws import clock
from sandbox.aws.ministack import cloudwatch, gateway
from sandbox.aws.sagemaker.hosting.endpoint import Endpoint, Pending
from sandbox.aws.sagemaker.hosting.fleet import Fleet
from sandbox.aws.sagemaker.hosting.model_container import HostingError
from sandbox.aws.service import Members

WATCHED_EVERY_SECONDS = 0.02
"""Interval at which a deployment that bakes looks at its alarms."""


class RolledBackError(Exception):
    """A deployment cannot go on; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One step of a traffic shift: a share of the traffic goes to the new fleet, then the deployment waits."""

    share: float
    wait: int
    """Seconds of AWS's."""
    setting: str
    """The setting that says how long to wait."""
    capacity: str
    """The capacity that gets traffic, in words."""


def shifts(policy: Members, instances: int) -> list[Shift]:
    """Return the steps by which a blue/green policy shifts the traffic to a fleet of so many instances."""
    routing = policy.get("TrafficRoutingConfiguration", {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0})
    last = Shift(
        share=1.0,
        wait=policy.get("TerminationWaitInSeconds", 0),
        setting="TerminationWaitInSeconds",
        capacity=f"full capacity of {instances} instance(s)",
    )
    size: Members | None = {"CANARY": routing.get("CanarySize"), "LINEAR": routing.get("LinearStepSize")}.get(
        routing["Type"]
    )
    if size is None:
        return [last]
    step = portion(size, instances)
    count = 1 if routing["Type"] == "CANARY" else math.ceil(1 / step - 1e-9) - 1
    name = "canary" if routing["Type"] == "CANARY" else "linear step"
    before = [
        Shift(
            share=step * number,
            wait=routing["WaitIntervalInSeconds"],
            setting="WaitIntervalInSeconds",
            capacity=f"{name} capacity of {math.ceil(step * number * instances - 1e-9)} instance(s)",
        )
        for number in range(1, count + 1)
    ]
    return [*before, last]


def portion(size: Members, instances: int) -> float:
    """Return a capacity size as a part of a fleet."""
    return size["Value"] / (100 if size["Type"] == "CAPACITY_PERCENT" else instances)


def create(endpoint: Endpoint, fleet: Fleet) -> None:
    """Start an endpoint's first fleet in the background."""
    endpoint.pending = Pending(fleet=fleet)
    endpoint.set_status("Creating")
    in_background(_create, endpoint, fleet)


def replace(endpoint: Endpoint, fleet: Fleet, deployment: Members | None) -> None:
    """Replace the fleet that serves by a new one, in the background."""
    endpoint.pending = Pending(fleet=fleet)
    endpoint.deployment = deployment
    endpoint.set_status("Updating")
    in_background(_replace, endpoint, fleet)


def in_background(work: Callable[..., object], *arguments: object) -> None:
    """Run a function for the current account and region in a thread of its own."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work, *arguments), name=work.__name__, daemon=True).start()


def alarms(deployment: Members | None) -> list[str]:
    """Return the names of the alarms that roll a deployment back."""
    configured: Sequence[Members] = (deployment or {}).get("AutoRollbackConfiguration", {}).get("Alarms", [])
    return [alarm["AlarmName"] for alarm in configured]


def alarm_state(name: str) -> str | None:
    """Return the state of an alarm of the account, if there is one of that name."""
    alarm = cloudwatch.find_alarm(name)
    return alarm["StateValue"] if alarm else None


def _create(endpoint: Endpoint, fleet: Fleet) -> None:
    endpoint.set_stage("Creating", f"Launching {_instances(fleet)} instance(s).")
    reason = _start(fleet)
    endpoint.pending = None
    if reason is not None:
        endpoint.set_status("Failed", reason)
        return
    endpoint.live = fleet
    endpoint.set_status("InService")


def _replace(endpoint: Endpoint, green: Fleet) -> None:
    blue, pending = endpoint.live, endpoint.pending
    if blue is None or pending is None:
        return
    endpoint.set_stage("Creating", f"Launching {_instances(green)} instance(s).")
    watch = _Watch(endpoint)
    reason = _start(green) or _shift(endpoint, pending, watch)
    if reason is not None:
        pending.share = 0.0
        endpoint.set_status("RollingBack", reason)
        endpoint.set_stage("Deleting", f"Terminating {_instances(green)} instance(s).")
        green.stop()
    else:
        endpoint.live = green
        endpoint.configuration_name = green.configuration_name
        blue.stop()
    endpoint.pending = None
    endpoint.set_status("InService", reason)


def _shift(endpoint: Endpoint, pending: Pending, watch: "_Watch") -> str | None:
    """Shift the traffic; return why it has to go back, if it has to."""
    policy: Members = (endpoint.deployment or {}).get("BlueGreenUpdatePolicy", {})
    try:
        for shift in shifts(policy, _instances(pending.fleet)):
            endpoint.set_stage("ActivatingTraffic", f"Activating traffic on {shift.capacity}.")
            pending.share = shift.share
            endpoint.set_stage(
                "Baking", f"Baking for {shift.wait} seconds ({shift.setting}) with traffic enabled on {shift.capacity}."
            )
            watch.bake(shift.wait)
    except RolledBackError as rolled_back:
        return str(rolled_back)
    except Exception as error:  # Whatever happens, a deployment ends, and the old fleet serves on.
        gateway.logger.exception("deployment of %s", endpoint.name)
        return f"InternalServerError: {error!r}"
    return None


def _start(fleet: Fleet) -> str | None:
    """Start a fleet; return why it cannot serve, if it cannot."""
    try:
        fleet.start()
    except HostingError as failure:
        return str(failure)
    except Exception as error:  # An endpoint that cannot be started has failed; it is not creating for ever.
        gateway.logger.exception("endpoint %s", fleet.endpoint)
        return f"InternalServerError: {error!r}"
    return None


def _instances(fleet: Fleet) -> int:
    return sum(variant.instances for variant in fleet.production)


class _Watch:
    """The alarms and the time limit of one deployment."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._alarms = alarms(endpoint.deployment)
        policy: Members = (endpoint.deployment or {}).get("BlueGreenUpdatePolicy", {})
        self._limit: int | None = policy.get("MaximumExecutionTimeoutInSeconds")
        self._started = time.monotonic()
        self._baked = 0.0
        self._emulated = 0.0

    def bake(self, seconds: int) -> None:
        """Wait, and watch the alarms meanwhile.

        Raises:
            RolledBackError: an alarm went off, or the deployment takes too long.
        """
        start = time.monotonic()
        end = start + clock.seconds(seconds)
        self._check(0, seconds)
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, WATCHED_EVERY_SECONDS))
            self._check(time.monotonic() - start, seconds)
        self._baked += time.monotonic() - start
        self._emulated += seconds

    def _check(self, baked: float, seconds: int) -> None:
        fired = [name for name in self._alarms if alarm_state(name) == "ALARM"]
        if fired:
            raise RolledBackError(
                f"The deployment was rolled back: these alarms of its AutoRollbackConfiguration are in ALARM state: "
                f"{', '.join(fired)}."
            )
        waited = clock.seconds(seconds)
        now_emulated = self._emulated + (seconds * min(baked / waited, 1) if waited else 0)
        # Work takes as long as anywhere; only what AWS waits for is compressed.
        worked = time.monotonic() - self._started - self._baked - baked
        if self._limit is not None and now_emulated + worked > self._limit:
            raise RolledBackError(
                f"The deployment was rolled back: it took longer than MaximumExecutionTimeoutInSeconds ({self._limit})."
            )


def problems(deployment: Members, instances: int) -> Iterator[str]:
    """Yield the problems for which AWS refuses a deployment configuration."""
    policy: Members = deployment.get("BlueGreenUpdatePolicy", {})
    routing: Members = policy.get("TrafficRoutingConfiguration", {})
    kind = routing.get("Type")
    for wanted, member, least in (("CANARY", "CanarySize", 0.0), ("LINEAR", "LinearStepSize", 0.1)):
        size: Members | None = routing.get(member)
        if kind == wanted and size is None:
            yield f"{member} is required when the traffic routing type is {wanted}."
        elif kind != wanted and size is not None:
            yield f"{member} is only allowed when the traffic routing type is {wanted}."
        elif size is not None and not least <= portion(size, instances) <= 0.5:
            yield f"{member} must be at most 50%{' and at least 10%' if least else ''} of the variant's instances."
    configured = alarms(deployment)
    missing = [name for name in configured if alarm_state(name) is None]
    if missing:
        yield f"The following alarms of AutoRollbackConfiguration do not exist: {', '.join(missing)}."
