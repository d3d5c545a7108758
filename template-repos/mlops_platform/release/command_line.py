"""The commands of a deployment repository.

python -m deployment deploy ENVIRONMENT ARN      deploy a model version; fails unless exactly this version is live in the end
python -m deployment test ENVIRONMENT            test what is live; fails if an answer is wrong, slow or malformed
python -m deployment retire ENVIRONMENT          delete what is deployed; the project can be deleted afterwards
python -m deployment verify ENVIRONMENT ARN SHA  compare the artifact of a released version with the digest that was approved
python -m deployment rollback VERSION            start the workflow with an earlier version (or its ARN), or propose it
python -m deployment propose-retirement          propose to retire production, where releases are pull requests

A repository may add commands of its own.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from mlops_platform import REPOSITORY
from mlops_platform.project import aws, summary
from mlops_platform.project.project_file import ProjectError
from mlops_platform.project.settings_file import SettingsError
from mlops_platform.release import DeploymentError, model, project, pull_request, rollback
from mlops_platform.release.project import ENVIRONMENTS, MAIN, Environment, Project

Settings = TypeVar("Settings")


@dataclass(frozen=True, kw_only=True)
class Command(Generic[Settings]):
    """A command that only this repository has; its first argument is the environment."""

    name: str
    help: str
    arguments: Mapping[str, str]
    """The further arguments, with what each is."""
    run: Callable[[Project, Environment, Settings, Sequence[str]], None]
    """Runs it with the values of these arguments."""


@dataclass(frozen=True, kw_only=True)
class Commands(Generic[Settings]):
    """The parts of the commands that differ between deployment repositories."""

    settings: Callable[[], Settings]
    """Reads settings.toml."""
    deploy: Callable[[Project, Environment, Settings, str], None]
    """Deploys the model version that an ARN names."""
    test: Callable[[Project, Environment, Settings], None]
    """Tests what is live in an environment."""
    retire: Callable[[Project, Environment, Settings], None]
    """Deletes what is deployed to an environment."""
    own: Sequence[Command[Settings]] = ()


def main(arguments: list[str], commands: Commands[Settings]) -> None:
    """Run one command; exits with 1 and a message if it fails for a reason that its user can act on."""
    options = _parser(commands.own).parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)  # at INFO it logs where it found credentials
    try:
        owner = project.read()
        if options.command == "rollback":
            _rollback(owner, options.version)
            return
        if options.command == "propose-retirement":
            _propose_retirement(owner)
            return
        settings = commands.settings()
        environment = owner.environments[options.environment]
        if options.command == "test":
            commands.test(owner, environment, settings)
            return
        _require_account(owner, environment)
        if options.command == "deploy":
            commands.deploy(owner, environment, settings, options.arn)
            model.note_serving(owner, environment, options.arn)
        elif options.command == "retire":
            commands.retire(owner, environment, settings)
            model.note_retired(owner, environment)
        elif options.command == "verify":
            model.require_artifact(owner, environment, options.arn, options.sha256)
        else:
            [own] = [each for each in commands.own if each.name == options.command]
            own.run(owner, environment, settings, [getattr(options, name) for name in own.arguments])
    except (DeploymentError, ProjectError, SettingsError, BotoCoreError, ClientError) as error:
        summary.fail(error)


def _parser(own: Sequence[Command[Settings]]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployment", description="Deploys this project's models.")
    commands = parser.add_subparsers(dest="command", required=True)
    deploy = commands.add_parser("deploy", help="deploy a model version")
    deploy.add_argument("environment", choices=ENVIRONMENTS)
    deploy.add_argument("arn", help="ARN of the approved model package version")
    test = commands.add_parser("test", help="test what is live")
    test.add_argument("environment", choices=ENVIRONMENTS)
    retire = commands.add_parser("retire", help="delete what is deployed")
    retire.add_argument("environment", choices=ENVIRONMENTS)
    verify = commands.add_parser("verify", help="compare the artifact of a version with the digest that was approved")
    verify.add_argument("environment", choices=ENVIRONMENTS)
    verify.add_argument("arn", help="ARN of the approved model package version")
    verify.add_argument("sha256", help="SHA-256 of its artifact, in hexadecimal digits")
    commands.add_parser("propose-retirement", help="propose to retire production, where releases are pull requests")
    back = commands.add_parser("rollback", help="start the workflow with an earlier version, or propose it")
    back.add_argument("version", help="number or ARN of the version")
    for each in own:
        added = commands.add_parser(each.name, help=each.help)
        added.add_argument("environment", choices=ENVIRONMENTS)
        for name, meaning in each.arguments.items():
            added.add_argument(name, help=meaning)
    return parser


def _require_account(owner: Project, environment: Environment) -> None:
    account = aws.client("sts", owner.region).get_caller_identity()["Account"]
    if account != environment.account_id:
        raise DeploymentError(
            f"these are credentials of account {account}; {environment.name} is account {environment.account_id}"
        )


def _rollback(owner: Project, version: str) -> None:
    arn, repository = rollback.arn_of(owner, version), rollback.this_repository(REPOSITORY)
    branch = owner.environments["prod"].branch
    if branch != MAIN:
        page = pull_request.propose_version(repository, branch, arn)
        sys.stdout.write(f"Production gets {arn} when a release manager approves this, and it is merged: {page}\n")
        return
    before = rollback.unfinished(repository)
    page = rollback.dispatch(repository, arn)
    if before:
        sys.stdout.write(
            f"{arn} waits for the runs below: reject or cancel them, or let them end. Another approval before that would take "
            "its place; then run this again.\n"
        )
        sys.stdout.writelines(f"  {run}\n" for run in before)
    sys.stdout.write(f"Deploying {arn} to preprod, then to prod when its reviewer agrees: {page}\n")


def _propose_retirement(owner: Project) -> None:
    branch = owner.environments["prod"].branch
    if branch == MAIN:
        raise DeploymentError("run the workflow Retire: a release manager lets it into production")
    page = pull_request.propose_retirement(rollback.this_repository(REPOSITORY), branch)
    sys.stdout.write(f"Production is retired when a release manager approves this, and it is merged: {page}\n")
