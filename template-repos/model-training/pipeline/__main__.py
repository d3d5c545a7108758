"""The pipeline's commands.

python -m pipeline definition             print the definition
python -m pipeline local-run              run it on this machine and serve the model; fails if it is not good enough
python -m pipeline upsert                 upload code and data, create or update the pipeline
python -m pipeline start                  start an execution and print its ARN
python -m pipeline wait EXECUTION_ARN     follow an execution; fails if it does
python -m pipeline record EXECUTION_ARN   record an execution that has ended in MLflow
python -m pipeline trial NUMBER           train a pull request on a sample, and follow that
python -m pipeline remove-trial NUMBER    remove its pipeline
"""

import argparse
import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mlops_platform import REPOSITORY
from mlops_platform.pipeline import remote, upload
from mlops_platform.pipeline.expressions import Json
from mlops_platform.project import aws
from pipeline import commands, feature_group, project, this_machine, tracking, training_settings, trial
from pipeline.champion import Champion, find
from pipeline.commands import NO_COMMIT
from pipeline.definition import FeatureGroup, definition, project_tags
from pipeline.feature_group import FeatureGroupError
from pipeline.settings import Settings
from pipeline.training_settings import TrainingSettings

logger = logging.getLogger(__name__)


def main(arguments: list[str]) -> None:
    """Run one command; exits with 1 and a message if it fails for a reason that its user can act on."""
    options = _parser().parse_args(arguments)
    with commands.messages(FeatureGroupError, tracking.TrackingError):
        configured = training_settings.read(REPOSITORY / "settings.toml")
        if options.command == "definition":
            with this_machine.sources(configured) as sources:
                shown = _definition(_project_or_example(), configured, sources, os.environ.get("GITHUB_SHA", NO_COMMIT))
            sys.stdout.write(json.dumps(shown, indent=2) + "\n")
        elif options.command == "local-run":
            configured = commands.with_threshold(configured, options.mse_threshold)
            owner = _project_or_example()
            with this_machine.sources(configured) as sources:
                group = _downloaded(owner, options) if options.features else None
                built = _definition(owner, configured, sources, NO_COMMIT, group=group)
                records = {group.records_uri: options.features} if group else {}
                this_machine.run(owner, configured, built, sources, options.folder, records)
        elif options.command == "upsert":
            _upsert(project.read(), configured)
        elif options.command == "start":
            _start(project.read())
        elif options.command == "record":
            tracking.record(project.read(), configured.tracking, options.execution_arn)
        elif options.command == "trial":
            _trial(trial.project_of(project.read(), options.number), trial.settings_of(configured), options.minutes)
        elif options.command == "remove-trial":
            owner = trial.project_of(project.read(), options.number)
            remote.remove(aws.client("sagemaker", owner.region), owner.pipeline_name)
        else:
            _wait(project.read(), configured, options.execution_arn, options.minutes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description="This project's pipeline.")
    parsers = parser.add_subparsers(dest="command", required=True)
    parsers.add_parser("definition", help="print the definition")
    local = parsers.add_parser("local-run", help="run the pipeline on this machine, and serve the model")
    commands.add_local_run(local)
    local.add_argument(
        "--features", type=Path, help="train from this folder: a downloaded offline store of a feature group"
    )
    local.add_argument("--record-identifier", help="the group's feature that tells records apart")
    local.add_argument("--event-time", help="the group's feature that says when a record became what it is")
    parsers.add_parser("upsert", help="upload code and data, create or update the pipeline")
    parsers.add_parser("start", help="start an execution and print its ARN")
    wait = parsers.add_parser("wait", help="follow an execution until it ends")
    recorded = parsers.add_parser("record", help="record an execution that has ended in MLflow")
    for command in (wait, recorded):
        command.add_argument("execution_arn")
    tried = parsers.add_parser("trial", help="train a pull request on a sample, and follow that until it ends")
    removed = parsers.add_parser("remove-trial", help="remove the pipeline of a pull request")
    for command in (tried, removed):
        command.add_argument("number", type=int, help="number of the pull request")
    for command in (wait, tried):
        command.add_argument(
            "--minutes", type=float, default=50, help="give up following after this time (default: 50)"
        )
    return parser


