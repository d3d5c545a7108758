"""Build the three accounts: start the servers, bootstrap and deploy the platform, publish the templates."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sandbox import commands, environments, identities, installation, login, servers, stacks
from sandbox.demo.progress import Demo, Step
from sandbox.organization import CLONER, ENVIRONMENTS, LEAD_DATA_SCIENTIST, ORGANIZATION, REPOSITORY
from sandbox.servers import Servers
from sandbox.stacks import Deployment, StackFile


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The deployed platform: its servers, and each environment's stack and deployer."""

    servers: Servers
    files: dict[str, StackFile]
    """Stack files by environment."""
    deployers: dict[str, dict[str, str]]
    """Environment variables of each environment's deployer, logged in to the stack's state."""


def build(demo: Demo) -> Platform:
    """Run the steps from an empty machine to three deployed accounts and published templates."""
    with demo.step("Install the engine and its environments") as step:
        step.changed = installation.install(step.report)
    with demo.step("Start the local AWS and the local GitHub") as step:
        found = servers.running()
        step.changed = found is None
        found = found or servers.start()
        environments.enter(found.aws.url, found.trust)
        step.report(f"AWS {found.aws.url} · GitHub {found.github.url}")
    files = {environment: stacks.write(environment, found) for environment in ENVIRONMENTS}
    with demo.step("Bootstrap the three accounts") as step:
        _in_parallel(step, lambda file: bootstrap(found, file), files)
    with demo.step("Deploy dev, preprod and prod") as step:
        deployers = _deploy(step, found, files)
    dev, as_deployer = files["dev"], deployers["dev"]
    with demo.step("Give the template cloner its credential") as step:
        step.changed = _credential(found, dev, as_deployer, step)
    with demo.step("Publish the template repositories") as step:
        _publish(found, as_deployer | {"GITHUB_TOKEN": found.tokens[CLONER.login]}, step)
    return Platform(servers=found, files=files, deployers=deployers)


def bootstrap(found: Servers, stack: StackFile) -> tuple[str, bool]:
    """Bootstrap the account of a stack as its root; return the outcome, and whether anything changed."""
    printed = commands.run(
        ["python", "-m", "bootstrap", "up", "--unit", stack.unit, "--environment", stack.environment]
        + ["--github-org", ORGANIZATION.login, "--github-repository", REPOSITORY.name]
        + ["--github-url", found.github.url, "--oidc-subjects", "immutable"],
        log=f"bootstrap-{stack.environment}",
        environment=login.environment(found, stack, identities.root(stack.account_id)),
    )
    unchanged = "unchanged" in printed
    return ("unchanged" if unchanged else "ready"), not unchanged


def _deploy(step: Step, found: Servers, files: dict[str, StackFile]) -> dict[str, dict[str, str]]:
    """Update dev, whose template cloner the others let in, then those in parallel; return the deployers' variables."""
    counts = dict.fromkeys(files, 0)

    def deploy(file: StackFile) -> tuple[dict[str, str], Deployment]:
        def count(done: int) -> None:
            counts[file.environment] = done
            step.report("Pulumi's entries: " + " · ".join(f"{name} {number}" for name, number in counts.items()))

        as_deployer = login.create_stack(found, file)
        return as_deployer, stacks.up(file, as_deployer, on_resource=count)

    others = {name: file for name, file in files.items() if name != "dev"}
    results = {"dev": deploy(files["dev"])}
    # Only now is the domain known, in which the lead approves for production.
    domain = stacks.output(files["dev"], results["dev"][0], "studioDomainId")
    stacks.change(files["prod"], "workload", approvers=[f"{domain}/{LEAD_DATA_SCIENTIST.login}"])
    with ThreadPoolExecutor() as pool:
        results |= dict(zip(others, pool.map(deploy, others.values()), strict=True))
    step.changed = any(deployment.changed for _, deployment in results.values())
    step.report(
        "Pulumi's entries: "
        + " · ".join(
            f"{name} {deployment.total}" + ("" if deployment.changed else ", unchanged")
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
    step.report("a token in Secrets Manager" + (", unchanged" if unchanged else ""))
    return not unchanged


def _publish(found: Servers, as_platform: dict[str, str], step: Step) -> None:
    printed = commands.run(
        ["python", "template-repos/publish.py", "--organization", ORGANIZATION.login]
        + ["--github-url", found.github.url],
        log="publish-templates",
        environment=as_platform,
    )
    step.changed = any("unchanged" not in line for line in printed.splitlines())
    step.report(printed.replace("\n", " · "))


def _in_parallel(step: Step, act: Callable[[StackFile], tuple[str, bool]], files: dict[str, StackFile]) -> None:
    with ThreadPoolExecutor() as pool:
        results = dict(zip(files, pool.map(act, files.values()), strict=True))
    step.changed = any(changed for _, changed in results.values())
    step.report(" · ".join(f"{name} {outcome}" for name, (outcome, _) in results.items()))
