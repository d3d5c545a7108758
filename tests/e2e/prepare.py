"""`python -m tests.e2e.prepare STAGE` runs the first steps of the demo, as far as tests need them.

It is a process of its own, like every command of a sandbox, because the sandbox's folder comes from the environment.

Stages:
    preprod: the servers run and one account is bootstrapped; nothing is deployed.
    project: a launched project has registered its first model, which is not approved.
"""

import sys
from collections.abc import Callable

from sandbox import environments, installation, login, servers, stacks
from sandbox.demo import accounts, runner
from sandbox.demo.progress import Demo


def bootstrapped(environment: str) -> None:
    """Start the servers and bootstrap one account."""
    installation.install(lambda _: None)
    found = servers.start()
    environments.enter(found.aws.url, found.trust)
    stack = stacks.write(environment, found)
    accounts.bootstrap(found, stack)
    login.create_stack(found, stack)


def registered() -> None:
    """Run the demo up to the first registered model."""
    with Demo() as demo:
        runner.start_project(demo, accounts.build(demo))


STAGES: dict[str, Callable[[], None]] = {"preprod": lambda: bootstrapped("preprod"), "project": registered}


if __name__ == "__main__":
    STAGES[sys.argv[1]]()
