"""`doctor`: what is in place for an environment, and what to do about what isn't."""

import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from bootstrap import github, quotas, settings_file
from bootstrap.account import Account, error_code, error_message
from bootstrap.credential import Get, deployed_parameter, deployed_server
from bootstrap.names import Names
from bootstrap.problem import ProblemError
from bootstrap.stack import Stack, describe
from bootstrap.up import AUDIENCE, command, provider_audiences, trusted_server


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The state of one thing."""

    subject: str
    fine: bool
    says: str
    """What is; and, when it isn't fine, what to do."""


def examine(
    account: Account, names: Names, token: str | None, get: Get = github.get, folder: Path = Path()
) -> Iterator[Finding]:
    """Look at everything that the environment needs, in the order in which it is put right.

    `folder` holds the stacks' settings, which say what the environment takes of the account's quotas.
    """
    yield Finding(subject="account", fine=True, says=f"{account.account_id}, {account.region}, as {account.caller}")
    stack = describe(account.client("cloudformation"), names.stack)
    if stack is None:
        first = f"run: python -m bootstrap up --unit {names.unit} --environment {names.environment} --github-org …"
        yield Finding(subject="bootstrap", fine=False, says=f"no stack {names.stack}; {first}")
        return
    again = f"run: {command(names, stack, _server(account, names, stack))}"
    complete = stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    yield Finding(
        subject="bootstrap",
        fine=complete,
        says=f"stack {names.stack} is {stack.status}" + ("" if complete else f"; {again}"),
    )
    yield _guarded("state bucket", lambda: _bucket(account, names, again))
    yield _guarded("state key", lambda: _key(account, names, again))
    yield _guarded("identity provider", lambda: _provider(account, stack, again))
    yield _guarded("deploy role", lambda: _role(account, names.deploy_role, again))
    yield _guarded("preview role", lambda: _role(account, names.preview_role, again))
    yield _guarded("quotas", lambda: _quotas(account, names, folder))
    yield from _github(account, names, stack, token, get)


def _server(account: Account, names: Names, stack: Stack) -> github.Server:
    """The platform's GitHub, with the issuer that the roles trust already."""
    try:
        deployed = deployed_server(account.client("ssm"), names)
    except ProblemError:
        return trusted_server(stack)
    return replace(deployed, issuer=stack.parameters.get("OidcIssuer", deployed.issuer))


def _guarded(subject: str, look: Callable[[], tuple[bool, str]]) -> Finding:
    try:
        fine, says = look()
    except ClientError as error:
        return Finding(
            subject=subject,
            fine=False,
            says=f"cannot be examined ({error_code(error)}: {error_message(error)}); use credentials that may read it",
        )
    except ProblemError as problem:
        return Finding(subject=subject, fine=False, says=str(problem))
    return Finding(subject=subject, fine=fine, says=says)


def _bucket(account: Account, names: Names, again: str) -> tuple[bool, str]:
    bucket = names.state_bucket(account.account_id, account.region)
    s3 = account.client("s3")
    try:
        versioning = s3.get_bucket_versioning(Bucket=bucket).get("Status", "off")
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        public = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if error_code(error) in (
            "NoSuchBucket",
            "NoSuchPublicAccessBlockConfiguration",
            "ServerSideEncryptionConfigurationNotFoundError",
        ):
            return False, f"{bucket}: {error_message(error)}; {again}"
        raise
    algorithms = {rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules}
    missing = [
        *(["versioning"] if versioning != "Enabled" else []),
        *(["encryption by its key"] if algorithms != {"aws:kms"} else []),
        *(["the block of public access"] if not all(public.values()) else []),
    ]
    if missing:
        return False, f"{bucket} lost {', '.join(missing)}; {again}"
    return True, f"{bucket}: private, versioned, encrypted"


def _key(account: Account, names: Names, again: str) -> tuple[bool, str]:
    kms = account.client("kms")
    try:
        key = kms.describe_key(KeyId=names.state_alias)["KeyMetadata"]
    except ClientError as error:
        if error_code(error) == "NotFoundException":
            return False, f"{names.state_alias} names no key; {again}"
        raise
    if key["KeyState"] != "Enabled":
        return False, (
            f"{key['Arn']} is {key['KeyState']}: the state cannot be read. Enable it "
            f"(aws kms cancel-key-deletion, aws kms enable-key --key-id {key['KeyId']}) before anything else"
        )
    if not kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]:
        return False, f"{key['Arn']} does not rotate; run: aws kms enable-key-rotation --key-id {key['KeyId']}"
    return True, f"{names.state_alias}: enabled, rotating"


def _provider(account: Account, stack: Stack, again: str) -> tuple[bool, str]:
    arn = stack.outputs.get("OidcProviderArn", "")
    audiences = provider_audiences(account.client("iam"), arn)
    if audiences is None:
        return False, f"{arn} is gone, so no workflow can log in; {again}"
    if AUDIENCE not in audiences:
        return False, (
            f"{arn} does not accept {AUDIENCE}; run: aws iam add-client-id-to-open-id-connect-provider "
            f"--client-id {AUDIENCE} --open-id-connect-provider-arn {arn}"
        )
    return True, arn


def _role(account: Account, name: str, again: str) -> tuple[bool, str]:
    try:
        role = account.client("iam").get_role(RoleName=name)["Role"]
    except ClientError as error:
        if error_code(error) == "NoSuchEntity":
            return False, f"{name} is gone; {again}"
        raise
    if "PermissionsBoundary" not in role:
        return False, f"{name} lost its permissions boundary; {again}"
    return True, f"{role['Arn']} for {', '.join(_subjects(role['AssumeRolePolicyDocument']))}"


