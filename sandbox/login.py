"""Log in to a stack's state: environments of programs that work on a stack."""

import shlex

from sandbox import commands, environments, identities, paths
from sandbox.organization import PLATFORM_ENGINEER
from sandbox.servers import Servers
from sandbox.stacks import StackFile


def environment(found: Servers, stack: StackFile, identity: identities.Identity) -> dict[str, str]:
    """Return the environment of a platform engineer's program in the region of a stack, as `identity` in AWS."""
    client = environments.client(found.aws.url, found.trust, region=stack.region, identity=identity)
    return client | {"GITHUB_TOKEN": found.tokens[PLATFORM_ENGINEER.login]}


def deployer(found: Servers, stack: StackFile) -> dict[str, str]:
    """Return the environment of a program that works on a stack as its account's deploy role."""
    return _log_in(found, stack)[0]


def create_stack(found: Servers, stack: StackFile) -> dict[str, str]:
    """Select a stack as the login recommends, which creates it when it is new; return its deployer's environment."""
    as_deployer, select = _log_in(found, stack)
    commands.run(select, log=f"select-{stack.environment}", environment=as_deployer, folder=paths.STACKS)
    return as_deployer


def _log_in(found: Servers, stack: StackFile) -> tuple[dict[str, str], list[str]]:
    """Return the environment of the deploy role, logged in to the stack's state, and the command that selects it."""
    as_deployer = environment(found, stack, identities.deploy(found, stack))
    *exports, select = commands.run(
        ["python", "-m", "bootstrap", "login", "--unit", stack.unit, "--environment", stack.environment],
        log=f"login-{stack.environment}",
        environment=as_deployer,
    ).splitlines()
    variables = (shlex.split(export)[1].partition("=") for export in exports)
    return as_deployer | {name: value for name, _, value in variables}, shlex.split(select)
