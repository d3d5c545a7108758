"""Models: an image, an artifact, and the role that they run as."""

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.eventbridge import service_events
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import s3, scope
from sandbox.aws.sagemaker import containers, execution_role, names, tags
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.sagemaker.hosting import listing
from sandbox.aws.service import Call, Members, now

_models = scope.scoped_store()

EMULATED = frozenset(
    {"ModelName", "PrimaryContainer", "ExecutionRoleArn", "Tags", "VpcConfig", "EnableNetworkIsolation"}
)
EMULATED_OF_CONTAINER = frozenset({"Image", "Mode", "ModelDataUrl", "Environment", "ContainerHostname"})
"""Members that the sandbox knows; SageMaker knows more."""

STATE_CHANGE = "SageMaker Model State Change"


def found(name: str) -> Members:
    """Return a model's record.

    Raises:
        ServiceError: there is none.
    """
    return names.found(_models, name, f'Could not find model "{names.arn("model", name)}".', "ValidationException")


def _create(call: Call) -> Members:
    members = call.members
    name = members["ModelName"]
    arn = names.arn("model", name)
    if name in _models:
        raise ServiceError("ValidationException", f'Cannot create already existing model "{arn}".')
    _check(members)
    container: Members = {"Mode": "SingleModel", "Environment": {}, **members["PrimaryContainer"]}
    _models[name] = {
        **names.pick(members, "ModelName", "ExecutionRoleArn", "VpcConfig"),
        "ModelArn": arn,
        "PrimaryContainer": container,
        "EnableNetworkIsolation": members.get("EnableNetworkIsolation", False),
        "CreationTime": now(),
    }
    tags.put(arn, members.get("Tags", []))
    service_events.send("aws.sagemaker", STATE_CHANGE, [arn], {"ModelName": name, "ModelArn": arn})
    return {"ModelArn": arn}


def _check(members: Members) -> None:
    container = members.get("PrimaryContainer", {})
    unknown = sorted((set(members) - EMULATED) | (set(container) - EMULATED_OF_CONTAINER))
    if unknown or container.get("Mode", "SingleModel") != "SingleModel":
        raise NotEmulatedError(f"CreateModel with {', '.join(unknown) or 'a multi-model container'}")
    for member in ("PrimaryContainer", "ExecutionRoleArn"):
        if member not in members:
            raise ServiceError("ValidationException", f"{member} is required.")
    if "Image" not in container:
        raise ServiceError("ValidationException", "Image is required for the primary container.")
    role = members["ExecutionRoleArn"]
    execution_role.check(role)
    try:
        containers.images().folder(container["Image"])
    except StepFailedError:
        raise ServiceError("ValidationException", f"Requested image {container['Image']} not found.") from None
    if "ModelDataUrl" in container:
        _check_artifact(container["ModelDataUrl"], role)


def _check_artifact(url: str, role: str) -> None:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not key.endswith(".tar.gz"):
        raise ServiceError("ValidationException", f'Invalid model data URL "{url}": it must name a .tar.gz in S3.')
    principal = authorization.session(role, "SageMaker")
    if not authorization.is_allowed(principal, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
        raise ServiceError(
            "ValidationException",
            f'Could not access model data at {url}. Please ensure that the role "{role}" exists and that its trust '
            'relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object '
            f"is located in {scope.region()}.",
        )
    if s3.read_object(bucket, key) is None:
        raise ServiceError("ValidationException", f"Could not find model data at {url}.")


def _describe(call: Call) -> Members:
    return found(call.members["ModelName"])


def _delete(call: Call) -> Members:
    record = found(call.members["ModelName"])
    tags.forget(record["ModelArn"])
    _models.pop(record["ModelName"])
    detail = names.pick(record, "ModelName", "ModelArn")
    service_events.send("aws.sagemaker", STATE_CHANGE, [record["ModelArn"]], detail)
    return {}


def _list(call: Call) -> Members:
    return listing.page(call.members, "Models", "Model", list(_models.values()))


OPERATIONS = {
    "CreateModel": _create,
    "DescribeModel": _describe,
    "DeleteModel": _delete,
    "ListModels": _list,
}