def _subjects(trust: Mapping[str, Any]) -> Sequence[str]:
    found: list[str] = []
    for statement in trust.get("Statement", []):
        for key, value in statement.get("Condition", {}).get("StringEquals", {}).items():
            if key.endswith(":sub"):
                found.extend([value] if isinstance(value, str) else value)
    return found


def _quotas(account: Account, names: Names, folder: Path) -> tuple[bool, str]:
    settings = settings_file.of_stack(names, folder)
    if settings is None:
        return False, (
            f"no Pulumi.*.yaml here is about {names.prefix}, so what it takes is unknown; "
            "run this where the settings are, or write them"
        )
    try:
        deployed_parameter(account.client("ssm"), names, "network/vpc-id")
        deployed = True
    except ProblemError:
        deployed = False
    short = quotas.shortages(account, settings, deployed=deployed)
    return not short, "; ".join(str(each) for each in short) or "enough for what the settings ask for"


def _github(account: Account, names: Names, stack: Stack, token: str | None, get: Get) -> Iterator[Finding]:
    ssm = account.client("ssm")
    try:
        server = deployed_server(ssm, names)
        organization = deployed_parameter(ssm, names, "github/organization")
    except ProblemError as problem:
        yield Finding(subject="platform", fine=False, says=str(problem))
        return
    yield Finding(subject="platform", fine=True, says=f"deployed, for {server.url}/{organization}")
    trusted = stack.parameters.get("OidcIssuer")
    if trusted != server.issuer:
        again = command(names, stack, server, moved=server.url != trusted_server(stack).url)
        yield Finding(
            subject="token issuer",
            fine=False,
            says=f"the roles trust {trusted}, the platform's settings say {server.issuer}; if the settings are right, "
            f"run: {again}; if the roles are, set github.oidcIssuer to https://{trusted} and deploy",
        )
    yield _guarded("GitHub", lambda: _organization(server, organization, token, get))
    yield _guarded("GitHub environment", lambda: _environment(server, names, stack, token, get))
    yield _guarded("GitHub credential", lambda: _credential(account, names))


def _organization(server: github.Server, organization: str, token: str | None, get: Get) -> tuple[bool, str]:
    answer = get(server, f"/orgs/{organization}", token)
    if answer.status == http.client.OK:
        return True, f"{server.url} shows the organization {organization}"
    hint = "GITHUB_TOKEN is refused or may not see it" if token else "set GITHUB_TOKEN to look with a token"
    return False, f"{server.url} answered {answer.status} for the organization {organization}: {hint}"


def _environment(server: github.Server, names: Names, stack: Stack, token: str | None, get: Get) -> tuple[bool, str]:
    """The deploy role trusts every job in the environment, so the environment must let no branch in but main."""
    subject = stack.parameters.get("DeploySubjects", "").partition(",")[0]
    repository = "/".join(part.partition("@")[0] for part in subject.removeprefix("repo:").partition(":")[0].split("/"))
    path = f"/repos/{quote(repository)}/environments/{quote(names.environment)}"
    where = f"{server.url}/{repository}/settings/environments"
    only_main = "let only main in (Deployment branches and tags: Selected branches and tags, add main)"
    advice = f"{only_main} and, for production, ask for a review: {where}"
    answer = get(server, path, token)
    if answer.status == http.client.NOT_FOUND:
        unseen = "" if token else " (set GITHUB_TOKEN if the repository is private)"
        return False, (
            f"{repository} shows no environment {names.environment}{unseen}: the first job that names it makes it, on "
            f"whatever branch, and may deploy; make it and {advice}"
        )
    if answer.status != http.client.OK:
        return False, f"{server.url} answered {answer.status} for {path}: {github.explain(answer)}"
    policy = answer.body.get("deployment_branch_policy")
    if policy is None:
        return False, f"jobs on every branch of {repository} may enter {names.environment} and deploy; {advice}"
    if not policy.get("custom_branch_policies"):
        return False, (
            f"{repository} lets protected branches into {names.environment}, which are all branches unless one has a branch "
            f"protection rule (rulesets do not count); {advice}"
        )
    path += "/deployment-branch-policies?per_page=100"
    answer = get(server, path, token)
    if answer.status != http.client.OK:
        return False, f"{server.url} answered {answer.status} for {path}: {github.explain(answer)}"
    # Older Enterprise Servers know branches only, and do not say so.
    admitted = sorted((each.get("type", "branch"), each["name"]) for each in answer.body["branch_policies"])
    if admitted == [("branch", "main")]:
        return True, f"{repository} lets only main into {names.environment}"
    listed = ", ".join(f"{kind} {name}" for kind, name in admitted) or "nobody"
    return False, f"{repository} lets {listed} into {names.environment}, which is for main alone; {advice}"


def _credential(account: Account, names: Names) -> tuple[bool, str]:
    arn = deployed_parameter(account.client("ssm"), names, "github/credential-secret-arn")
    versions = account.client("secretsmanager").describe_secret(SecretId=arn).get("VersionIdsToStages", {})
    if any("AWSCURRENT" in stages for stages in versions.values()):
        return True, f"{arn} holds a value"
    return False, (
        f"{arn} is empty, so no project can be launched; run: gh auth token | python -m bootstrap github-token "
        f"--unit {names.unit} --environment {names.environment}"
    )
