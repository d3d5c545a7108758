"""`python -m tests.e2e.prepare STAGE` runs the first steps of the demo, as far as tests need them.

It is a process of its own, like every command of a sandbox, because the sandbox's folder comes from the environment.

Stages:
    preprod: the servers run and one account is bootstrapped; nothing is deployed but the role of dev that it admits.
    platform: three accounts are deployed and the templates are published; no project is launched.
    project: a launched project has registered its first model, which is not approved.
    watched: the same, where roles may bring the truth about requests, and training runs are recorded in MLflow.
    team: as `project`, in an organization on GitHub's plan Team, which releases by pull requests.
"""

import json
import sys
from collections.abc import Callable
from typing import Literal

import boto3

from sandbox import environments, identities, installation, login, servers, stacks
from sandbox.demo import accounts, runner
from sandbox.demo.progress import Demo
from sandbox.organization import RELEASE_MANAGER, SECOND_RELEASE_MANAGER

TRUTH_WRITER = "orders"
"""Role of production that the stage `watched` lets bring the truth about requests; a test makes it."""


def bootstrapped(environment: str) -> None:
    """Start the servers and bootstrap one account."""
    found = _started()
    stack = stacks.write(environment, found)
    accounts.bootstrap(found, stack)
    login.create_stack(found, stack)
    _admit(stacks.write("dev", found))


def _admit(dev: stacks.StackFile) -> None:
    """Make the role of dev by which projects are onboarded: a function's policy names only roles that exist."""
    root = identities.root(dev.account_id)
    iam = boto3.client(
        "iam",
        region_name=dev.region,
        aws_access_key_id=root["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=root["AWS_SECRET_ACCESS_KEY"],
    )
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName=f"{dev.prefix}-template-cloner", AssumeRolePolicyDocument=document)


def deployed() -> None:
    """Run the demo up to three deployed accounts, without a project."""
    with Demo() as demo:
        accounts.build(demo)


def registered() -> None:
    """Run the demo up to the first registered model."""
    with Demo() as demo:
        runner.start_project(demo, accounts.build(demo))


def registered_and_watched() -> None:
    """Run the demo up to the first registered model, with an MLflow app, and with a role that brings truth."""
    found = _started()
    stacks.change(stacks.write("dev", found), "development", mlflow=True)
    stacks.change(stacks.write("prod", found), "workload", truthWriters=[TRUTH_WRITER])
    registered()


def registered_on_team() -> None:
    """Run the demo up to the first registered model, with releases by pull request."""
    found = _started("team")
    managers = [RELEASE_MANAGER.login, SECOND_RELEASE_MANAGER.login]
    stacks.change(stacks.write("dev", found), "github", releaseManagers=managers)
    stacks.change(stacks.write("prod", found), "workload", release="branch")
    registered()


def _started(plan: Literal["team", "enterprise"] = "enterprise") -> servers.Servers:
    installation.install(lambda _: None)
    found = servers.start(plan)
    environments.enter(found.aws.url, found.trust)
    return found


STAGES: dict[str, Callable[[], None]] = {
    "preprod": lambda: bootstrapped("preprod"),
    "platform": deployed,
    "project": registered,
    "watched": registered_and_watched,
    "team": registered_on_team,
}


if __name__ == "__main__":
    STAGES[sys.argv[1]]()
