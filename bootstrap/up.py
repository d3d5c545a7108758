"""`up`: create the account's foundation, or bring it to the present template."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from bootstrap import github
from bootstrap.account import Account, Client, error_code, error_message
from bootstrap.names import Names
from bootstrap.problem import ProblemError
from bootstrap.stack import TEMPLATE, Outcome, Report, Stack, StackKeeper

AUDIENCE = "sts.amazonaws.com"
REPOSITORY = re.compile(r"repo:(?P<organization>[^@/:]+)(@\d+)?/(?P<name>[^@/:]+)(?P<id>@\d+)?:")
"""What a token's subject says of the repository."""


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Which jobs may assume the roles."""

    issuer: str
    deploy_subjects: tuple[str, ...]
    preview_subjects: tuple[str, ...]


def trust(
    server: github.Server,
    organization: str,
    repository: str,
    ids: github.Repository | None,
    form: github.SubjectForm,
    environment: str,
) -> Trust:
    """Trust the platform repository's jobs: those of this environment deploy, those of pull requests preview."""
    return Trust(
        issuer=server.issuer,
        deploy_subjects=tuple(github.subjects(organization, repository, ids, form, f"environment:{environment}")),
        preview_subjects=tuple(github.subjects(organization, repository, ids, form, "pull_request")),
    )


def up(account: Account, names: Names, trusted: Trust, keeper: StackKeeper) -> tuple[Outcome, Mapping[str, str]]:
    """Apply `bootstrap.yaml`; the outcome, and the stack's outputs.

    Raises:
        ProblemError: something in the account stands in the way, or CloudFormation fails.
    """
    stack = keeper.find()
    if stack is None:
        _refuse_leftovers(account, names)
    parameters = {
        "Unit": names.unit,
        "Environment": names.environment,
        "OidcIssuer": trusted.issuer,
        "OidcProviderArn": _provider_to_reuse(account, trusted.issuer, stack, keeper.report),
        "DeploySubjects": ",".join(trusted.deploy_subjects),
        "PreviewSubjects": ",".join(trusted.preview_subjects),
    }
    tags = {"unit": names.unit, "environment": names.environment, "managed-by": "bootstrap"}
    outcome = keeper.apply(TEMPLATE.read_text(encoding="utf-8"), parameters, tags)
    done = keeper.find()
    if done is None:
        raise ProblemError(f"Stack {names.stack} vanished while it was looked at; run this again.")
    return outcome, done.outputs


def trusted_server(stack: Stack) -> github.Server:
    """The server whose tokens the roles trust, as far as their issuer tells."""
    issuer = stack.parameters.get("OidcIssuer")
    host, _, path = (issuer or "").partition("/")
    url = f"https://{host}" if path.startswith("_services/token") else github.PUBLIC_SERVER
    return github.Server.at(url, issuer=issuer)


def command(names: Names, stack: Stack, server: github.Server, *, moved: bool = False) -> str:
    """The command that applies the template again, for the repository of which `stack` trusts the jobs, on `server`.

    On a server that it `moved` to, subjects have that server's form.
    """
    again = f"python -m bootstrap up --unit {names.unit} --environment {names.environment}"
    subjects = stack.parameters.get("DeploySubjects", "").split(",")
    trusted = [match for match in map(REPOSITORY.match, subjects) if match]
    if not trusted:
        return f"{again} --github-org …"
    forms: set[github.SubjectForm] = {"immutable" if match["id"] else "legacy" for match in trusted}
    form: github.SubjectForm = "both" if len(forms) > 1 else forms.pop()
    return " ".join(
        [
            again,
            *("--github-org", trusted[0]["organization"], "--github-repository", trusted[0]["name"]),
            *server.options,
            *(["--oidc-subjects", form] if form != server.default_subjects and not moved else []),
        ]
    )


def provider_arn(account: Account, issuer: str) -> str:
    """ARN that AWS gives to the identity provider of `issuer`."""
    return f"arn:aws:iam::{account.account_id}:oidc-provider/{issuer}"


def provider_audiences(iam: Client, arn: str) -> list[str] | None:
    """Audiences that the account's identity provider accepts, or None when there is no such provider."""
    try:
        return iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
    except ClientError as error:
        if error_code(error) in ("NoSuchEntity", "NoSuchEntityException"):
            return None
        raise ProblemError(f"IAM does not show {arn}: {error_message(error)}") from error


def _provider_to_reuse(account: Account, issuer: str, stack: Stack | None, report: Report) -> str:
    """The provider's ARN when somebody else made it, or an empty string when this stack makes and keeps it."""
    arn = provider_arn(account, issuer)
    if stack is not None and stack.outputs.get("OidcProviderArn") == arn and not stack.parameters["OidcProviderArn"]:
        return ""
    audiences = provider_audiences(account.client("iam"), arn)
    if audiences is None:
        return ""
    if AUDIENCE not in audiences:
        raise ProblemError(
            f"Identity provider {arn} exists, but does not accept the audience {AUDIENCE}. Add it:\n"
            f"  aws iam add-client-id-to-open-id-connect-provider --client-id {AUDIENCE} "
            f"--open-id-connect-provider-arn {arn}"
        )
    report(f"Identity provider {issuer} exists in this account; using it.")
    return arn


def _refuse_leftovers(account: Account, names: Names) -> None:
    """IAM is global and buckets outlive their stack: say so before CloudFormation fails halfway."""
    try:
        role = account.client("iam").get_role(RoleName=names.deploy_role)["Role"]
    except ClientError as error:
        if error_code(error) not in ("NoSuchEntity", "NoSuchEntityException"):
            raise ProblemError(f"IAM does not show role {names.deploy_role}: {error_message(error)}") from error
    else:
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        home = tags.get("region", "another region")
        raise ProblemError(
            f"Role {names.deploy_role} exists, but stack {names.stack} does not exist in {account.region}: "
            f"{names.prefix} was bootstrapped in {home}.\n"
            f"An environment lives in one region, because roles are global. Either use --region {home}, or choose "
            "another environment name for this region (--environment devus for one)."
        )
    bucket = names.state_bucket(account.account_id, account.region)
    try:
        account.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error_code(error) in ("404", "NoSuchBucket", "NotFound"):
            return
        raise ProblemError(
            f"Bucket {bucket} exists, but may not be looked at ({error_code(error)}): it is needed for the state. "
            "Use credentials that administer this account."
        ) from error
    raise ProblemError(
        f"Bucket {bucket} is left from an earlier bootstrap: CloudFormation keeps the state and its key.\n"
        f"To go on with that state, import bucket and key into a new stack {names.stack} (CloudFormation console, "
        "Create stack, With existing resources, bootstrap/bootstrap.yaml).\n"
        "To start afresh, empty and delete the bucket first; its policy must be removed before."
    )
