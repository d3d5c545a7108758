"""`up`: create what Pulumi needs in an account, or update it to the current template."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from bootstrap import github, settings_file
from bootstrap.account import NO_SUCH_BUCKET, Account, Client, error_code, refusal_reason
from bootstrap.errors import BootstrapError
from bootstrap.names import Names
from bootstrap.stack import Outcome, Report, Stack, StackUpdater, template_body
from components.github.server import server_of

AUDIENCE = "sts.amazonaws.com"
NO_SUCH_ENTITY = ("NoSuchEntity", "NoSuchEntityException")
"""IAM's code of what does not exist: on the wire, and the name of its class."""
REPOSITORY = re.compile(r"repo:(?P<organization>[^@/:]+)(@\d+)?/(?P<name>[^@/:]+)(?P<id>@\d+)?:")
"""The repository in a token's subject."""


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The jobs that may assume the roles: their tokens' issuer and subjects."""

    issuer: str
    deploy_subjects: tuple[str, ...]
    preview_subjects: tuple[str, ...]
    repository_id: str = ""
    """Number of the repository, where AWS reads it in tokens; empty elsewhere."""


def trust(
    server: github.Server,
    organization: str,
    repository: str,
    ids: github.Repository | None,
    form: github.SubjectForm,
    environment: str,
) -> Trust:
    """Return trust in the jobs of the platform's repository: its environment deploys, its pull requests preview."""
    # AWS reads nothing but subject and audience in tokens of an Enterprise Server.
    known = None if server_of(server.issuer).is_enterprise_server else ids
    return Trust(
        issuer=server.issuer,
        deploy_subjects=tuple(github.subjects(organization, repository, ids, form, f"environment:{environment}")),
        preview_subjects=tuple(github.subjects(organization, repository, ids, form, "pull_request")),
        repository_id=str(known.repository_id) if known else "",
    )


def parts(names: Names, given: str | None, settings: Mapping[str, object] | None) -> str | None:
    """Return the parts of the platform that the environment has: as given, or else by its settings; None if neither tells.

    Raises:
        BootstrapError: the two differ, or the settings have no part, which must be said.
    """
    found = settings_file.parts(settings) if settings is not None else None
    if given and found and given != found:
        raise BootstrapError(
            f"--parts {given}: the settings of {names.prefix} in this folder have {found}. Leave the option out, or change "
            "the settings first."
        )
    if found == "none" and not given:
        raise BootstrapError(
            f"The settings of {names.prefix} in this folder have neither a section development nor workload. Write them in the "
            "form of this version first, or give --parts none if it is to have neither Studio nor models."
        )
    return given or found


def up(
    account: Account, names: Names, trusted: Trust, updater: StackUpdater, environments_parts: str | None
) -> tuple[Outcome, Mapping[str, str]]:
    """Apply `bootstrap.yaml` and return the outcome and the stack's outputs; without parts, the stack keeps its own.

    Raises:
        BootstrapError: something in the account stands in the way, the parts are unknown, or CloudFormation fails.
    """
    stack = updater.find()
    chosen = environments_parts or (stack.parameters.get("Parts") if stack else None)
    if not chosen:
        raise BootstrapError(
            f"No Pulumi.*.yaml in this folder belongs to {names.prefix}, so it is unknown which roles it may create. Write its "
            "settings first, run this in the folder that has them, or give --parts development, workload, both or none."
        )
    if stack is None:
        _refuse_leftovers(account, names)
    updater.report(f"{names.prefix} may create the roles of these parts of the platform: {chosen}.")
    parameters = {
        "Unit": names.unit,
        "Environment": names.environment,
        "OidcIssuer": trusted.issuer,
        "OidcProviderArn": _provider_to_reuse(account, trusted.issuer, stack, updater.report),
        "DeploySubjects": ",".join(trusted.deploy_subjects),
        "PreviewSubjects": ",".join(trusted.preview_subjects),
        "RepositoryId": trusted.repository_id,
        "Parts": chosen,
    }
    tags = {"unit": names.unit, "environment": names.environment, "managed-by": "bootstrap"}
    outcome = updater.apply(template_body(), parameters, tags)
    done = updater.find()
    if done is None:
        raise BootstrapError(f"Stack {names.stack} was deleted in the meantime; run this again.")
    return outcome, done.outputs


def trusted_server(stack: Stack) -> github.Server:
    """Return the server whose tokens the roles trust, as far as it follows from their issuer."""
    issuer = stack.parameters.get("OidcIssuer", "")
    return github.Server.at(server_of(issuer).url, issuer=issuer)


