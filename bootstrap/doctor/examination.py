"""Run all checks of an environment in the order in which problems are solved."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bootstrap import agreement, github, settings_file
from bootstrap.account import Account
from bootstrap.deployed import deployed_parameter, deployed_server
from bootstrap.doctor import (
    account_checks,
    actions_policy,
    alarms,
    github_checks,
    project_releases,
    quotas,
    reviews,
    studio,
    subject_checks,
)
from bootstrap.doctor.finding import Finding, checked
from bootstrap.errors import BootstrapError
from bootstrap.github import Get
from bootstrap.login import stack_name
from bootstrap.names import Names
from bootstrap.stack import Stack, describe
from bootstrap.up import command, trusted_server


def examine(
    account: Account, names: Names, token: str | None, get: Get = github.get, folder: Path = Path()
) -> Iterator[Finding]:
    """Yield a finding for everything that the environment needs.

    `folder` holds the stacks' settings, from which follow the quotas that the environment needs and who receives alarms.
    """
    yield Finding(subject="account", fine=True, message=f"{account.account_id}, {account.region}, as {account.caller}")
    stack = describe(account.client("cloudformation"), names.stack)
    if stack is None:
        first = f"run: python -m bootstrap up --unit {names.unit} --environment {names.environment} --github-org …"
        yield Finding(subject="bootstrap", fine=False, message=f"no stack {names.stack}; {first}")
        return
    again = f"run: {command(names, stack, _server(account, names, stack))}"
    complete = stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    yield Finding(
        subject="bootstrap",
        fine=complete,
        message=f"stack {names.stack} is {stack.status}" + ("" if complete else f"; {again}"),
    )
    settings = settings_file.of_environment(names, folder)
    if settings is not None:
        different = list(agreement.disagreements(folder, names.unit))
        same = f"of {names.unit} agree in region, organization and accounts"
        yield Finding(subject="stacks", fine=not different, message="; ".join(different) or same)
        yield checked("roles", lambda: account_checks.parts(stack, settings_file.parts(settings), again))
    yield checked("state bucket", lambda: account_checks.state_bucket(account, names, again))
    yield checked("state key", lambda: account_checks.state_key(account, names, again))
    yield checked("identity provider", lambda: account_checks.identity_provider(account, stack, again))
    yield checked("deploy role", lambda: account_checks.role(account, names.deploy_role, again))
    yield checked("preview role", lambda: account_checks.role(account, names.preview_role, again))
    yield examine_quotas(account, names, folder)
    yield checked("room for projects", lambda: account_checks.room_for_projects(account))
    yield from _platform(account, names, stack, token, get, folder)


def _server(account: Account, names: Names, stack: Stack) -> github.Server:
    """Return the platform's GitHub server, with the issuer that the roles trust today."""
    try:
        deployed = deployed_server(account.client("ssm"), names)
    except BootstrapError:
        return trusted_server(stack)
    return replace(deployed, issuer=stack.parameters.get("OidcIssuer", deployed.issuer))


def examine_quotas(account: Account, names: Names, folder: Path = Path()) -> Finding:
    """Return the finding about the quotas that the environment needs, by its settings in `folder`."""
    return checked("quotas", lambda: _quotas(account, names, folder))


def _quotas(account: Account, names: Names, folder: Path) -> tuple[bool, str]:
    settings = settings_file.of_environment(names, folder)
    if settings is None:
        return False, (
            f"no Pulumi.*.yaml here belongs to {names.prefix}, so its needs are unknown; "
            "run this in the folder that has its settings, or write them"
        )
    try:
        deployed_parameter(account.client("ssm"), names, "network/vpc-id")
        deployed = True
    except BootstrapError:
        deployed = False
    shortages = quotas.shortages(account, settings, deployed=deployed)
    return not shortages, "; ".join(map(str, shortages)) or "enough for what the settings require"


def _platform(
    account: Account, names: Names, stack: Stack, token: str | None, get: Get, folder: Path
) -> Iterator[Finding]:
    """Yield findings about the deployed platform and its GitHub."""
    ssm = account.client("ssm")
    try:
        server = deployed_server(ssm, names)
        organization = deployed_parameter(ssm, names, "github/organization")
    except BootstrapError as error:
        yield Finding(subject="platform", fine=False, message=str(error))
        return
    yield Finding(subject="platform", fine=True, message=f"deployed, for {server.url}/{organization}")
    settings = settings_file.of_environment(names, folder) or {}
    name = stack_name(names, folder)
    yield checked("alarms", lambda: alarms.recipients(account, names, name, settings))
    if "development" in settings:
        yield checked("Studio", lambda: studio.apps(account, names))
    trusted = stack.parameters.get("OidcIssuer")
    if trusted != server.issuer:
        again = command(names, stack, server, moved=server.url != trusted_server(stack).url)
        yield Finding(
            subject="token issuer",
            fine=False,
            message=f"the roles trust {trusted}, the platform's settings say {server.issuer}; if the settings are right, "
            f"run: {again}; if the roles are right, set github.oidcIssuer to https://{trusted} and deploy",
        )
    yield checked("GitHub", lambda: github_checks.organization(server, organization, token, get))
    again = command(names, stack, server)
    repository = settings_file.section(settings, "github")
    yield checked("GitHub repository", lambda: github_checks.repository(server, stack, repository, token, get, again))
    yield checked("token subjects", lambda: subject_checks.check(server, names, stack, settings, token, get))
    if token and settings_file.publishes_templates(settings):
        yield checked("GitHub token", lambda: github_checks.token_of_deployments(server, organization, token, get))
    own = github_checks.trusted_repository(stack)
    yield checked("GitHub reviews", lambda: reviews.of_platform(server, own, settings, token, get))
    if settings_file.publishes_templates(settings):
        yield checked("GitHub rulesets", lambda: reviews.of_organization(server, organization, settings, token, get))
        yield checked("GitHub secrets", lambda: reviews.of_token(server, own, token, get))
    if "workload" in settings:
        yield checked("release", lambda: reviews.of_release(names.environment, settings))
        workload = settings_file.section(settings, "workload")
        if workload.get("releaseManagers"):
            yield checked(
                "GitHub plan",
                lambda: reviews.of_plan(server, organization, names.environment, settings, token, get),
            )
        if reviews.releases_by_environment(settings):
            yield checked(
                "project releases",
                lambda: project_releases.check(account, names, server, organization, settings, token, get),
            )
    if reviews.deployments_are_reviewed(settings):
        yield checked(
            "GitHub deployment",
            lambda: reviews.of_deployment(server, own, names.environment, settings, token, get),
        )
    yield checked("GitHub environment", lambda: github_checks.environment(server, names, stack, token, get))
    yield checked("GitHub Actions", lambda: actions_policy.check(server, organization, token, get))
    # Only a stack with the development section has the template cloner, whose secret holds the credential.
    if "development" in settings:
        yield checked("GitHub credential", lambda: github_checks.credential(account, names, server))
