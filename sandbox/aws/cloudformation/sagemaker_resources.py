"""SageMaker's resource types."""

from typing import Any

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack.cloudformation import Handlers
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.sagemaker.registry import model_package_groups
from sandbox.aws.sagemaker.studio import code_repositories


def handlers() -> Handlers:
    """Return the types' handlers."""
    return {
        "AWS::SageMaker::ModelPackageGroup": {
            "create": _create_group,
            "update": _update_group,
            "delete": _delete_group,
        },
        "AWS::SageMaker::CodeRepository": {
            "create": _create_repository,
            "update": _update_repository,
            "delete": _delete_repository,
        },
    }


def _create_group(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    del logical_id, stack_name
    members = {key: value for key, value in props.items() if key != "ModelPackageGroupPolicy"}
    arn = _answer(lambda: model_package_groups.create(members))["ModelPackageGroupArn"]
    model_package_groups.set_policy(props["ModelPackageGroupName"], props.get("ModelPackageGroupPolicy"))
    return arn, {"ModelPackageGroupArn": arn, "ModelPackageGroupStatus": "Completed"}


def _update_group(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str) -> Any:
    if old["ModelPackageGroupName"] != new["ModelPackageGroupName"]:
        return _create_group("", new, stack_name)
    model_package_groups.set_policy(new["ModelPackageGroupName"], new.get("ModelPackageGroupPolicy"))
    tags.put(physical_id, new.get("Tags", []))
    return physical_id, {"ModelPackageGroupArn": physical_id, "ModelPackageGroupStatus": "Completed"}


def _delete_group(physical_id: str, props: dict[str, Any]) -> None:
    del props
    _answer(lambda: model_package_groups.delete(names.name_of(physical_id)))


def _create_repository(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    name = props.get("CodeRepositoryName") or f"{stack_name}-{logical_id}"
    arn = _answer(lambda: code_repositories.create({**props, "CodeRepositoryName": name}))["CodeRepositoryArn"]
    return arn, {"CodeRepositoryName": name}


def _update_repository(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str) -> Any:
    del old, stack_name
    name = names.name_of(physical_id)
    _answer(lambda: code_repositories.update(name, new["GitConfig"]))
    tags.put(physical_id, new.get("Tags", []))
    return physical_id, {"CodeRepositoryName": name}


def _delete_repository(physical_id: str, props: dict[str, Any]) -> None:
    del props
    _answer(lambda: code_repositories.delete(names.name_of(physical_id)))


def _answer(operation: Any) -> Any:
    try:
        return operation()
    except ServiceError as error:
        raise ValueError(error.message) from None
