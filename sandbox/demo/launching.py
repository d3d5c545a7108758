"""Launch any product of the catalog by a command, and follow it until all that its launch started has succeeded."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from sandbox import environments, login, paths, servers, stacks
from sandbox.demo import catalog, launch, models, page, people, projects, releasing, reviews, runs
from sandbox.demo.catalog import OrderError
from sandbox.demo.launch import Project
from sandbox.demo.member import Member
from sandbox.demo.people import People
from sandbox.demo.progress import Demo
from sandbox.organization import ENVIRONMENTS, LEAD_DATA_SCIENTIST, ORGANIZATION, PLATFORM_ENGINEER, RELEASE_MANAGER
from sandbox.servers import Servers
from sandbox.stacks import StackFile

SHELL = ".venv/bin/python -m sandbox shell"
LEAST_WIDTH = 60
"""Columns of the list of products, even in a narrower terminal."""
DEPLOYING = "model-deployment-"
"""Beginning of the kinds of repositories that start no pipeline in dev."""


@dataclass(frozen=True, kw_only=True)
class _Sandbox:
    """The running sandbox, and the people who launch there."""

    servers: Servers
    files: Mapping[str, StackFile]
    team: People


def show(console: Console) -> None:
    """List the products of the catalog, as Studio offers them to a lead, with what a launch fills in."""
    for product in catalog.products(_enter().team.lead):
        console.print(f"[bold]{product.title}[/bold]", soft_wrap=True, highlight=False)
        _wrap(console, "  ", product.description)
        width = max(len(parameter.name) for parameter in product.parameters)
        for parameter in product.parameters:
            value = launch.PEOPLE.get(parameter.name, parameter.default)
            default = " (needed)" if value is None else f" (default: {value})"
            _wrap(console, f"    {parameter.name:<{width}}  ", parameter.values + default)
            _wrap(console, " " * (width + 6), parameter.description)
        console.print()
    console.print(
        f"Launch one by words of its title:\n  {page.CALL} PRODUCT --name NAME --parameter KEY=VALUE …",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )


def _wrap(console: Console, beginning: str, text: str) -> None:
    """Print a text of any length beside its beginning, in the width of the terminal."""
    wide = max(console.width, LEAST_WIDTH)
    lines = textwrap.fill(text, wide, initial_indent=beginning, subsequent_indent=" " * len(beginning))
    console.print(lines, soft_wrap=True, markup=False, highlight=False)


def run(console: Console, *, title: str, name: str | None, parameters: Sequence[str]) -> None:
    """Launch a product as the lead data scientist, and follow it.

    Raises:
        OrderError: the launch was not started, for it would be refused.
        LaunchFailedError: it failed.
        RunFailedError: a run of a workflow that it started failed.
    """
    values = filled_in(parameters)
    if name is None:
        raise OrderError("the project needs a name: --name NAME")
    found = _enter()
    order = catalog.order(catalog.find(catalog.products(found.team.lead), title), name, values)
    launch.require_free(found.team.lead, name)
    with Demo(console) as demo:
        with demo.step(f"Launch {name} as {LEAD_DATA_SCIENTIST.login}, lead data scientist") as step:
            project = launch.launch(found.team.lead, order, on_status=step.report)
            owner = Member(found.servers, PLATFORM_ENGINEER)
            repositories = owner.repositories(ORGANIZATION.login, project.repositories)
            step.report(" and ".join(str(each["full_name"]) for each in repositories))
        for repository in repositories:
            _follow(demo, found, project, owner, str(repository["full_name"]))
        with demo.step("Look at what the project has in each account") as step:
            shown = projects.read(owner, found.files)
            own = next(each for each in shown if each.id == project.id)
            page.show_projects(paths.PAGE, shown)
            step.report(own.summary)
        registered = models.versions(found.team.lead, project.pipeline) if _deploys(project, repositories) else []
    where = f" {paths.PAGE.as_uri()} shows it." if paths.PAGE.is_file() else ""
    console.print(f"[bold]All green after {demo.seconds:.0f} s.[/bold]{where}", soft_wrap=True)
    for version in registered[:1]:
        console.print(next_step(version), soft_wrap=True, markup=False, highlight=False)


def next_step(version: str) -> str:
    """Return how a version of a model, by its ARN, gets from the registry to production."""
    return f"""Nothing is deployed yet: the runs above trained a version and checked the deployment repository. Next, approve the version as its lead:
  {SHELL} -c 'aws --profile {LEAD_DATA_SCIENTIST.login} sagemaker update-model-package --model-package-arn {version} --model-approval-status Approved'
Its run deploys to preprod, then waits for a release manager. This lists what waits, and releases it:
  {releasing.CALL}"""


def _deploys(project: Project, repositories: Sequence[Mapping[str, object]]) -> bool:
    """Return whether a project has a repository that deploys its models."""
    return any(str(each["full_name"]).startswith(project.repositories + DEPLOYING) for each in repositories)


def _enter() -> _Sandbox:
    found = servers.require()
    environments.enter(found.aws.url, found.trust)
    files = {environment: stacks.find(environment, found) for environment in ENVIRONMENTS}
    dev = files["dev"]
    return _Sandbox(servers=found, files=files, team=people.sign_in(found, dev, login.deployer(found, dev)))


def filled_in(parameters: Sequence[str]) -> dict[str, str]:
    """Return the values of a launch: those written as KEY=VALUE, and the sandbox's people where nobody is named.

    Raises:
        OrderError: one is written otherwise, or twice.
    """
    values: dict[str, str] = {}
    for written in parameters:
        key, sign, value = written.partition("=")
        if not sign or not key:
            raise OrderError(f"--parameter {written!r} must be KEY=VALUE")
        if key in values:
            raise OrderError(f"--parameter {key} is there twice")
        values[key] = value
    return launch.PEOPLE | values


def _follow(demo: Demo, found: _Sandbox, project: Project, owner: Member, repository: str) -> None:
    """Follow the first run of a repository; if it waits for a release to production, release it."""
    team, kind = found.team, repository.removeprefix(project.repositories)
    pipeline = None if kind.startswith(DEPLOYING) else (team.lead, project.pipeline)

    def watch(title: str, *, released: bool) -> int | None:
        with demo.step(title) as step:
            run = runs.follow(
                owner,
                repository,
                lambda: runs.first(owner, repository),
                pipeline=pipeline,
                on_status=step.report,
                released=released,
            )
            waits = run["status"] == "waiting"
            step.report(f"{'waits for its release' if waits else 'succeeded'}: {run['html_url']}")
            return int(run["id"]) if waits else None

    waiting = watch(f"First run of {kind}", released=False)
    if waiting is not None:
        reviews.release(team.reviewer, repository, waiting)
        watch(f"Release to production as {RELEASE_MANAGER.login}, release manager", released=True)
