"""`python -m tests.e2e.prepare STAGE` tells the beginning of the demo's story, as far as tests need it.

A process of its own, like every command of a sandbox: its folder comes from the environment. The stages:

preprod    the servers run and one account is bootstrapped; nothing is deployed
project    a launched project has registered its first model, which nobody has approved
"""

import sys
from collections.abc import Callable

from sandbox import environments, installation, login, servers, stacks
from sandbox.demo import accounts, runner
from sandbox.demo.progress import Story


def bootstrapped(environment: str) -> None:
    """Do what the demo does before it deploys."""
    installation.install(lambda _: None)
    found = servers.start()
    environments.enter(found.aws.url, found.trust)
    stack = stacks.write(environment, found)
    accounts.bootstrap(found, stack)
    login.create_stack(found, stack)


def registered() -> None:
    """Do what the demo does before a model is approved."""
    with Story() as story:
        runner.start_project(story, accounts.build(story))


STAGES: dict[str, Callable[[], None]] = {"preprod": lambda: bootstrapped("preprod"), "project": registered}


if __name__ == "__main__":
    STAGES[sys.argv[1]]()
