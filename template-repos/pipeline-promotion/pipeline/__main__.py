"""The pipeline's commands.

python -m pipeline definition ENVIRONMENT          print the definition
python -m pipeline local-run                       run it on this machine and serve the model; fails if it is not good enough
python -m pipeline diff ENVIRONMENT                show what this commit changes in the definition that is live
python -m pipeline converge ENVIRONMENT            make this commit's pipeline live, once an execution of it has succeeded
python -m pipeline run ENVIRONMENT                 start the live version, and follow it
python -m pipeline rollback ENVIRONMENT VERSION    make an earlier version live
python -m pipeline status ENVIRONMENT              list the versions, and say when the live one starts
"""

import argparse
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_platform import REPOSITORY
from mlops_platform.pipeline import remote, upload
from mlops_platform.pipeline.expressions import Json
from mlops_platform.project import aws, summary
from mlops_platform.promotion import PromotionError, difference
from mlops_platform.promotion.promote import Promotion
from mlops_platform.promotion.schedule import Schedule
from mlops_platform.promotion.versions import LIVE, Pipeline, Proposal, Version
from mlops_platform.release import DeploymentError, release_function
from pipeline import commands, environments, project, this_machine
from pipeline.commands import NO_COMMIT
from pipeline.definition import definition, project_tags
from pipeline.environments import INCOMING, Environment
from pipeline.project import ENVIRONMENTS, EXAMPLE, Project

logger = logging.getLogger(__name__)


def main(arguments: list[str]) -> None:
    """Run one command; exits with 1 and a message if it fails for a reason that its user can act on."""
    options = _parser().parse_args(arguments)
    with commands.messages(PromotionError, DeploymentError):
        configured = environments.read(REPOSITORY / "settings.toml")[options.environment]
        if options.command == "local-run":
            _local_run(configured, options.folder, options.mse_threshold)
            return
        if options.command == "definition":
            owner = _read(options.environment) if project.FILE.is_file() else EXAMPLE
            with this_machine.sources(configured.settings) as sources:
                shown = _definition(owner, configured, sources, NO_COMMIT)
            sys.stdout.write(json.dumps(shown, indent=2) + "\n")
            return
        account = Account(_read(options.environment))
        if options.command == "diff":
            account.diff(configured)
        elif options.command == "converge":
            account.converge(configured, options.minutes)
        elif options.command == "run":
            account.run(configured, options.minutes)
        elif options.command == "rollback":
            account.rollback(options.version)
        else:
            account.status()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description="This project's pipeline.")
    parsers = parser.add_subparsers(dest="command", required=True)
    local = parsers.add_parser("local-run", help="run the pipeline on this machine, and serve the model")
    local.add_argument("--environment", choices=ENVIRONMENTS, default="dev", help="whose settings (default: dev)")
    commands.add_local_run(local)
    for name, purpose in {
        "definition": "print the definition",
        "diff": "show what this commit changes in the definition that is live",
        "converge": "make this commit's pipeline live, once an execution of it has succeeded",
        "run": "start the live version, and follow it until it ends",
        "rollback": "make an earlier version live",
        "status": "list the versions, and say when the live one starts",
    }.items():
        command = parsers.add_parser(name, help=purpose)
        command.add_argument("environment", choices=ENVIRONMENTS)
        if name == "rollback":
            command.add_argument("version", type=int, help="number of the version; `status` lists them")
        if name in ("converge", "run"):
            command.add_argument("--minutes", type=float, default=50, help="follow at most so long (default: 50)")
    return parser


def _read(environment: str) -> Project:
    def parameter(region: str, name: str) -> str:
        return aws.client("ssm", region).get_parameter(Name=name)["Parameter"]["Value"]

    return project.read(environment, parameter)


def _definition(owner: Project, configured: Environment, sources: Mapping[str, Path], commit: str) -> Json:
    uris = {kind: upload.target_uri(source, f"{owner.storage}/{kind}") for kind, source in sources.items()}
    return definition(
        owner,
        configured.settings,
        code_uri=uris["code"],
        data_uri=f"{owner.storage}/{INCOMING}/" if configured.running.data == INCOMING else uris["data"],
        commit=commit,
        approval=configured.approval_status,
    )


def _local_run(configured: Environment, folder: Path | None, mse_threshold: float | None) -> None:
    # An environment's own data stay in its account.
    configured = replace(
        configured,
        running=replace(configured.running, data="repository"),
        settings=commands.with_threshold(configured.settings, mse_threshold),
    )
    with this_machine.sources(configured.settings) as sources:
        built = _definition(EXAMPLE, configured, sources, NO_COMMIT)
        this_machine.run(EXAMPLE, configured.settings, built, sources, folder)


