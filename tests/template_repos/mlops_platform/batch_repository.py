"""A small deployment repository, unlike that of real-time endpoints: it deploys a schedule, and has no endpoint to test."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from mlops_platform.release import command_line, model
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.stack import Stack
from mlops_platform.release.steps import step
from mlops_platform.release.testing.aws import FakeAws
from mlops_platform.release.testing.engine import FakeEngine

PROGRAM = "batch"
SCHEDULE = "aws:scheduler/schedule:Schedule"
"""Type of the only resource with a fixed name."""

logger = logging.getLogger(__name__)


def main(arguments: list[str], folder: Path, aws: FakeAws, *, exists: bool = False) -> None:
    """Run one command of the repository in `folder`.

    Args:
        arguments: of the command line.
        folder: the folder of the program.
        aws: the services of AWS.
        exists: the schedule exists already.
    """

    def deploy(owner: Project, environment: Environment, _: None, arn: str) -> None:
        with step("release the model"):
            wanted = model.release(owner, environment, arn)
        stack = Stack(
            program=PROGRAM, folder=folder, project=owner, environment=environment, s3=aws.s3, say=logger.info
        )
        stack.configure({"model": wanted.configuration()})
        stack.select()
        stack.release_lock()
        stack.recover({SCHEDULE: environment.deployment_name} if exists else {})
        with step("pulumi up"):
            assert stack.up() == 0

    def neither(_owner: Project, _environment: Environment, _: None) -> None:
        raise AssertionError("no test of this repository gets here")

    def retire(owner: Project, environment: Environment, _: None) -> None:
        existing = {SCHEDULE: environment.deployment_name} if exists else {}
        Stack(
            program=PROGRAM, folder=folder, project=owner, environment=environment, s3=aws.s3, say=logger.info
        ).retire(existing)

    def say(_owner: Project, environment: Environment, _: None, arguments: Sequence[str]) -> None:
        sys.stdout.write(f"{environment.name} {' '.join(arguments)}\n")

    own = command_line.Command[None](
        name="say", help="say it", arguments={"first": "a word", "last": "a word"}, run=say
    )
    commands = command_line.Commands(settings=lambda: None, deploy=deploy, test=neither, retire=retire, own=[own])
    command_line.main(arguments, commands)


def engine(folder: Path) -> FakeEngine:
    """Return an engine for the repository's program."""
    return FakeEngine(program=PROGRAM, folder=folder)
