"""Git repositories that Studio offers to clone."""

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.service import Call, Members, now

_repositories = scope.scoped_store()


def create(members: Members) -> Members:
    """Register a repository."""
    name = members["CodeRepositoryName"]
    arn = names.arn("code-repository", name)
    if name in _repositories:
        raise ServiceError("ValidationException", f"Cannot create already existing CodeRepository {arn}")
    _repositories[name] = {
        "CodeRepositoryName": name,
        "CodeRepositoryArn": arn,
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "GitConfig": members["GitConfig"],
    }
    tags.put(arn, members.get("Tags", []))
    return {"CodeRepositoryArn": arn}


def update(name: str, git_config: Members) -> Members:
    """Change how a repository is reached."""
    record = _found(name)
    record["GitConfig"] |= git_config
    record["LastModifiedTime"] = now()
    return {"CodeRepositoryArn": record["CodeRepositoryArn"]}


def delete(name: str) -> None:
    """Forget a repository."""
    tags.forget(_found(name)["CodeRepositoryArn"])
    _repositories.pop(name)


def _found(name: str) -> Members:
    message = f"Cannot find CodeRepository: {names.arn('code-repository', name)}"
    return names.found(_repositories, name, message, "ValidationException")


def _describe(call: Call) -> Members:
    return _found(call.members["CodeRepositoryName"])


def _update(call: Call) -> Members:
    return update(call.members["CodeRepositoryName"], call.members.get("GitConfig", {}))


def _delete(call: Call) -> Members:
    delete(call.members["CodeRepositoryName"])
    return {}


def _list(call: Call) -> Members:
    wanted = call.members.get("NameContains", "")
    records = [record for record in _repositories.values() if wanted in record["CodeRepositoryName"]]
    return names.page(call.members, "CodeRepositorySummaryList", records, lambda record: record)


def _create(call: Call) -> Members:
    return create(call.members)


OPERATIONS = {
    "CreateCodeRepository": _create,
    "DescribeCodeRepository": _describe,
    "UpdateCodeRepository": _update,
    "DeleteCodeRepository": _delete,
    "ListCodeRepositories": _list,
}
