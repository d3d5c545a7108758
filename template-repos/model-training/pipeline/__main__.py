"""The pipeline's commands.

python -m pipeline definition             print the definition
python -m pipeline local-run              run it on this machine and serve the model; fails if it is not good enough
python -m pipeline upsert                 upload code and data, create or update the pipeline
python -m pipeline start                  start an execution and print its ARN
python -m pipeline wait EXECUTION_ARN     follow an execution; fails if it does
python -m pipeline trial NUMBER           train a pull request on a sample, and follow that
python -m pipeline remove-trial NUMBER    remove its pipeline
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from mlops_platform import REPOSITORY
from mlops_platform.pipeline import job_code, remote, upload
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.image_environments import ImageEnvironmentError
from mlops_platform.pipeline.local_run import FinishedStep, LocalRun, StepFailedError
from mlops_platform.project import aws, summary
from mlops_platform.project.project_file import ProjectError
from mlops_platform.project.settings_file import SettingsError
from mlops_platform.serving.local_endpoint import ServingError
from pipeline import images, project, report, serving, settings, trial
from pipeline.champion import Champion, find
from pipeline.definition import definition, output_uri, project_tags

logger = logging.getLogger(__name__)
STEPS = REPOSITORY / "steps"
IMPORTED = ("monitoring",)
"""Packages of mlops_platform/ that the steps import."""
COMMIT = "GITHUB_SHA"
"""Environment variable of a workflow's jobs."""
NO_COMMIT = "none"
"""Commit of a definition that is not the repository's pipeline: it is printed, or runs on this machine."""


