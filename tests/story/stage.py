"""`python -m tests.story.stage preprod` starts a sandbox's servers and bootstraps one account; nothing is deployed.

A process of its own, like every command of a sandbox: its folder comes from the environment.
"""

import sys

from sandbox import commands, environments, identities, installation, servers, stacks, work
from sandbox.organization import ORGANIZATION, REPOSITORY


def main(environment: str) -> None:
    """Do what the demo does before it deploys."""
    installation.install(lambda _: None)
    found = servers.start()
    environments.enter(found.aws.url, found.trust)
    stack = stacks.write(environment, found)
    commands.run(
        ["python", "-m", "bootstrap", "up", "--unit", stack.unit, "--environment", environment]
        + ["--github-org", ORGANIZATION.login, "--github-repository", REPOSITORY.name]
        + ["--github-url", found.github.url, "--oidc-subjects", "immutable"],
        log="bootstrap",
        environment=work.environment(found, stack, identities.root(stack.account_id)),
    )
    work.create_stack(found, stack)


if __name__ == "__main__":
    main(sys.argv[1])
