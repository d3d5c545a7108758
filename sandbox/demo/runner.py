"""Run the demo: from an empty machine to a model in production, a better one, and a rollback.

Each step does the same as its real counterpart, in the same order, and can be repeated: it keeps what exists already,
and reports so.
"""

from rich.console import Console

from sandbox import paths, stacks
from sandbox.demo import (
    accounts,
    application,
    launch,
    launching,
    models,
    page,
    people,
    projects,
    releasing,
    serving,
    training,
)
from sandbox.demo.accounts import Platform
from sandbox.demo.application import Application
from sandbox.demo.deployment import Deployments
from sandbox.demo.launch import Project
from sandbox.demo.member import Member
from sandbox.demo.models import RegisteredModel
from sandbox.demo.outcome import Account, Outcome
from sandbox.demo.people import People
from sandbox.demo.progress import Demo
from sandbox.organization import LEAD_DATA_SCIENTIST, PLATFORM_ENGINEER

ROWS = 5
"""Number of abalones whose rings production predicts."""


def run(console: Console) -> None:
    """Run all steps, print a summary, and write the page."""
    page.print_people(console)
    with Demo(console) as demo:
        outcome = _run(demo)
        if demo.changed or not paths.PAGE.is_file():
            page.write(paths.PAGE, outcome, demo.steps)
        else:
            page.show_projects(paths.PAGE, outcome.projects)
    done, unchanged = "Done in", "Nothing changed: everything existed already. Checked in"
    closing = f"{done if demo.changed else unchanged} {demo.seconds:.0f} s."
    page.print_summary(console, outcome, closing=closing)


def start_project(demo: Demo, platform: Platform) -> tuple[People, Project, str]:
    """Launch the project and train its first model; return its people, the project, and its first run's address."""
    with demo.step(f"Launch the project as {LEAD_DATA_SCIENTIST.login}, lead data scientist") as step:
        team = people.sign_in(platform.servers, platform.files["dev"], platform.deployers["dev"])
        project = launch.project(team.lead, on_status=step.report)
        step.changed = project.created
        existed = "" if project.created else " exist already"
        step.report(f"{project.training} and {project.deployment}{existed}")
    with demo.step("Train and register the model in the project's workflow") as step:
        first_run = training.first_run(team.lead, team.developer, project, on_status=step.report)
        step.changed = project.created
        step.report(f"the run of its workflow succeeded: {first_run}")
    return team, project, first_run


def _run(demo: Demo) -> Outcome:
    platform = accounts.build(demo)
    team, project, first_run = start_project(demo, platform)
    prod = platform.files["prod"]
    deployments = Deployments(demo=demo, platform=platform, people=team, project=project)
    with demo.step("Look at the model as a data scientist") as step:
        first = models.read(team.scientist, models.versions(team.scientist, project.pipeline)[0])
        step.report(f"version {first.version}, {first.approval}, MSE {first.mse:.2f}")
    deployments.deploy(first, number=1)
    with demo.step("Call production with abalones it was not trained on") as step:
        client = application.install(prod, project.endpoint(prod))
        step.report(_in_words(_predict(client, first)))
    second = _improve(demo, team, project, first)
    deployments.deploy(second, number=2, application=client)
    with demo.step(f"Roll back to version 1 as {LEAD_DATA_SCIENTIST.login}, by one command") as step:
        deployments.roll_back(first, number=3, step=step)
        predictions = _predict(client, first)
        step.report(f"production serves version 1 again: {_in_words(predictions)}")
    return Outcome(
        accounts=_accounts(demo, platform, project),
        project=project,
        projects=projects.read(Member(platform.servers, PLATFORM_ENGINEER), platform.files),
        models=[models.read(team.scientist, model.arn) for model in (first, second)],
        releases=deployments.done,
        predictions=predictions,
        places=_places(platform, project, first_run),
    )


def _improve(demo: Demo, team: People, project: Project, first: RegisteredModel) -> RegisteredModel:
    with demo.step("Train a better model: a pull request with other settings") as step:
        if len(models.versions(team.lead, project.pipeline)) < 2:
            step.changed = True
            training.improve(team.lead, team.developer, team.colleague, project, on_status=step.report)
        second = models.read(team.scientist, models.versions(team.scientist, project.pipeline)[1])
        step.report(f"version {second.version}, MSE {second.mse:.2f} after {first.mse:.2f}")
    return second


def _accounts(demo: Demo, platform: Platform, project: Project) -> list[Account]:
    with demo.step("Draw the architecture from the stacks' state") as step:
        drawn = [
            Account(
                name=name,
                id=file.account_id,
                region=file.region,
                state=stacks.export(file, platform.deployers[name]),
                serves=serving.version(projects.Owner(file).sagemaker, project.endpoint(file)),
            )
            for name, file in platform.files.items()
        ]
        step.report(str(paths.PAGE))
    return drawn


def _predict(client: Application, model: RegisteredModel) -> list[tuple[float, float]]:
    return list(zip(model.rings(ROWS), client.predict(model.features(ROWS)), strict=True))


def _in_words(predictions: list[tuple[float, float]]) -> str:
    return "; ".join(f"{predicted:.1f} rings predicted, {counted:.0f} counted" for counted, predicted in predictions)


def _places(platform: Platform, project: Project, first_run: str) -> list[tuple[str, str]]:
    github = platform.servers.github.url
    return [
        ("All of this on one page", paths.PAGE.as_uri()),
        (
            "To open these without a warning",
            f"have your browser trust the authority in {paths.CERTIFICATES / 'ca.pem'}",
        ),
        ("The training repository", f"{github}/{project.training}"),
        ("The run that trained version 1", first_run),
        ("The deployment repository", f"{github}/{project.deployment}"),
        ("A shell in the sandbox", launching.SHELL),
        ("Pending changes", "pulumi preview -s dev        (in that shell; also preprod, prod)"),
        (
            "What doctor says",
            f"AWS_PROFILE=dev-admin python -m bootstrap doctor --environment dev --settings {paths.STACKS}        (in that shell)",
        ),
        (
            "The model registry",
            f"aws sagemaker list-model-packages --profile ada --model-package-group-name {project.pipeline}",
        ),
        ("Production's endpoints", "aws sagemaker list-endpoints --profile prod-admin"),
        ("What waits for a release, and to release it", releasing.CALL),
        ("The logs", ".venv/bin/python -m sandbox logs"),
        ("Remove all of it", "make demo-down"),
    ]