def main(arguments: list[str]) -> None:
    """Run one command; exits with 1 and a message if it fails for a reason that its user can act on."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)  # at INFO it logs where it found credentials
    try:
        configured = settings.read(REPOSITORY / "settings.toml")
        if options.command == "definition":
            with _sources(configured) as sources:
                shown = _definition(_project_or_example(), configured, sources, os.environ.get(COMMIT, NO_COMMIT))
            sys.stdout.write(json.dumps(shown, indent=2) + "\n")
        elif options.command == "local-run":
            if options.mse_threshold is not None:
                quality = replace(configured.quality, mse_threshold=options.mse_threshold)
                configured = replace(configured, quality=quality)
            _local_run(configured, options.folder)
        elif options.command == "upsert":
            _upsert(project.read(), configured)
        elif options.command == "start":
            _start(project.read())
        elif options.command == "trial":
            _trial(trial.project_of(project.read(), options.number), trial.settings_of(configured), options.minutes)
        elif options.command == "remove-trial":
            owner = trial.project_of(project.read(), options.number)
            remote.remove(aws.client("sagemaker", owner.region), owner.pipeline_name)
        else:
            _wait(project.read(), configured, options.execution_arn, options.minutes)
    except (
        SettingsError,
        ProjectError,
        StepFailedError,
        ImageEnvironmentError,
        ServingError,
        upload.UploadError,
        remote.InvalidDefinitionError,
        remote.ExecutionError,
        BotoCoreError,
        ClientError,
    ) as error:
        sys.exit(f"error: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description="This project's pipeline.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("definition", help="print the definition")
    local = commands.add_parser("local-run", help="run the pipeline on this machine, and serve the model")
    local.add_argument("--folder", type=Path, help="keep every file of the run here (default: a temporary folder)")
    local.add_argument("--mse-threshold", type=float, help="instead of the one in settings.toml")
    commands.add_parser("upsert", help="upload code and data, create or update the pipeline")
    commands.add_parser("start", help="start an execution and print its ARN")
    wait = commands.add_parser("wait", help="follow an execution until it ends")
    wait.add_argument("execution_arn")
    tried = commands.add_parser("trial", help="train a pull request on a sample, and follow that until it ends")
    removed = commands.add_parser("remove-trial", help="remove the pipeline of a pull request")
    for command in (tried, removed):
        command.add_argument("number", type=int, help="number of the pull request")
    for command in (wait, tried):
        command.add_argument(
            "--minutes", type=float, default=50, help="give up following after this time (default: 50)"
        )
    return parser


def _project_or_example() -> project.Project:
    return project.read() if project.FILE.is_file() else project.EXAMPLE


@contextmanager
def _sources(configured: settings.Settings) -> Generator[dict[str, Path]]:
    """Return what is uploaded, by the prefix that it is uploaded to."""
    with job_code.assembled(STEPS, IMPORTED) as code:
        yield {"code": code, "data": REPOSITORY / configured.data.file}


def _definition(
    owner: project.Project,
    configured: settings.Settings,
    sources: Mapping[str, Path],
    commit: str,
    champion: Champion | None = None,
) -> Json:
    uris = {kind: upload.target_uri(source, f"{owner.storage}/{kind}") for kind, source in sources.items()}
    return definition(owner, configured, code_uri=uris["code"], data_uri=uris["data"], commit=commit, champion=champion)


def _local_run(configured: settings.Settings, folder: Path | None) -> None:
    owner = _project_or_example()
    _install_images()
    with tempfile.TemporaryDirectory() as temporary, _sources(configured) as sources:
        run = LocalRun(
            definition=_definition(owner, configured, sources, NO_COMMIT),
            folder=folder or Path(temporary),
            interpreter=images.interpreter,
            on_finished=_log_finished,
        )
        for kind, source in sources.items():
            run.upload(source, upload.target_uri(source, f"{owner.storage}/{kind}"))
        try:
            run.run()
        finally:
            file = run.s3_path(output_uri(owner, run.execution_id, "evaluation")) / "evaluation.json"
            if file.is_file():
                measured = json.loads(file.read_text())
                summary.publish(report.metrics_table(measured, configured.quality.mse_threshold))
        logger.info("The model is good enough to be registered.")
        summary.publish("\n" + serving.check(run, owner))


def _install_images() -> None:
    """Install the packages of the images before the first step, whose time they would count as."""
    started = time.monotonic()
    logger.info("Installing the packages of SageMaker's images, which takes minutes the first time")
    for image in images.GROUPS:
        images.interpreter(image)
    logger.info("%-14s %6.1f s", "Installed", time.monotonic() - started)


def _log_finished(step: FinishedStep) -> None:
    logger.info("%-14s %6.1f s  %s", step.name, step.seconds, step.outcome)


def _upsert(owner: project.Project, configured: settings.Settings) -> None:
    commit = os.environ.get(COMMIT)
    if not commit:
        raise ProjectError(
            f"{COMMIT} is not set: the pipeline names the commit that it was made from, so the workflow Train updates it; "
            "merge a pull request into main, or start that workflow"
        )
    champion = find(aws.client("sagemaker", owner.region), owner.model_package_group)
    logger.info("champion: %s", f"version {champion.version}" if champion else "none")
    with _sources(configured) as sources:
        purpose = f"Trains, evaluates and registers the model of project {owner.name}."
        _publish(owner, sources, _definition(owner, configured, sources, commit, champion), purpose)


def _trial(owner: project.Project, configured: settings.Settings, minutes: float) -> None:
    with _sources(configured) as sources, tempfile.TemporaryDirectory() as folder:
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
    # On a workflow, a repeated step must not start a second execution; a re-run of the workflow must.
    run, attempt = os.environ.get("GITHUB_RUN_ID"), os.environ.get("GITHUB_RUN_ATTEMPT", "1")
    token = remote.idempotency_token(owner.pipeline_name, run or os.urandom(16).hex(), attempt)
    return remote.start(
        aws.client("sagemaker", owner.region),
        name=owner.pipeline_name,
        token=token,
        display_name=f"run-{run}-{attempt}" if run else f"manual-{token[:8]}",
    )


def _wait(owner: project.Project, configured: settings.Settings, execution_arn: str, minutes: float) -> None:
    sagemaker = aws.client("sagemaker", owner.region)
    try:
        remote.wait(
            sagemaker,
            execution_arn,
            deadline_seconds=minutes * 60,
            on_change=lambda step: logger.info("%-14s %s %s", step.name, step.status, step.outcome),
        )
    finally:
        _summarise(owner, configured, execution_arn, remote.steps(sagemaker, execution_arn))


def _summarise(
    owner: project.Project, configured: settings.Settings, execution_arn: str, steps: list[remote.Step]
) -> None:
    parts = [f"## Pipeline {owner.pipeline_name}\n\n"]
    if any(step.name == "Evaluate" and step.status == "Succeeded" for step in steps):
        uri = output_uri(owner, execution_arn.rpartition("/")[2], "evaluation")
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        answer = aws.client("s3", owner.region).get_object(Bucket=bucket, Key=f"{key}/evaluation.json")
        parts.append(report.metrics_table(json.loads(answer["Body"].read()), configured.quality.mse_threshold) + "\n")
    parts.append(report.steps_table([(step.name, step.outcome or step.status, step.seconds) for step in steps]))
    parts.extend(f"\n**{step.name}**: {step.failure_reason}\n" for step in steps if step.failure_reason)
    if any(step.name == "BeatsTheChampion" and step.outcome == "False" for step in steps):
        wanted = configured.quality.least_improvement
        parts.append(
            f"\nNothing was registered: settings.toml asks for {wanted:.1%} less error than the champion has.\n"
        )
    parts.extend(
        f"\nRegistered, waiting for approval: `{step.model_package_arn}`\n" for step in steps if step.model_package_arn
    )
    summary.publish("".join(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