def command(
    names: Names,
    stack: Stack,
    server: github.Server,
    *,
    moved: bool = False,
    form: github.SubjectForm | None = None,
) -> str:
    """Return the command that applies the template again for the repository on `server` that `stack` trusts.

    Subjects keep the form that the roles trust, unless another `form` is given; if the platform `moved` to that server, they
    take the server's own.
    """
    again = f"python -m bootstrap up --unit {names.unit} --environment {names.environment}"
    subjects = stack.parameters.get("DeploySubjects", "").split(",")
    trusted = [match for match in map(REPOSITORY.match, subjects) if match]
    if not trusted:
        return f"{again} --github-org …"
    forms: set[github.SubjectForm] = {"immutable" if match["id"] else "legacy" for match in trusted}
    form = form or ("both" if len(forms) > 1 else forms.pop())
    return " ".join(
        [
            again,
            *("--github-org", trusted[0]["organization"], "--github-repository", trusted[0]["name"]),
            *server.options,
            *(["--oidc-subjects", form] if form != server.default_subjects and not moved else []),
        ]
    )


def provider_arn(account: Account, issuer: str) -> str:
    """Return the ARN of the account's identity provider for `issuer`."""
    return f"arn:aws:iam::{account.account_id}:oidc-provider/{issuer}"


def provider_audiences(iam: Client, arn: str) -> list[str] | None:
    """Return the audiences that the identity provider accepts, or None if it does not exist.

    Raises:
        BootstrapError: the caller may not see it.
    """
    try:
        return iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
    except ClientError as error:
        if error_code(error) in NO_SUCH_ENTITY:
            return None
        raise BootstrapError(f"IAM does not show {arn}: {refusal_reason(error)}") from error


def _provider_to_reuse(account: Account, issuer: str, stack: Stack | None, report: Report) -> str:
    """Return the ARN of a provider that someone else created, or an empty string if this stack creates and keeps it."""
    arn = provider_arn(account, issuer)
    if stack is not None and stack.outputs.get("OidcProviderArn") == arn and not stack.parameters["OidcProviderArn"]:
        return ""
    audiences = provider_audiences(account.client("iam"), arn)
    if audiences is None:
        return ""
    if AUDIENCE not in audiences:
        raise BootstrapError(
            f"Identity provider {arn} exists, but does not accept the audience {AUDIENCE}. Add it:\n"
            f"  aws iam add-client-id-to-open-id-connect-provider --client-id {AUDIENCE} "
            f"--open-id-connect-provider-arn {arn}"
        )
    report(f"Identity provider {issuer} exists in this account; using it.")
    return arn


def _refuse_leftovers(account: Account, names: Names) -> None:
    """Stop before CloudFormation would fail halfway: IAM is global, and buckets outlive their stack."""
    _refuse_role_of_another_region(account, names)
    _refuse_existing_bucket(account, names)


def _refuse_role_of_another_region(account: Account, names: Names) -> None:
    try:
        role = account.client("iam").get_role(RoleName=names.deploy_role)["Role"]
    except ClientError as error:
        if error_code(error) not in NO_SUCH_ENTITY:
            raise BootstrapError(f"IAM does not show role {names.deploy_role}: {refusal_reason(error)}") from error
    else:
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        home = tags.get("region", "another region")
        raise BootstrapError(
            f"Role {names.deploy_role} exists, but stack {names.stack} does not exist in {account.region}: "
            f"{names.prefix} was bootstrapped in {home}.\n"
            f"An environment lives in one region, because roles are global. Either use --region {home}, or choose "
            "another environment name for this region, such as --environment devus."
        )


def _refuse_existing_bucket(account: Account, names: Names) -> None:
    bucket = names.state_bucket(account.account_id, account.region)
    try:
        account.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error_code(error) in NO_SUCH_BUCKET:
            return
        raise BootstrapError(
            f"Bucket {bucket} exists, but these credentials cannot access it ({error_code(error)}), and the state "
            "needs it. Use credentials of an administrator of this account."
        ) from error
    raise BootstrapError(
        f"Bucket {bucket} is left from an earlier bootstrap: CloudFormation keeps the state and its key.\n"
        f"To keep using that state, import bucket and key into a new stack {names.stack} (CloudFormation console, "
        "Create stack, With existing resources, bootstrap/bootstrap.yaml).\n"
        "To start over, remove the bucket's policy, then empty and delete the bucket."
    )
