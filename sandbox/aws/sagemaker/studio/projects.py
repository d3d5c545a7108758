"""Projects: products of Service Catalog that SageMaker provisions."""

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names, tags, user_context
from sandbox.aws.service import Call, Members, now
from sandbox.aws.service_catalog import provisioning

_projects = scope.scoped_store()

STATUS_OF_LAUNCH = {
    "UNDER_CHANGE": "CreateInProgress",
    "AVAILABLE": "CreateCompleted",
    "ERROR": "CreateFailed",
    "TAINTED": "CreateFailed",
}
STATUS_OF_REMOVAL = {
    "UNDER_CHANGE": "DeleteInProgress",
    "TERMINATED": "DeleteCompleted",
    "TAINTED": "DeleteFailed",
    # Assumed: what people do in Service Catalog afterwards does not change what SageMaker did last.
    "AVAILABLE": "DeleteFailed",
}
STATUS_OF_UPDATE = {"UNDER_CHANGE": "UpdateInProgress", "AVAILABLE": "UpdateCompleted", "TAINTED": "UpdateFailed"}


def _create(call: Call) -> Members:
    members = call.members
    name = members["ProjectName"]
    if "TemplateProviders" in members:
        raise NotEmulatedError("sagemaker:CreateProject with TemplateProviders")
    if "ServiceCatalogProvisioningDetails" not in members:
        raise ServiceError("ValidationException", "ServiceCatalogProvisioningDetails is required")
    existing = _projects.get(name)
    if existing and _status(existing)[0] != "DeleteCompleted":
        raise ServiceError("ValidationException", f"Project already exists: {existing['ProjectArn']}")
    project_id, arn = f"p-{names.identifier()}", names.arn("project", name)
    details = members["ServiceCatalogProvisioningDetails"]
    record: Members = {
        **names.pick(members, "ProjectName", "ProjectDescription", "ServiceCatalogProvisioningDetails"),
        "ProjectId": project_id,
        "ProjectArn": arn,
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "CreatedBy": user_context.of(call.caller),
        "_stage": STATUS_OF_LAUNCH,
    }
    record["_product"] = provisioning.provision(
        call.caller,
        product_id=details["ProductId"],
        artifact_id=details.get("ProvisioningArtifactId"),
        path_id=details.get("PathId"),
        name=f"{name}-{project_id}",
        parameters={
            **{item["Key"]: item.get("Value", "") for item in details.get("ProvisioningParameters", [])},
            "SageMakerProjectName": name,
            "SageMakerProjectId": project_id,
        },
        tags={"sagemaker:project-name": name, "sagemaker:project-id": project_id}
        | {tag["Key"]: tag["Value"] for tag in members.get("Tags", [])},
    )
    _projects[name] = record
    tags.put(arn, members.get("Tags", []))
    return {"ProjectArn": arn, "ProjectId": project_id}


def _describe(call: Call) -> Members:
    project = _project(call.members["ProjectName"])
    status, message = _status(project)
    details: Members = {"ProvisionedProductId": project["_product"]}
    if message:
        details["ProvisionedProductStatusMessage"] = message
    public = {key: value for key, value in project.items() if not key.startswith("_")}
    return {**public, "ProjectStatus": status, "ServiceCatalogProvisionedProductDetails": details}


def _delete(call: Call) -> Members:
    project = _project(call.members["ProjectName"])
    provisioning.terminate(call.caller, project["_product"])
    project["_stage"] = STATUS_OF_REMOVAL
    project["LastModifiedTime"] = now()
    return {}


def _update(call: Call) -> Members:
    project = _project(call.members["ProjectName"])
    details = call.members.get("ServiceCatalogProvisioningUpdateDetails", {})
    if "TemplateProvidersToUpdate" in call.members:
        raise NotEmulatedError("sagemaker:UpdateProject with TemplateProvidersToUpdate")
    provisioning.update(
        call.caller,
        project["_product"],
        product_id=None,
        path_id=None,
        artifact_id=details.get("ProvisioningArtifactId"),
        # Assumed: SageMaker adds its own two, as at the launch.
        parameters={
            "SageMakerProjectName": None,
            "SageMakerProjectId": None,
            **{item["Key"]: item.get("Value", "") for item in details.get("ProvisioningParameters", [])},
        },
    )
    project |= names.pick(call.members, "ProjectDescription")
    project["_stage"] = STATUS_OF_UPDATE
    project["LastModifiedTime"] = now()
    return {"ProjectArn": project["ProjectArn"]}


def _list(call: Call) -> Members:
    wanted = call.members.get("NameContains", "")
    records = [project for project in _projects.values() if wanted in project["ProjectName"]]
    return names.page(
        call.members,
        "ProjectSummaryList",
        records,
        lambda record: {
            **names.pick(record, "ProjectName", "ProjectDescription", "ProjectArn", "ProjectId", "CreationTime"),
            "ProjectStatus": _status(record)[0],
        },
    )


def _project(name: str) -> Members:
    return names.found(_projects, name, f"Project with name {name} does not exist", "ValidationException")


def _status(project: Members) -> tuple[str, str]:
    status, message = provisioning.status(project["_product"])
    return project["_stage"][status], message


OPERATIONS = {
    "CreateProject": _create,
    "DescribeProject": _describe,
    "UpdateProject": _update,
    "DeleteProject": _delete,
    "ListProjects": _list,
}