def _project_or_example() -> project.Project:
    return project.read() if project.FILE.is_file() else project.EXAMPLE


def _downloaded(owner: project.Project, options: argparse.Namespace) -> FeatureGroup:
    """Return the group whose offline store was downloaded, as of now."""
    if not (options.record_identifier and options.event_time):
        raise FeatureGroupError(
            "--features needs --record-identifier and --event-time, which the group was created with"
        )
    return FeatureGroup(
        name=options.features.name,
        records_uri=f"{owner.storage}/{feature_group.FOLDER}/{options.features.name}",
        record_identifier=options.record_identifier,
        event_time=options.event_time,
        as_of=feature_group.now(),
    )


def _definition(
    owner: project.Project,
    configured: Settings,
    sources: Mapping[str, Path],
    commit: str,
    *,
    champion: Champion | None = None,
    group: FeatureGroup | None = None,
) -> Json:
    uris = {kind: upload.target_uri(source, f"{owner.storage}/{kind}") for kind, source in sources.items()}
    return definition(
        owner,
        configured,
        code_uri=uris["code"],
        data_uri=uris["data"],
        commit=commit,
        champion=champion,
        feature_group=group,
    )


def _upsert(owner: project.Project, configured: TrainingSettings) -> None:
    if configured.tracking.mlflow:
        tracking.require_app(owner)
    commit = commands.commit("Train", "the pipeline names the commit that it was made from")
    sagemaker, name, group = aws.client("sagemaker", owner.region), configured.source.feature_group, None
    if name:
        group = feature_group.find(sagemaker, aws.client("s3", owner.region), owner, name)
        logger.info("data: feature group %s as of %s", name, group.as_of)
    champion = find(sagemaker, owner.model_package_group)
    logger.info("champion: %s", f"version {champion.version}" if champion else "none")
    with this_machine.sources(configured) as sources:
        purpose = f"Trains, evaluates and registers the model of project {owner.name}."
        built = _definition(owner, configured, sources, commit, champion=champion, group=group)
        _publish(owner, sources, built, purpose)


def _trial(owner: project.Project, configured: TrainingSettings, minutes: float) -> None:
    with this_machine.sources(configured) as sources, tempfile.TemporaryDirectory() as folder:
        sampled = {**sources, "data": trial.sample(sources["data"], Path(folder), configured)}
        purpose = f"Trains pull request {owner.trial} of project {owner.name} on a sample."
        _publish(owner, sampled, _definition(owner, configured, sampled, NO_COMMIT), purpose)
    _wait(owner, configured, _started(owner), minutes)


def _publish(owner: project.Project, sources: Mapping[str, Path], built: Json, purpose: str) -> None:
    """Upload what the pipeline reads, and create or update it."""
    s3 = aws.client("s3", owner.region)
    for kind, source in sources.items():
        upload.upload(s3, source, f"{owner.storage}/{kind}", owner.kms_key_arn)
    outcome = remote.upsert(
        aws.client("sagemaker", owner.region),
        name=owner.pipeline_name,
        definition=built,
        role_arn=owner.pipeline_role_arn,
        description=purpose,
        tags=project_tags(owner),
    )
    logger.info("pipeline %s: %s", owner.pipeline_name, outcome)


def _start(owner: project.Project) -> None:
    sys.stdout.write(f"{_started(owner)}\n")


def _started(owner: project.Project) -> str:
    """Start an execution, and return its ARN."""
    attempt = commands.attempt()
    return remote.start(
        aws.client("sagemaker", owner.region),
        name=owner.pipeline_name,
        token=remote.idempotency_token(owner.pipeline_name, attempt),
        display_name=attempt,
    )


def _wait(owner: project.Project, configured: Settings, execution_arn: str, minutes: float) -> None:
    registered = "Registered, waiting for approval"
    commands.follow(owner, configured, execution_arn, minutes, title=owner.pipeline_name, registered=registered)


if __name__ == "__main__":
    main(sys.argv[1:])
