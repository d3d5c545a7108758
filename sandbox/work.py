"""How somebody works on a stack: the environment of their programs, logged in to the stack's state."""

import json
import shlex

from sandbox import commands, environments, folders, identities
from sandbox.organization import PLATFORM_ENGINEER
from sandbox.servers import Servers
from sandbox.stacks import StackFile


def environment(found: Servers, stack: StackFile, identity: identities.Identity) -> dict[str, str]:
    """Return the environment of a platform engineer's program in the region of a stack, as `identity` in AWS."""
    client = environments.client(found.aws.url, found.trust, region=stack.region, identity=identity)
    return client | {"GITHUB_TOKEN": found.tokens[PLATFORM_ENGINEER.login]}


def deployer(found: Servers, stack: StackFile) -> dict[str, str]:
    """Return the environment of a program that works on a stack as its account's deploy role."""
    as_deployer = environment(found, stack, identities.deploy(found, stack))
    *exports, _ = _login(stack, as_deployer)
    variables = (shlex.split(export)[1].partition("=") for export in exports)
    return as_deployer | {name: value for name, _, value in variables}


def create_stack(stack: StackFile, as_deployer: dict[str, str]) -> None:
    """Select a stack as the login recommends, which creates it when it is new."""
    *_, select = _login(stack, as_deployer)
    commands.run(shlex.split(select), log=f"select-{stack.environment}", environment=as_deployer, folder=folders.STACKS)


def output(stack: StackFile, as_deployer: dict[str, str], name: str) -> str:
    """Return an output of a stack."""
    printed = commands.run(
        ["pulumi", "stack", "output", "--json", "--stack", stack.environment],
        log=f"output-{stack.environment}",
        environment=as_deployer,
        folder=folders.STACKS,
    )
    return str(json.loads(printed)[name])


def _login(stack: StackFile, as_deployer: dict[str, str]) -> list[str]:
    """Return what the login prints: variables to export, and last the command that selects the stack."""
    return commands.run(
        ["python", "-m", "bootstrap", "login", "--unit", stack.unit, "--environment", stack.environment],
        log=f"login-{stack.environment}",
        environment=as_deployer,
    ).splitlines()
