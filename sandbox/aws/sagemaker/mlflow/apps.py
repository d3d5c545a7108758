"""MLflow apps: how they are made, changed and deleted. The URL by which a browser opens one leads nowhere here.

Sources: SageMaker API Reference, "CreateMlflowApp" and the operations beside it; the CloudFormation schema of AWS::SageMaker::MlflowApp,
by which a role is never changed; the provider's `mlflow_app.go`, which retries while the role is too new. Assumptions: an app gets an
identifier that begins with `app-`, its name need not be the only one of the account, its version of MLflow, and it is ready at once.
"""

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names, tags, user_context
from sandbox.aws.sagemaker.mlflow.server import MlflowServer
from sandbox.aws.sagemaker.studio import domains
from sandbox.aws.service import Call, Members, now

VERSION = "3.10.1"
"""Version of MLflow, which AWS chooses: that of `sandbox/mlflow`."""
SETTINGS = ("Name", "ArtifactStoreUri", "ModelRegistrationMode", "WeeklyMaintenanceWindowStart", "DefaultDomainIdList")
"""Members that can be changed."""
REFUSED = ("KmsKeyId", "AccountDefaultStatus")
"""Members that nobody here sends, so that nothing is known about what they do."""

_apps = scope.scoped_store()
_servers = scope.scoped_store()
"""By the ARN of an app: its server."""


def _create(call: Call) -> Members:
    members = call.members
    _check(members)
    if not authorization.service_may_assume(
        members["RoleArn"], "sagemaker.amazonaws.com", source_account=scope.account_id()
    ):
        raise ServiceError(
            "ValidationException", f"SageMaker is unable to perform: sts:AssumeRole on {members['RoleArn']}."
        )
    arn = names.arn("mlflow-app", f"app-{names.identifier()}")
    user = user_context.of(call.caller)
    _apps[arn] = {
        "ModelRegistrationMode": "AutoModelRegistrationDisabled",
        "WeeklyMaintenanceWindowStart": "Sun:03:00",
        **names.pick(members, *SETTINGS, "RoleArn"),
        "Arn": arn,
        "MlflowVersion": VERSION,
        "Status": "Created",
        "CreationTime": now(),
        "CreatedBy": user,
        "LastModifiedTime": now(),
        "LastModifiedBy": user,
    }
    _servers[arn] = MlflowServer(names.name_of(arn), members["ArtifactStoreUri"])
    tags.put(arn, members.get("Tags", []))
    return {"Arn": arn}


def _check(members: Members) -> None:
    """Check the members of a request.

    Raises:
        NotEmulatedError: nothing is known here about one of them.
        ServiceError: there is no such domain.
    """
    if unknown := [name for name in REFUSED if name in members]:
        raise NotEmulatedError(f"{', '.join(unknown)} of an MLflow app")
    if not members.get("ArtifactStoreUri", "s3://").startswith("s3://"):
        raise NotEmulatedError("an artifact store of an MLflow app that is not named by s3://")
    for domain_id in members.get("DefaultDomainIdList", []):
        domains.find_domain(domain_id)


def server(arn: str) -> MlflowServer:
    """Return the server of an app of the current account.

    Raises:
        ServiceError: there is no such app.
    """
    _find(arn)
    return _servers[arn]


def _find(arn: str) -> Members:
    return names.found(_apps, arn, f"MLflow App {arn} does not exist.")


def _found(call: Call) -> Members:
    return _find(call.members["Arn"])


def _describe(call: Call) -> Members:
    return _found(call)


def _update(call: Call) -> Members:
    app = _found(call)
    _check(call.members)
    store = call.members.get("ArtifactStoreUri", app["ArtifactStoreUri"])
    if store != app["ArtifactStoreUri"]:
        if _servers[app["Arn"]].used:
            raise NotEmulatedError("another artifact store of an MLflow app that has been used")
        _servers[app["Arn"]] = MlflowServer(names.name_of(app["Arn"]), store)
    app |= names.pick(call.members, *SETTINGS)
    app |= {"Status": "Updated", "LastModifiedTime": now(), "LastModifiedBy": user_context.of(call.caller)}
    return {"Arn": app["Arn"]}


def _delete(call: Call) -> Members:
    arn = _found(call)["Arn"]
    tags.forget(arn)
    _servers.pop(arn).stop()
    _apps.pop(arn)
    return {"Arn": arn}


def _list(call: Call) -> Members:
    members = call.members
    if unknown := members.keys() - {"MaxResults", "NextToken", "SortBy", "SortOrder"}:
        raise NotEmulatedError(f"a list of MLflow apps by {', '.join(unknown)}")
    return names.page(
        members,
        "Summaries",
        list(_apps.values()),
        lambda app: names.pick(app, "Arn", "Name", "Status", "CreationTime", "LastModifiedTime", "MlflowVersion"),
        sort_by=members.get("SortBy", "CreationTime"),
    )


def _presigned_url(call: Call) -> Members:
    app = _found(call)
    host = f"mlflow.sagemaker.{scope.region()}.app.aws"
    return {"AuthorizedUrl": f"https://{host}/auth?arn={app['Arn']}&authToken={names.identifier(64)}"}


OPERATIONS = {
    "CreateMlflowApp": _create,
    "DescribeMlflowApp": _describe,
    "UpdateMlflowApp": _update,
    "DeleteMlflowApp": _delete,
    "ListMlflowApps": _list,
    "CreatePresignedMlflowAppUrl": _presigned_url,
}
