"""The deployment's commands.

python -m deployment deploy ENVIRONMENT ARN      deploy a model version; fails unless exactly it serves in the end
python -m deployment test ENVIRONMENT            ask the endpoint; fails if an answer is wrong, slow or malformed
python -m deployment rollback VERSION            start the workflow with an earlier version (or its ARN)
"""

import argparse
import logging
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext

from botocore.exceptions import BotoCoreError, ClientError
from launched_project import aws, summary
from launched_project.project_file import ProjectError
from launched_project.settings_file import SettingsError

from deployment import REPOSITORY, DeploymentError, artifact, live, package, project, rollback, settings, smoke
from deployment.project import ENVIRONMENTS, Environment, Project
from deployment.scaling import TARGET, Scaling
from deployment.settings import Fleet, Settings
from deployment.stack import Stack, Wanted

logger = logging.getLogger(__name__)


def main(arguments: list[str]) -> None:
    """Run one command; exits with 1 and a message if it fails for a reason that its user can act on."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)  # else it tells where it found credentials
    try:
        owner = project.read()
        if options.command == "rollback":
            _rollback(owner, options.version)
            return
        configured = settings.read(REPOSITORY / "settings.toml")
        environment = owner.environments[options.environment]
        if options.command == "deploy":
            _deploy(owner, environment, configured, options.arn)
        else:
            _test(owner, environment, configured)
    except (DeploymentError, ProjectError, SettingsError, BotoCoreError, ClientError) as error:
        sys.exit(f"error: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployment", description="Deploys this project's models.")
    commands = parser.add_subparsers(dest="command", required=True)
    deploy = commands.add_parser("deploy", help="deploy a model version")
    deploy.add_argument("environment", choices=ENVIRONMENTS)
    deploy.add_argument("arn", help="ARN of the approved model package version")
    test = commands.add_parser("test", help="ask the endpoint")
    test.add_argument("environment", choices=ENVIRONMENTS)
    back = commands.add_parser("rollback", help="start the workflow with an earlier version")
    back.add_argument("version", help="number or ARN of the version")
    return parser


def _deploy(owner: Project, environment: Environment, configured: Settings, arn: str) -> None:
    _require_account(owner, environment)
    fleet = configured.fleets[environment.name]
    with _step("verify and copy the model"):
        wanted = _bring(owner, environment, arn)
        shadow = _shadow(owner, environment, fleet, wanted)
    endpoint = live.LiveEndpoint(
        environment=environment,
        sagemaker=aws.client("sagemaker", owner.region),
        cloudwatch=aws.client("cloudwatch", owner.region),
        minutes_to_wait=settings.minutes_to_settle(configured.release),
        say=logger.info,
    )
    stack = Stack(project=owner, environment=environment, s3=aws.client("s3", owner.region), say=logger.info)
    scaling = Scaling(
        endpoint_name=environment.endpoint_name,
        client=aws.client("application-autoscaling", owner.region),
        say=logger.info,
    )
    with _step("prepare the state"):
        before = endpoint.ready_for_update()
        started = endpoint.started(before)
        # Never fewer instances than serve now: autoscaling has reasons.
        instances = max(fleet.minimum_instances, live.instances(before))
        # But another number alone is no reason to release what serves once more.
        kept = started.instances if started and started.instance_type == fleet.instance_type else instances
        stack.configure(wanted, shadow, kept)
        stack.select()
        stack.release_lock()
        known = stack.decide_interrupted(before)
        if kept != instances and stack.would_release():
            stack.configure(wanted, shadow, instances)
    in_the_way = started and (started.instance_type != fleet.instance_type or TARGET not in known)
    with _step("pulumi up"), scaling.set_aside() if in_the_way else nullcontext():
        code = stack.up()
        # The provider stops waiting when SageMaker begins to roll back.
        after = endpoint.settled()
        asked_for = None if code else stack.outputs()["endpointConfigName"]
        endpoint.require_serving(after, asked_for, before=before)
    serving, replaced = live.configuration_of(after), live.configuration_of(before)
    with _step("remove what was superseded"):
        for name in endpoint.prune(serving=serving, before=replaced):
            logger.info("deleted %s", name)
    rows = {
        "model package": f"`{arn}`",
        "artifact": f"`{wanted.artifact.uri}` ({'copied' if wanted.artifact.copied else 'was there'})",
        "endpoint": f"`{environment.endpoint_name}`",
        "configuration": f"`{serving}`",
        "replaced": f"`{replaced}`" if replaced not in ("", serving) else "nothing",
        "shadow": f"version {fleet.shadow_version}" if shadow else "none",
    }
    table = "".join(f"| {key} | {value} |\n" for key, value in rows.items())
    summary.publish(f"## {environment.name} serves version {wanted.model.version}\n\n| | |\n|---|---|\n{table}\n")


def _shadow(owner: Project, environment: Environment, fleet: Fleet, wanted: Wanted) -> Wanted | None:
    if not fleet.shadow_version:
        return None
    if fleet.shadow_version == wanted.model.version:
        raise DeploymentError(
            f"version {fleet.shadow_version} is to be deployed and cannot be its own shadow: "
            f"change [{environment.name}] shadow_version in settings.toml"
        )
    return _bring(owner, environment, owner.package_arn(fleet.shadow_version))


def _bring(owner: Project, environment: Environment, arn: str) -> Wanted:
    model = package.verify(aws.client("sagemaker", owner.region), owner, arn)
    return Wanted(model=model, artifact=artifact.bring(aws.client("s3", owner.region), owner, environment, model))


def _require_account(owner: Project, environment: Environment) -> None:
    account = aws.client("sts", owner.region).get_caller_identity()["Account"]
    if account != environment.account_id:
        raise DeploymentError(
            f"these are credentials of account {account}; {environment.name} is account {environment.account_id}"
        )


def _test(owner: Project, environment: Environment, configured: Settings) -> None:
    # A slow answer is a finding, and repeating the question would hide it.
    patience = max(10.0, 2 * configured.test.latency_milliseconds / 1000)
    runtime = aws.client("sagemaker-runtime", owner.region, attempts=1, read_timeout_seconds=patience)
    endpoint = smoke.Endpoint(name=environment.endpoint_name, runtime=runtime)
    try:
        outcome = smoke.test(endpoint, configured.test)
    except DeploymentError as error:
        # Whatever it replaced is gone: SageMaker takes nothing back once the release is over.
        raise DeploymentError(
            f"{error}\n  {environment.name} serves this version all the same: "
            "`make rollback VERSION=N` brings version N back"
        ) from error
    rows = "".join(f"| {prediction:.1f} | {truth:g} |\n" for prediction, truth in outcome.examples)
    summary.publish(
        f"## {environment.name} answers\n\n"
        f"{outcome.rows} rows, off by {outcome.mean_absolute_error:.2f} on average "
        f"(allowed {configured.test.mean_absolute_error:g}); nine in ten single requests within "
        f"{outcome.latency_milliseconds:.0f} ms (allowed {configured.test.latency_milliseconds:g} ms).\n\n"
        f"| predicted | true |\n|---:|---:|\n{rows}\n"
    )


def _rollback(owner: Project, version: str) -> None:
    arn = rollback.arn_of(owner, version)
    place = rollback.dispatch(rollback.this_repository(), arn)
    sys.stdout.write(f"Deploying {arn} to preprod, then to prod when its reviewer agrees: {place}\n")


@contextmanager
def _step(title: str) -> Generator[None]:
    """Say what is being done, and how long it took."""
    started = time.monotonic()
    logger.info("%s", title)
    yield
    logger.info("%s: %.1f s", title, time.monotonic() - started)


if __name__ == "__main__":
    main(sys.argv[1:])
