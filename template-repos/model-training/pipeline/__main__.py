"""The pipeline's commands.

python -m pipeline definition             print the definition
python -m pipeline local-run              run it on this machine and serve the model; fails if it is not good enough
python -m pipeline upsert                 upload code and data, create or update the pipeline
python -m pipeline start                  start an execution and print its ARN
python -m pipeline wait EXECUTION_ARN     follow an execution; fails if it does
"""

import argparse
import json
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from mlops_platform import REPOSITORY
from mlops_platform.pipeline import remote, upload
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.image_environments import ImageEnvironmentError
from mlops_platform.pipeline.local_endpoint import ServingError
from mlops_platform.pipeline.local_run import StepFailedError
from mlops_platform.project import aws, summary
from mlops_platform.project.project_file import ProjectError
from mlops_platform.project.settings_file import SettingsError
from pipeline import project, report, results, settings, this_machine
from pipeline.definition import definition, project_tags
from pipeline.this_machine import STEPS

logger = logging.getLogger(__name__)
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
            shown = _definition(_project_or_example(), configured, os.environ.get(COMMIT, NO_COMMIT))
            sys.stdout.write(json.dumps(shown, indent=2) + "\n")
        elif options.command == "local-run":
            if options.mse_threshold is not None:
                configured = replace(configured, quality=settings.Quality(mse_threshold=options.mse_threshold))
            owner = _project_or_example()
            this_machine.run(owner, configured, _definition(owner, configured, NO_COMMIT), options.folder)
        elif options.command == "upsert":
            _upsert(project.read(), configured)
        elif options.command == "start":
            _start(project.read())
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
    wait.add_argument("--minutes", type=float, default=50, help="give up following after this time (default: 50)")
    return parser


def _project_or_example() -> project.Project:
    return project.read() if project.FILE.is_file() else project.EXAMPLE


def _definition(owner: project.Project, configured: settings.Settings, commit: str) -> Json:
    return definition(
        owner,
        configured,
        code_uri=upload.target_uri(STEPS, f"{owner.root_uri}/code"),
        data_uri=upload.target_uri(REPOSITORY / configured.data.file, f"{owner.root_uri}/data"),
        commit=commit,
    )


def _upsert(owner: project.Project, configured: settings.Settings) -> None:
    commit = os.environ.get(COMMIT)
    if not commit:
        raise ProjectError(
            f"{COMMIT} is not set: the pipeline names the commit that it was made from, so the workflow Train updates it; "
            "merge a pull request into main, or start that workflow"
        )
    s3 = aws.client("s3", owner.region)
    for source, kind in ((STEPS, "code"), (REPOSITORY / configured.data.file, "data")):
        upload.upload(s3, source, f"{owner.root_uri}/{kind}", owner.kms_key_arn)
    outcome = remote.upsert(
        aws.client("sagemaker", owner.region),
        name=owner.pipeline_name,
        definition=_definition(owner, configured, commit),
        role_arn=owner.pipeline_role_arn,
        description=f"Trains, evaluates and registers the model of project {owner.name}.",
        tags=project_tags(owner),
    )
    logger.info("pipeline %s: %s", owner.pipeline_name, outcome)


def _start(owner: project.Project) -> None:
    # On a workflow, a repeated step must not start a second execution; a re-run of the workflow must.
    run, attempt = os.environ.get("GITHUB_RUN_ID"), os.environ.get("GITHUB_RUN_ATTEMPT", "1")
    token = remote.idempotency_token(owner.pipeline_name, run or os.urandom(16).hex(), attempt)
    arn = remote.start(
        aws.client("sagemaker", owner.region),
        name=owner.pipeline_name,
        token=token,
        display_name=f"run-{run}-{attempt}" if run else f"manual-{token[:8]}",
    )
    sys.stdout.write(f"{arn}\n")


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
    summary.publish(
        report.execution(
            owner.pipeline_name,
            steps,
            results.evaluation(owner, execution_arn, steps),
            threshold=configured.quality.mse_threshold,
            registered="Registered, waiting for approval",
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
