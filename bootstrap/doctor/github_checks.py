"""Checks of the access to GitHub: the organization, the platform's GitHub environment and the stored credential."""

import http.client
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from bootstrap import github, token_expiry, token_scopes
from bootstrap.account import Account
from bootstrap.credential import store_command
from bootstrap.deployed import deployed_parameter
from bootstrap.github import Get, Server
from bootstrap.names import Names
from bootstrap.stack import Stack


def organization(server: Server, name: str, token: str | None, get: Get) -> tuple[bool, str]:
    """Check that the server shows the organization."""
    answer = get(server, f"/orgs/{name}", token)
    if answer.status == http.client.OK:
        login = str(answer.body.get("login", name))
        if login != name:
            return False, (
                f"the organization is {login}, and the platform was deployed for {name}: IAM tells capitals from small "
                f"letters, so set github.organization to {login} and deploy"
            )
        return True, f"{server.url} shows the organization {name}"
    hint = "GITHUB_TOKEN is rejected or may not see it" if token else "set GITHUB_TOKEN to send a token"
    return False, f"{server.url} answered {answer.status} for the organization {name}: {hint}"


def repository(
    server: Server, stack: Stack, settings: Mapping[str, object], token: str | None, get: Get, again: str
) -> tuple[bool, str]:
    """Check that the roles' trust and the settings spell the platform's repository as GitHub does.

    GitHub keeps the case of names and ignores it in look-ups; IAM compares exactly.
    """
    trusted = trusted_repository(stack)
    answer = get(server, f"/repos/{quote(trusted)}", token)
    if answer.status != http.client.OK:
        hint = "" if token else "; set GITHUB_TOKEN if it is private"
        return False, f"{server.url} answered {answer.status} for {trusted}: {github.explain(answer)}{hint}"
    known = str(answer.body["full_name"])
    if trusted != known:
        return False, f"the roles trust {trusted}, and GitHub's tokens say {known}; run: {again}"
    name, configured = known.partition("/")[2], settings.get("repository")
    if isinstance(configured, str) and configured != name:
        return False, f"github.repository of the settings is {configured}, and GitHub's tokens say {name}: correct it"
    branch = str(answer.body.get("default_branch", "main"))
    if branch != "main":
        return False, (
            f"the default branch of {known} is {branch}, and the workflows deploy main; run: "
            f"gh api --method POST repos/{known}/branches/{branch}/rename --field new_name=main"
        )
    return True, f"the roles trust {known}, as GitHub spells it, and its default branch is main"


def environment(server: Server, names: Names, stack: Stack, token: str | None, get: Get) -> tuple[bool, str]:
    """Check that the GitHub environment admits main alone: the deploy role trusts every job in the environment."""
    repository = trusted_repository(stack)
    path = f"/repos/{quote(repository)}/environments/{quote(names.environment)}"
    only_main = "admit only main (Deployment branches and tags: Selected branches and tags, add main)"
    url = f"{server.url}/{repository}/settings/environments"
    advice = f"{only_main} and, for production, require a review: {url}"
    answer = get(server, path, token)
    if answer.status == http.client.NOT_FOUND:
        unseen = "" if token else " (set GITHUB_TOKEN if the repository is private)"
        return False, (
            f"{repository} shows no environment {names.environment}{unseen}: the first job that names it creates it, on "
            f"whatever branch, and may deploy; create it and {advice}"
        )
    if answer.status != http.client.OK:
        return False, f"{server.url} answered {answer.status} for {path}: {github.explain(answer)}"
    name = str(answer.body.get("name", names.environment))
    if name != names.environment:
        return False, (
            f"{repository} has the environment {name}, which GitHub finds by {names.environment} too, and the deploy role "
            f"does not: delete it, create {names.environment} and {advice}"
        )
    policy = answer.body.get("deployment_branch_policy")
    if policy is None:
        return False, f"jobs on every branch of {repository} may enter {names.environment} and deploy; {advice}"
    if not policy.get("custom_branch_policies"):
        return False, (
            f"{repository} admits protected branches to {names.environment}, which are all branches unless one has a branch "
            f"protection rule (rulesets do not count); {advice}"
        )
    path += "/deployment-branch-policies?per_page=100"
    answer = get(server, path, token)
    if answer.status != http.client.OK:
        return False, f"{server.url} answered {answer.status} for {path}: {github.explain(answer)}"
    # Older Enterprise Servers have policies for branches only, and no field `type`.
    admitted = sorted((each.get("type", "branch"), each["name"]) for each in answer.body["branch_policies"])
    if admitted == [("branch", "main")]:
        return True, f"{repository} admits only main to {names.environment}"
    listed = ", ".join(f"{kind} {name}" for kind, name in admitted) or "no branch"
    return False, f"{repository} admits {listed} to {names.environment}, which is for main alone; {advice}"


def token_of_deployments(server: Server, organization: str, token: str, get: Get) -> tuple[bool, str]:
    """Check that the token in GITHUB_TOKEN can deploy a stack that publishes template repositories, and goes on doing so."""
    answer, now = get(server, f"/orgs/{organization}", token), datetime.now(UTC)
    held, ends = token_scopes.scopes(answer, token), token_expiry.expiry(answer)
    ending = f"; it {token_expiry.said(ends, now)}" if ends else ""
    if token_expiry.soon(ends, now):
        return False, (
            f"GITHUB_TOKEN {token_expiry.said(ends, now)}. If it is the one in the secret ORGANIZATION_TOKEN, nothing is deployed "
            "from then on: rotate it (README, Rotate the tokens)"
        )
    if held is None:
        return True, (
            "GITHUB_TOKEN is fine-grained or an app's, so GitHub does not tell what it may do; a deployment needs "
            f"Administration and Workflows of repositories and Administration of the organization (read and write){ending}"
        )
    lacking = token_scopes.missing(held, token_scopes.ORGANIZATION)
    if not lacking:
        return (
            True,
            f"GITHUB_TOKEN has the scopes that a deployment needs: {', '.join(token_scopes.ORGANIZATION)}{ending}",
        )
    return False, (
        f"GITHUB_TOKEN lacks {token_scopes.needs(lacking)}; run: "
        f"{token_scopes.granting(server, token_scopes.ORGANIZATION)}"
    )


def credential(account: Account, names: Names, server: Server) -> tuple[bool, str]:
    """Check that the secret for the platform's GitHub token holds a value."""
    arn = deployed_parameter(account.client("ssm"), names, "github/credential-secret-arn")
    versions = account.client("secretsmanager").describe_secret(SecretId=arn).get("VersionIdsToStages", {})
    if any("AWSCURRENT" in stages for stages in versions.values()):
        return True, f"{arn} holds a value"
    return False, (f"{arn} is empty, so no project can be launched; run: {store_command(server, names)}")


def trusted_repository(stack: Stack) -> str:
    """Return owner and name of the repository whose jobs the deploy role trusts."""
    subject = stack.parameters.get("DeploySubjects", "").partition(",")[0]
    parts = subject.removeprefix("repo:").partition(":")[0].split("/")
    return "/".join(part.partition("@")[0] for part in parts)
