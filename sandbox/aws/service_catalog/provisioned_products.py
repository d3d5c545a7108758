"""Operations on provisioned products, and the records of these operations."""

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.ministack import cloudformation, scope
from sandbox.aws.service import Call, Members, now
from sandbox.aws.service_catalog import names, ownership, provisioning

_records = scope.scoped_store()


def _provision(call: Call) -> Members:
    members = call.members
    for name in ("ProductName", "ProvisioningArtifactName", "PathName"):
        if name in members:
            raise NotEmulatedError(f"ProvisionProduct by {name}")
    provisioned_id = provisioning.provision(
        call.caller,
        product_id=members["ProductId"],
        artifact_id=members.get("ProvisioningArtifactId"),
        path_id=members.get("PathId"),
        name=members["ProvisionedProductName"],
        parameters={item["Key"]: item.get("Value", "") for item in members.get("ProvisioningParameters", [])},
        tags={tag["Key"]: tag["Value"] for tag in members.get("Tags", [])},
    )
    return {"RecordDetail": _new_record(provisioned_id)}


def _update(call: Call) -> Members:
    members = call.members
    for name in ("ProductName", "ProvisioningArtifactName", "PathName"):
        if name in members:
            raise NotEmulatedError(f"UpdateProvisionedProduct by {name}")
    provisioning.update(
        call.caller,
        members["ProvisionedProductId"],
        product_id=members.get("ProductId"),
        artifact_id=members.get("ProvisioningArtifactId"),
        path_id=members.get("PathId"),
        parameters={item["Key"]: _value(item) for item in members.get("ProvisioningParameters", [])},
    )
    return {"RecordDetail": _new_record(members["ProvisionedProductId"])}


def _value(item: Members) -> str | None:
    """Return the new value of a parameter; None if CloudFormation keeps the one that the stack has."""
    if not item.get("UsePreviousValue"):
        return item.get("Value", "")
    if item.get("Value"):
        # Source: boto/boto3, issue 4426.
        raise ServiceError(
            "InvalidParametersException",
            f"Invalid input for parameter key {item['Key']}. Cannot specify usePreviousValue as true and non empty value "
            "for a parameter",
        )
    return None


def _terminate(call: Call) -> Members:
    for name in ("IgnoreErrors", "RetainPhysicalResources"):
        if call.members.get(name):
            raise NotEmulatedError(f"TerminateProvisionedProduct with {name}")
    provisioning.terminate(call.caller, call.members["ProvisionedProductId"])
    return {"RecordDetail": _new_record(call.members["ProvisionedProductId"])}


def _describe(call: Call) -> Members:
    record = _by_id_or_name(call.members)
    return {"ProvisionedProductDetail": _detail(record), "CloudWatchDashboards": []}


def _search(call: Call) -> Members:
    return names.page(
        call.members, "ProvisionedProducts", [_detail(record) for record in provisioning.provisioned.values()]
    )


def _outputs(call: Call) -> Members:
    record = names.found(provisioning.provisioned, call.members["ProvisionedProductId"], "Provisioned product")
    return names.page(call.members, "Outputs", _stack_outputs(record))


def _describe_record(call: Call) -> Members:
    stored = names.found(_records, call.members["Id"], "Record")
    record = provisioning.provisioned[stored["ProvisionedProductId"]]
    return {"RecordDetail": _record_detail(stored), "RecordOutputs": _stack_outputs(record)}


def _new_record(provisioned_id: str) -> Members:
    record = provisioning.provisioned[provisioned_id]
    record_id = names.identifier("rec")
    _records[record_id] = {
        "RecordId": record_id,
        "ProvisionedProductName": record["Name"],
        "CreatedTime": now(),
        "UpdatedTime": now(),
        "ProvisionedProductType": "CFN_STACK",
        "RecordType": record["_operation"],
        "ProvisionedProductId": provisioned_id,
        "ProductId": record["ProductId"],
        "ProvisioningArtifactId": record["ProvisioningArtifactId"],
        "PathId": record["_path"],
    }
    ownership.remember(record_id, ownership.owner(provisioned_id))
    return _record_detail(_records[record_id])


def _record_detail(stored: Members) -> Members:
    state, message = provisioning.status(stored["ProvisionedProductId"])
    succeeded = {"UNDER_CHANGE": "IN_PROGRESS", "AVAILABLE": "SUCCEEDED", "TERMINATED": "SUCCEEDED"}
    errors = [{"Code": "ResourceCreationFailure", "Description": message}] if message else []
    return {**stored, "Status": succeeded.get(state, "FAILED"), "RecordErrors": errors, "RecordTags": []}


def _detail(record: Members) -> Members:
    state, message = provisioning.status(record["Id"])
    public = {key: value for key, value in record.items() if not key.startswith("_") and value is not None}
    return {**public, "Status": state, **({"StatusMessage": message} if message else {})}


def _stack_outputs(record: Members) -> list[Members]:
    stack: Members = cloudformation.find_stack(record["_stack"]) or {}
    return [
        {"OutputKey": output["OutputKey"], "OutputValue": output["OutputValue"]} for output in stack.get("Outputs", [])
    ]


def _by_id_or_name(members: Members) -> Members:
    if "Id" in members:
        return names.found(provisioning.provisioned, members["Id"], "Provisioned product")
    for record in provisioning.provisioned.values():
        if record["Name"] == members.get("Name"):
            return record
    raise ServiceError("ResourceNotFoundException", f"Provisioned product {members.get('Name')} not found.")


OPERATIONS = {
    "ProvisionProduct": _provision,
    "UpdateProvisionedProduct": _update,
    "TerminateProvisionedProduct": _terminate,
    "DescribeProvisionedProduct": _describe,
    "SearchProvisionedProducts": _search,
    "GetProvisionedProductOutputs": _outputs,
    "DescribeRecord": _describe_record,
}
