"""The story that `make demo` tells: from an empty machine to a model that serves in production, and back to the one before.

Each step does what its real counterpart does, in the same order, and can be taken again: what is there already stays
as it is, and the step says so.
"""

from contextlib import nullcontext
from dataclasses import dataclass

import boto3
from rich.console import Console

from sandbox import commands, environments, login, paths, stacks
from sandbox.demo import accounts, application, launch, models, page, releases, training
from sandbox.demo.accounts import Platform
from sandbox.demo.application import Answers, Application
from sandbox.demo.launch import Project
from sandbox.demo.member import Member
from sandbox.demo.models import RegisteredModel
from sandbox.demo.page.render import Account
from sandbox.demo.progress import Step, Story
from sandbox.demo.releases import Release
from sandbox.organization import DATA_SCIENTIST, LEAD_DATA_SCIENTIST, RELEASE_MANAGER

ROWS_ASKED = 5
"""Abalone that production is asked about."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the story leaves behind."""

    accounts: list[Account]
    project: Project
    models: list[RegisteredModel]
    """The versions, oldest first."""
    releases: list[Release]
    """What was deployed in this telling of the story; nothing when it was there already."""
    answers: list[tuple[float, float]]
    """Rings counted, and what production says, of abalone that the model was not trained on."""
    places: list[tuple[str, str]]
    """Pairs of what there is to see and the address or command that shows it."""


@dataclass(frozen=True, kw_only=True)
class People:
    """Who works on the project: in Studio with their own role, on GitHub with their own account."""

    lead: boto3.Session
    scientist: boto3.Session
    developer: Member
    reviewer: Member


def tell(console: Console) -> None:
    """Run the whole story, print what exists in the end, and write the page."""
    with Story(console) as story:
        outcome = _run(story)
        if story.changed or not paths.PAGE.is_file():
            page.write(
                paths.PAGE,
                accounts=outcome.accounts,
                project=outcome.project,
                models=outcome.models,
                releases=outcome.releases,
                answers=outcome.answers,
                steps=story.steps,
                places=outcome.places,
            )
    page.print_summary(
        console,
        accounts=outcome.accounts,
        models=outcome.models,
        releases=outcome.releases,
        answers=outcome.answers,
        places=outcome.places,
        closing=f"Done in {story.seconds:.0f} s."
        if story.changed
        else f"Nothing changed: all of it was there already (looked at in {story.seconds:.0f} s).",
    )


def _run(story: Story) -> Outcome:
    platform = accounts.build(story)
    people, project, first_run = start_project(story, platform)
    prod = platform.files["prod"]
    done: list[Release] = []
    with story.step("Look at the model as a data scientist") as step:
        first = models.read(people.scientist, models.versions(people.scientist, project.pipeline)[0])
        step.say(f"version {first.version}, {first.approval}, MSE {first.mse:.2f}")
    _deploy_version(story, people, project, first, done, number=1)
    with story.step("Ask production about abalone that it has not seen") as step:
        asking = application.install(prod, project.endpoint(prod))
        answers = _ask(asking, first)
        step.say(_spoken(answers))
    with story.step("Train a better model: a pull request with other settings") as step:
        if len(models.versions(people.lead, project.pipeline)) < 2:
            step.changed = True
            training.improve(people.lead, people.developer, project, on_status=step.say)
        second = models.read(people.scientist, models.versions(people.scientist, project.pipeline)[1])
        step.say(f"version {second.version}, MSE {second.mse:.2f} after {first.mse:.2f}")
    _deploy_version(story, people, project, second, done, number=2, asking=asking)
    with story.step("Roll back to version 1 by one command") as step:
        if len(releases.finished(people.developer, project)) < 3:
            step.changed = True
            done.append(_roll_back(platform, people, project, first, step))
        answers = _ask(asking, first)
        step.say(f"production serves version 1 again: {_spoken(answers)}")
    with story.step("Draw the architecture from the stacks' state") as step:
        drawn = [
            Account(name=name, id=file.account_id, state=stacks.export(file, platform.deployers[name]))
            for name, file in platform.files.items()
        ]
        step.say(str(paths.PAGE))
    return Outcome(
        accounts=drawn,
        project=project,
        models=[models.read(people.scientist, model.arn) for model in (first, second)],
        releases=done,
        answers=answers,
        places=_places(platform, project, first_run),
    )