class Account:
    """The pipeline in one environment's account."""

    def __init__(self, owner: Project) -> None:
        self._owner = owner
        self._sagemaker: Any = aws.client("sagemaker", owner.region)
        self._pipeline = Pipeline(name=owner.pipeline_name, sagemaker=self._sagemaker, say=logger.info)

    def diff(self, configured: Environment) -> None:
        """Report what this commit would change; needs no more than to describe the pipeline."""
        owner = self._owner
        names = {
            owner.storage: "storage",
            owner.kms_key_arn: "data key",
            **{subnet: f"subnet {number}" for number, subnet in enumerate(owner.subnet_ids, start=1)},
            **dict.fromkeys(owner.security_group_ids, "security group"),
        }
        with this_machine.sources(configured.settings) as sources:
            proposed = _definition(owner, configured, sources, NO_COMMIT)
        lines = difference.difference(self._pipeline.live_definition(), proposed, names)
        summary.publish(difference.markdown(owner.environment, lines))

    def converge(self, configured: Environment, minutes: float) -> None:
        """Make this commit's pipeline live, and its schedule that of the settings.

        Raises:
            ProjectError: no commit is known.
            DeploymentError: those who let the job in may not release it.
            ExecutionError: an execution of the version failed; what was live still is.
        """
        owner = self._owner
        commit = commands.commit("Deploy", "a version names the commit that it was made from")
        self._require_release()
        s3 = aws.client("s3", owner.region)
        with this_machine.sources(configured.settings) as sources:
            for kind, source in sources.items():
                if kind != "data" or configured.running.data != INCOMING:
                    upload.upload(s3, source, f"{owner.storage}/{kind}", owner.kms_key_arn)
            built, code = _definition(owner, configured, sources, commit), upload.digest(sources["code"])
        running = configured.running
        promotion = Promotion(
            pipeline=self._pipeline,
            follow=lambda arn: self._follow(configured, arn, minutes),
            converge_schedule=lambda: self._schedule().converge(running.schedule, running.time_zone),
        )
        proposal = Proposal(
            definition=built,
            role_arn=owner.pipeline_role_arn,
            description=f"Trains, evaluates and registers the model of project {owner.name}.",
            tags=project_tags(owner),
            commit=commit,
        )
        version = promotion.promote(proposal, commands.attempt())
        rows = {
            "version": f"{version.number}, `{version.name}`",
            "code": f"`{code}`, the same in every environment",
            "starts": f"{running.schedule}, {running.time_zone}" if running.schedule else "by hand",
        }
        summary.publish(f"## {owner.pipeline_name} is live in {owner.environment}\n\n{summary.table(rows)}\n")

    def run(self, configured: Environment, minutes: float) -> None:
        """Start the live version, and follow it.

        Raises:
            ExecutionError: it failed, or takes too long.
        """
        attempt = commands.attempt()
        arn = remote.start(
            self._sagemaker,
            name=self._owner.pipeline_name,
            token=remote.idempotency_token(self._owner.pipeline_name, LIVE, attempt),
            display_name=attempt,
            version=LIVE,
        )
        self._follow(configured, arn, minutes)

    def rollback(self, number: int) -> None:
        """Make a version live that was made earlier.

        Raises:
            DeploymentError: those who let the job in may not release it.
            PromotionError: there is no such version, or no execution is known that proved it.
        """
        self._require_release()
        moved = self._pipeline.converge(number)
        if not moved:
            logger.info("version %d is live already", number)
        self.status()

    def status(self) -> None:
        """List the versions, the newest first, and say when the live one starts."""
        owner = self._owner
        versions = self._pipeline.versions()
        lines = [self._row(version) for version in versions]
        table = "\n".join(["| version | name | made | last execution | |", "|---:|---|---|---|---|", *lines])
        schedule = self._schedule().current()
        starts = "Nothing starts it but people."
        if schedule is not None:
            starts = (
                f"It starts at {schedule['ScheduleExpression']}, {schedule['ScheduleExpressionTimezone']} "
                f"({schedule['State'].lower()})."
            )
        if not any(version.is_live for version in versions):
            starts = "**No version is live**: nothing can start it. Run the workflow *Deploy* or *Rollback*."
        summary.publish(f"## {owner.pipeline_name} in {owner.environment}\n\n{table}\n\n{starts}\n\n")

    def _require_release(self) -> None:
        """Ask the account, before anything is changed, whether those who let the job in may release to it as its settings are now."""
        owner = self._owner
        if owner.release_function is not None:
            release_function.ask(owner.region, owner.release_function, owner.model_package_group, {"action": "promote"})

    def _row(self, version: Version) -> str:
        live = "**live**" if version.is_live else ""
        status = self._pipeline.last_status(version) or "none"
        return f"| {version.number} | {version.name} | {version.made:%Y-%m-%d %H:%M} UTC | {status} | {live} |"

    def _schedule(self) -> Schedule:
        owner = self._owner
        return Schedule(
            pipeline_name=owner.pipeline_name,
            group=owner.schedule_group,
            role_arn=owner.schedule_role_arn,
            dead_letters_arn=owner.dead_letters_arn,
            scheduler=aws.client("scheduler", owner.region),
            say=logger.info,
        )

    def _follow(self, configured: Environment, execution_arn: str, minutes: float) -> None:
        owner = self._owner
        commands.follow(
            owner,
            configured.settings,
            execution_arn,
            minutes,
            title=f"{owner.pipeline_name} in {owner.environment}",
            registered=f"Registered as {configured.approval_status}",
        )


if __name__ == "__main__":
    main(sys.argv[1:])
