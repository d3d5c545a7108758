"""The story that `make demo` tells: from an empty machine to a trained and registered model.

Each step does what its real counterpart does, in the same order, and can be taken again: what is there already stays
as it is, and the step says so.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rich.console import Console

from sandbox import commands, environments, folders, identities, installation, launch, page, servers, stacks, work
from sandbox.models import RegisteredModel, latest
from sandbox.organization import (
    CLONER,
    DATA_SCIENTIST,
    ENVIRONMENTS,
    LEAD_DATA_SCIENTIST,
    ORGANIZATION,
    REPOSITORY,
)
from sandbox.page.render import Account
from sandbox.progress import Step, Story
from sandbox.servers import Servers
from sandbox.stacks import Deployment, StackFile


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the story leaves behind."""

    accounts: list[Account]
    project: launch.Project
    model: RegisteredModel
    places: list[tuple[str, str]]
    """Pairs of what there is to see and the address or command that shows it."""


def tell(console: Console) -> None:
    """Run the whole story, print what exists in the end, and write the page."""
    with Story(console) as story:
        outcome = _run(story)
        if story.changed or not folders.PAGE.is_file():
            page.write(
                folders.PAGE,
                accounts=outcome.accounts,
                project=outcome.project,
                model=outcome.model,
                steps=story.steps,
                places=outcome.places,
            )
    page.print_summary(
        console,
        accounts=outcome.accounts,
        model=outcome.model,
        places=outcome.places,
        closing=f"Done in {story.seconds:.0f} s."
        if story.changed
        else f"Nothing changed: all of it was there already (looked at in {story.seconds:.0f} s).",
    )


def _run(story: Story) -> Outcome:
    with story.step("Install the engine and its environments") as step:
        step.changed = installation.install(step.say)
    with story.step("Start the local AWS and the local GitHub") as step:
        found = servers.running()
        step.changed = found is None
        found = found or servers.start()
        environments.enter(found.aws.url, found.trust)
        step.say(f"AWS {found.aws.url} · GitHub {found.github.url}")
    files = {environment: stacks.write(environment, found) for environment in ENVIRONMENTS}
    with story.step("Bootstrap the three accounts") as step:
        _in_parallel(step, lambda file: _bootstrap(found, file), files)
    with story.step("Deploy dev, preprod and prod") as step:
        deployers = _deploy(step, found, files)
    dev, as_deployer = files["dev"], deployers["dev"]
    with story.step("Give the template cloner its credential") as step:
        step.changed = _credential(found, dev, as_deployer, step)
    with story.step("Publish the template repositories") as step:
        _publish(found, as_deployer, step)
    with story.step(f"Launch the project as {LEAD_DATA_SCIENTIST.login}, lead data scientist") as step:
        domain = work.output(dev, as_deployer, "studioDomainId")
        session = launch.studio_session(found, dev, domain=domain, profile=LEAD_DATA_SCIENTIST.login)
        project = launch.project(session, on_status=step.say)
        step.changed = project.created
        step.say(f"{project.repository}" + ("" if project.created else " is there already"))
    with story.step("Train and register the model in the project's workflow") as step:
        run = launch.first_run(session, found, project, on_status=step.say)
        step.changed = project.created
        step.say(f"run {run['run_number']} succeeded: {run['html_url']}")
    with story.step("Look at the model as a data scientist") as step:
        scientist = launch.studio_session(found, dev, domain=domain, profile=DATA_SCIENTIST.login)
        model = latest(scientist, project.pipeline)
        step.say(f"version {model.version}, {model.approval}, MSE {model.mse:.2f}")
    with story.step("Draw the architecture from the stacks' state") as step:
        accounts = [
            Account(name=name, id=file.account_id, state=stacks.export(file, deployers[name]))
            for name, file in files.items()
        ]
        step.say(str(folders.PAGE))
    return Outcome(
        accounts=accounts, project=project, model=model, places=_places(found, project, str(run["html_url"]))
    )


def _places(found: Servers, project: launch.Project, run: str) -> list[tuple[str, str]]:
    return [
        ("All of this on one page", folders.PAGE.as_uri()),
        ("The project's repository", f"{found.github.url}/{project.repository}"),
        ("Its first run", run),
        ("A shell in the sandbox", "python -m sandbox shell"),
        ("What would change", "pulumi preview -s dev        (in that shell; also preprod, prod)"),
        ("The model registry", f"aws sagemaker list-model-packages --model-package-group-name {project.pipeline}"),
        ("What the servers say", "python -m sandbox logs"),
        ("Remove all of it", "make demo-down"),
    ]


def _bootstrap(found: Servers, stack: StackFile) -> tuple[str, bool]:
    printed = commands.run(
        ["python", "-m", "bootstrap", "up", "--unit", stack.unit, "--environment", stack.environment]
        + ["--github-org", ORGANIZATION.login, "--github-repository", REPOSITORY.name]
        + ["--github-url", found.github.url, "--oidc-subjects", "immutable"],
        log=f"bootstrap-{stack.environment}",
        environment=work.environment(found, stack, identities.root(stack.account_id)),
    )
    unchanged = "unchanged" in printed
    return ("as it was" if unchanged else "ready"), not unchanged


def _deploy(step: Step, found: Servers, files: dict[str, StackFile]) -> dict[str, dict[str, str]]:
    """Update all stacks at once, for they share nothing but the machine; return their deployers' environments."""
    counts = dict.fromkeys(files, 0)

    def deploy(file: StackFile) -> tuple[dict[str, str], Deployment]:
        def count(done: int) -> None:
            counts[file.environment] = done
            step.say(" · ".join(f"{name} {number} resources" for name, number in counts.items()))

        as_deployer = work.create_stack(found, file)
        return as_deployer, stacks.up(file, as_deployer, on_resource=count)

    with ThreadPoolExecutor() as pool:
        results = dict(zip(files, pool.map(deploy, files.values()), strict=True))
    step.changed = any(deployment.changed for _, deployment in results.values())
    step.say(
        " · ".join(
            f"{name} {deployment.total} resources" + ("" if deployment.changed else ", unchanged")
            for name, (_, deployment) in results.items()
        )
    )
    return {name: as_deployer for name, (as_deployer, _) in results.items()}


def _credential(found: Servers, dev: StackFile, as_deployer: dict[str, str], step: Step) -> bool:
    printed = commands.run(
        ["python", "-m", "bootstrap", "github-token", "--unit", dev.unit, "--environment", dev.environment]
        + ["--github-url", found.github.url],
        log="github-token",
        environment=as_deployer,
        text=found.tokens[CLONER.login] + "\n",
    )
    unchanged = "unchanged" in printed
    step.say("a token in Secrets Manager" + (", as it was" if unchanged else ""))
    return not unchanged


def _publish(found: Servers, as_deployer: dict[str, str], step: Step) -> None:
    printed = commands.run(
        ["python", "template-repos/publish.py", "--organization", ORGANIZATION.login]
        + ["--github-url", found.github.url],
        log="publish-templates",
        environment=as_deployer,
    )
    step.changed = any("unchanged" not in line for line in printed.splitlines())
    step.say(printed.replace("\n", " · "))


def _in_parallel(step: Step, act: Callable[[StackFile], tuple[str, bool]], files: dict[str, StackFile]) -> None:
    with ThreadPoolExecutor() as pool:
        results = dict(zip(files, pool.map(act, files.values()), strict=True))
    step.changed = any(changed for _, changed in results.values())
    step.say(" · ".join(f"{name} {outcome}" for name, (outcome, _) in results.items()))
