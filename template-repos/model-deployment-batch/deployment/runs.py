"""Run windows by hand: one now, or all of a period that have input; and show how the last runs went."""

import logging
import os
import time
from collections.abc import Callable, Sequence

from batch.window import input_uri
from deployment.deploy import live_batch
from deployment.executions import Executions, Finished
from deployment.running import running_version
from deployment.settings import Settings
from mlops_platform.project import aws, summary
from mlops_platform.release import DeploymentError
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.waiting import CREDENTIAL_MINUTES, MINUTES_BESIDES

logger = logging.getLogger(__name__)

SHOWN = 10
"""Executions in the status."""
MINUTES = CREDENTIAL_MINUTES - MINUTES_BESIDES
"""Time for all runs of a command: the workflow's credentials last no longer."""


def executions(owner: Project, environment: Environment, configured: Settings) -> Executions:
    """Return the executions of an environment."""
    live = live_batch(owner, environment)
    return Executions(
        names=live.names,
        plan=configured.plans[environment.name],
        sagemaker=live.sagemaker,
        s3=aws.client("s3", owner.region),
    )


def attempt() -> str:
    """Return what tells an attempt from others: a step of a workflow that is repeated is the same, a run of it another."""
    run = os.environ.get("GITHUB_RUN_ID")
    return f"{run}-{os.environ.get('GITHUB_RUN_ATTEMPT', '1')}" if run else os.urandom(16).hex()


def run(owner: Project, environment: Environment, configured: Settings, arguments: Sequence[str]) -> None:
    """Score a window now, also if it was scored before.

    Raises:
        DeploymentError: it has no input, or the run fails.
    """
    [window] = arguments
    made = executions(owner, environment, configured)
    _require_input(made, configured, [window])
    finished = made.run(
        window, input_uri=input_uri(made.names, configured.input, window), attempt=attempt(), minutes=MINUTES
    )
    summary.publish(_table(f"{environment.name} scored {window}", [finished]))


def backfill(
    owner: Project,
    environment: Environment,
    configured: Settings,
    arguments: Sequence[str],
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Score the windows of a period, one after another, that the version which runs has not scored yet, or not all.

    Windows are compared as texts, which is their order in time: 2026-11-01 is before 2026-11-01T02:00:00Z, and the last one
    is included with all that begins with it. Started again, it goes on where it was interrupted.

    Raises:
        DeploymentError: no window has input, a run fails, another version is deployed meanwhile, or the time is over before all
            are done.
    """
    first, last = arguments
    version = running_version(live_batch(owner, environment))
    made = executions(owner, environment, configured)
    wanted = [
        each
        for each in made.windows(configured.input.prefix)
        if first <= each and (each <= last or each.startswith(last))
    ]
    if not wanted:
        raise DeploymentError(
            f"no window from {first} to {last} has input below {made.names.uri('input', configured.input.prefix)}/"
        )
    todo = [each for each in wanted if not made.is_scored(each, configured.input.prefix, version)]
    logger.info("%d windows have input, %d of them were not scored by %s as it is", len(wanted), len(todo), version)
    finished: list[Finished] = []
    ends = now() + MINUTES * 60
    try:
        for index, window in enumerate(todo):
            if now() >= ends:
                left = len(todo) - index
                raise DeploymentError(
                    f"the time is over, and {left} windows are left: run this again, it goes on with {window}"
                )
            uri = input_uri(made.names, configured.input, window)
            finished.append(made.run(window, input_uri=uri, attempt=attempt(), minutes=(ends - now()) / 60))
            if (scored_by := finished[-1].manifest["model_package_arn"]) != version:
                raise DeploymentError(
                    f"{window} was scored by {scored_by}, which was deployed meanwhile: run this again, it scores the other "
                    "windows of the period by that version, too"
                )
    finally:
        done = f"{len(finished)} of {len(wanted)} windows, {len(wanted) - len(todo)} were scored before"
        summary.publish(_table(f"{environment.name}: {done}", finished))


def status(owner: Project, environment: Environment, configured: Settings, _: Sequence[str]) -> None:
    """Publish the version that runs, the schedule, and the latest executions with their cost.

    Raises:
        DeploymentError: nothing is deployed.
    """
    live, made = live_batch(owner, environment), executions(owner, environment, configured)
    version, schedule = running_version(live), live.schedule()
    rows = {
        "version": f"`{version}`",
        "schedule": "none: runs are started by hand"
        if schedule is None or not configured.plans[environment.name].schedule
        else f"`{schedule['ScheduleExpression']}` in {schedule['ScheduleExpressionTimezone']}, {schedule['State']}",
    }
    lines = [
        f"| {each['StartTime']:%Y-%m-%d %H:%M} | {each.get('PipelineExecutionDisplayName', '')} "
        f"| {each['PipelineExecutionStatus']} {each.get('PipelineExecutionFailureReason', '')} "
        f"| {made.price(made.seconds(each['PipelineExecutionArn'])):.3f} |\n"
        for each in made.latest(SHOWN)
    ]
    heading = "| started | execution | status | USD at most |\n|---|---|---|---:|\n"
    summary.publish(f"## {environment.name}\n\n{summary.table(rows)}\n{heading}{''.join(lines)}\n")


def _require_input(made: Executions, configured: Settings, windows: Sequence[str]) -> None:
    known = made.windows(configured.input.prefix)
    if missing := [each for each in windows if each not in known]:
        newest = f"; the newest is {known[-1]}" if known else ""
        raise DeploymentError(
            f"{', '.join(missing)} has no input below {made.names.uri('input', configured.input.prefix)}/{newest}"
        )


def _table(heading: str, finished: Sequence[Finished]) -> str:
    lines = [
        f"| {each.window} | {each.manifest['rows']['in']} | {each.manifest['rows']['out']} "
        f"| {each.manifest['rows']['quarantined']} | {each.manifest['drift']['verdict']} | {each.seconds / 60:.1f} | {each.usd:.3f} |\n"
        for each in finished
    ]
    columns = (
        "| window | rows in | out | quarantined | drift | minutes | USD at most |\n|---|---:|---:|---:|---|---:|---:|\n"
    )
    total = f"\n{sum(each.usd for each in finished):.3f} USD at most.\n" if len(finished) > 1 else ""
    return f"## {heading}\n\n{columns}{''.join(lines)}{total}\n"