def start_project(story: Story, platform: Platform) -> tuple[People, Project, str]:
    """Tell the chapter that ends with a registered model; return who works on it, and the address of its run."""
    found, dev = platform.servers, platform.files["dev"]
    with story.step(f"Launch the project as {LEAD_DATA_SCIENTIST.login}, lead data scientist") as step:
        domain = login.output(dev, platform.deployers["dev"], "studioDomainId")
        lead, scientist = (
            launch.studio_session(found, dev, domain=domain, profile=user.login)
            for user in (LEAD_DATA_SCIENTIST, DATA_SCIENTIST)
        )
        people = People(
            lead=lead,
            scientist=scientist,
            developer=Member(found, LEAD_DATA_SCIENTIST),
            reviewer=Member(found, RELEASE_MANAGER),
        )
        project = launch.project(lead, on_status=step.say)
        step.changed = project.created
        step.say(f"{project.training} and {project.deployment}" + ("" if project.created else " are there already"))
    with story.step("Train and register the model in the project's workflow") as step:
        run = training.first_run(lead, people.developer, project, on_status=step.say)
        step.changed = project.created
        step.say(f"the first run succeeded: {run}")
    return people, project, run


def _deploy_version(
    story: Story,
    people: People,
    project: Project,
    model: RegisteredModel,
    done: list[Release],
    *,
    number: int,
    asking: Application | None = None,
) -> None:
    """Approve a version and follow it to production.

    Args:
        story: that is told.
        people: who approves and releases.
        project: the project.
        model: the version.
        done: the deployments so far; this one is added.
        number: how many deployments there are with this one.
        asking: an application that goes on asking while production changes.
    """
    there = len(releases.finished(people.developer, project)) >= number
    release = Release(model.arn)
    run = 0
    with story.step(f"Approve version {model.version}: it is deployed to preprod and tested") as step:
        if there:
            step.say("tested already")
        else:
            step.changed = True
            earlier = {int(run["id"]) for run in people.developer.runs(project.deployment, releases.WORKFLOW)}
            models.approve(people.lead, model.arn, reason=f"MSE {model.mse:.2f} on data it has not seen")
            run = releases.to_preprod(release, people.developer, project, earlier, on_status=step.say)
            step.say(f"waits for {RELEASE_MANAGER.login}'s review: {release.page}")
    with story.step(f"Release version {model.version} to production as {RELEASE_MANAGER.login}, its reviewer") as step:
        if there:
            step.say("released already")
        else:
            step.changed = True
            with asking.asking(_features(model)[0]) if asking else nullcontext() as answers:
                releases.to_production(release, people.reviewer, project, run, on_status=step.say)
            done.append(release)
            step.say(_phases(release) + (f" · {_meanwhile(answers)}" if answers else ""))


def _roll_back(platform: Platform, people: People, project: Project, to: RegisteredModel, step: Step) -> Release:
    """Run the deployment repository's own command in a clone of it, and follow what it starts to production."""
    found = platform.servers
    clone = paths.SANDBOX / "clones" / project.deployment
    as_developer = environments.developer(found.github.url, found.trust, token=found.tokens[LEAD_DATA_SCIENTIST.login])
    if not clone.is_dir():
        commands.run(
            ["git", "clone", "--quiet", f"{found.github.url}/{project.deployment}.git", clone],
            log="clone-deployment",
            environment=as_developer,
        )
    earlier = {int(run["id"]) for run in people.developer.runs(project.deployment, releases.WORKFLOW)}
    release = Release(to.arn)
    commands.run(["make", "rollback", f"VERSION={to.version}"], log="rollback", environment=as_developer, folder=clone)
    run = releases.to_preprod(release, people.developer, project, earlier, on_status=step.say)
    releases.to_production(release, people.reviewer, project, run, on_status=step.say)
    return release


def _ask(asking: Application, model: RegisteredModel) -> list[tuple[float, float]]:
    counted = [float(row.rpartition(",")[2]) for row in model.held_out[:ROWS_ASKED]]
    return list(zip(counted, asking.ask(_features(model)), strict=True))


def _features(model: RegisteredModel) -> list[str]:
    return [row.rpartition(",")[0] for row in model.held_out[:ROWS_ASKED]]


def _meanwhile(answers: Answers) -> str:
    told = ", ".join(f"{count} times {rings:.2f} rings" for rings, count in answers.rings.items())
    return f"asked meanwhile, production said {told}; {len(answers.failures)} requests failed"


def _spoken(answers: list[tuple[float, float]]) -> str:
    return ", ".join(f"{predicted:.1f} rings for {counted:.0f}" for counted, predicted in answers)


def _phases(release: Release) -> str:
    return " · ".join(f"{what} {seconds:.1f} s" for what, seconds in (*release.phases, *release.durations))


def _places(platform: Platform, project: Project, first_run: str) -> list[tuple[str, str]]:
    github = platform.servers.github.url
    return [
        ("All of this on one page", paths.PAGE.as_uri()),
        ("The repository that trains", f"{github}/{project.training}"),
        ("Its first run", first_run),
        ("The repository that deploys", f"{github}/{project.deployment}"),
        ("A shell in the sandbox", "python -m sandbox shell"),
        ("What would change", "pulumi preview -s dev        (in that shell; also preprod, prod)"),
        ("The model registry", f"aws sagemaker list-model-packages --model-package-group-name {project.pipeline}"),
        ("What the servers say", "python -m sandbox logs"),
        ("Remove all of it", "make demo-down"),
    ]
