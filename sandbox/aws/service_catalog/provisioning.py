"""Launching products: a CloudFormation stack each, made as the launch role and named `SC-{account}-pp-…`."""

from collections.abc import Mapping
from typing import Any

from sandbox.aws import authorization, emulator
from sandbox.aws.authorization import Principal
from sandbox.aws.cloudformation import acting, templates
from sandbox.aws.errors import ServiceError, message_of
from sandbox.aws.service import Call, Members, now
from sandbox.aws.service_catalog import associations, constraints, names, ownership, products

_provisioned = emulator.scoped_store()
_records = emulator.scoped_store()

LAUNCH_ACTIONS = (
    "cloudformation:CreateStack",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplateSummary",
    "cloudformation:SetStackPolicy",
)
"""What a launch role needs besides the resources' own actions; `ValidateTemplate` has no resource.

Source: Service Catalog Administrator Guide, "AWS Service Catalog Launch Constraints".
"""

AVAILABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
TAINTED = frozenset({"UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED", "DELETE_FAILED"})


def provision(
    caller: Principal,
    *,
    product_id: str,
    artifact_id: str | None,
    path_id: str | None,
    name: str,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
) -> str:
    """Launch a product; the identifier of what is provisioned.

    Raises:
        AccessDeniedError: the caller may not launch it, or the launch role lacks a permission.
        ServiceError: there is no such product for the caller, or CloudFormation refuses the stack.
    """
    authorization.require(caller, "servicecatalog:ProvisionProduct", names.arn("product", product_id))
    template, artifact_id = products.template(product_id, artifact_id)
    path = _path(product_id, path_id, caller)
    if any(item["Name"] == name and status(item["Id"])[0] != "TERMINATED" for item in _provisioned.values()):
        raise ServiceError("InvalidParametersException", f"A provisioned product named {name} already exists.")
    provisioned_id = names.identifier("pp")
    role = constraints.launch_role(path, product_id)
    record: Members = {
        "Id": provisioned_id,
        "Name": name,
        "Arn": f"arn:aws:servicecatalog:{emulator.region()}:{emulator.account_id()}:stack/{name}/{provisioned_id}",
        "Type": "CFN_STACK",
        "CreatedTime": now(),
        "ProductId": product_id,
        "ProvisioningArtifactId": artifact_id,
        "LaunchRoleArn": role,
        "_path": path,
        "_operation": "PROVISION_PRODUCT",
        "_stack": f"SC-{emulator.account_id()}-{provisioned_id}",
        "_parameters": dict(parameters),
        "_tags": dict(tags),
        "_message": "",
    }
    acting_as = _launcher(record, caller)
    for action in LAUNCH_ACTIONS:
        authorization.require(acting_as, action, _stack_arn(record))
    authorization.require(acting_as, "cloudformation:ValidateTemplate", "*")
    # Service Catalog keeps versions in buckets of its own, and marks the objects so that launch roles can name them.
    kept = f"arn:aws:s3:::sc-{emulator.account_id()}-{emulator.region()}/{product_id}/{artifact_id}"
    authorization.require(acting_as, "s3:GetObject", kept, {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"})
    _change("CreateStack", record, acting_as, template)
    _provisioned[provisioned_id] = record
    ownership.remember(provisioned_id, caller.arn)
    return provisioned_id


def update(caller: Principal, provisioned_id: str, *, artifact_id: str | None, parameters: Mapping[str, str]) -> None:
    """Change what is provisioned: another version, other parameters.

    Raises:
        ServiceError: it is unknown, busy, or CloudFormation refuses the change.
    """
    record = _idle(provisioned_id)
    _require(caller, "servicecatalog:UpdateProvisionedProduct", provisioned_id)
    template, record["ProvisioningArtifactId"] = products.template(
        record["ProductId"], artifact_id or record["ProvisioningArtifactId"]
    )
    record["_parameters"] |= parameters
    acting_as = _launcher(record, caller)
    authorization.require(acting_as, "cloudformation:UpdateStack", _stack_arn(record))
    _change("UpdateStack", record, acting_as, template)
    record["_operation"] = "UPDATE_PROVISIONED_PRODUCT"


def terminate(caller: Principal, provisioned_id: str) -> None:
    """Delete the stack of what is provisioned.

    Raises:
        ServiceError: it is unknown or busy.
    """
    record = _idle(provisioned_id)
    _require(caller, "servicecatalog:TerminateProvisionedProduct", provisioned_id)
    acting_as = _launcher(record, caller)
    authorization.require(acting_as, "cloudformation:DeleteStack", _stack_arn(record))
    with acting.on_behalf_of(acting_as):
        emulator.cloudformation._ACTION_HANDLERS["DeleteStack"]({"StackName": [record["_stack"]]})
    record["_operation"] = "TERMINATE_PROVISIONED_PRODUCT"


def status(provisioned_id: str) -> tuple[str, str]:
    """Status of what is provisioned, as Service Catalog words it, and why it is not as wished."""
    record = names.found(_provisioned, provisioned_id, "Provisioned product")
    stack = emulator.cloudformation._stacks.get(record["_stack"])
    state = stack["StackStatus"] if stack else "DELETE_COMPLETE"
    if record["_operation"] == "TERMINATE_PROVISIONED_PRODUCT":
        if state == "DELETE_COMPLETE":
            return "TERMINATED", ""
        return ("TAINTED", _reasons(stack)) if state == "DELETE_FAILED" else ("UNDER_CHANGE", "")
    if state.endswith("_IN_PROGRESS"):
        return "UNDER_CHANGE", ""
    if state in AVAILABLE:
        return "AVAILABLE", ""
    return "TAINTED" if state in TAINTED else "ERROR", _reasons(stack)


def _require(caller: Principal, action: str, provisioned_id: str) -> None:
    context = ownership.context(caller.arn, {"ProvisionedProductId": provisioned_id})
    authorization.require(caller, action, "*", context)


def _idle(provisioned_id: str) -> Members:
    record = names.found(_provisioned, provisioned_id, "Provisioned product")
    if status(provisioned_id)[0] == "UNDER_CHANGE":
        raise ServiceError("InvalidStateException", f"Provisioned product {provisioned_id} is being changed.")
    return record


def _path(product_id: str, path_id: str | None, caller: Principal) -> str:
    paths = associations.paths(product_id, caller.arn)
    if not paths:
        raise ServiceError("ResourceNotFoundException", f"No launch paths found for resource: {product_id}")
    if path_id is None and len(paths) > 1:
        raise ServiceError("InvalidParametersException", f"Product {product_id} has several paths: name one.")
    if path_id is not None and path_id not in paths:
        raise ServiceError("ResourceNotFoundException", f"Path {path_id} not found.")
    return path_id or paths[0]


def _launcher(record: Members, caller: Principal) -> Principal:
    role = record["LaunchRoleArn"]
    if role is None:
        return caller
    if not authorization.service_may_assume(role, "servicecatalog.amazonaws.com", source_account=emulator.account_id()):
        raise ServiceError("InvalidParametersException", f"Access denied while assuming the role {role}.")
    return authorization.session(role, "servicecatalog")


def _stack_arn(record: Members) -> str:
    return f"arn:aws:cloudformation:{emulator.region()}:{emulator.account_id()}:stack/{record['_stack']}/*"


def _change(action: str, record: Members, acting_as: Principal, template: str) -> None:
    params: dict[str, list[str]] = {
        "StackName": [record["_stack"]],
        "Capabilities.member.1": ["CAPABILITY_NAMED_IAM"],
        "Capabilities.member.2": ["CAPABILITY_AUTO_EXPAND"],
        # The body comes from `templates.kept`, which has no limit of 51,200 bytes.
        "TemplateURL": ["https://s3.amazonaws.com/servicecatalog/template"],
    }
    for number, (key, value) in enumerate(record["_parameters"].items(), 1):
        params[f"Parameters.member.{number}.ParameterKey"] = [key]
        params[f"Parameters.member.{number}.ParameterValue"] = [value]
    for number, (key, value) in enumerate(record["_tags"].items(), 1):
        params[f"Tags.member.{number}.Key"] = [key]
        params[f"Tags.member.{number}.Value"] = [value]
    token = templates.kept.set(template)
    try:
        with acting.on_behalf_of(acting_as):
            code, _, body = emulator.cloudformation._ACTION_HANDLERS[action](params)
    finally:
        templates.kept.reset(token)
    if code != 200 and b"No updates are to be performed" not in body:
        raise ServiceError("InvalidParametersException", message_of(body) or body.decode())


def _reasons(stack: Any) -> str:
    events: list[Members] = emulator.cloudformation._stack_events.get(stack["StackId"], []) if stack else []
    failed = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED") and event["ResourceType"] != "AWS::CloudFormation::Stack"
    ]
    return "; ".join(failed) or (stack["StackStatusReason"] if stack else "")


def _provision(call: Call) -> Members:
    members = call.members
    for name in ("ProductName", "ProvisioningArtifactName", "PathName"):
        if name in members:
            raise ServiceError("NotEmulatedBySandbox", f"the sandbox does not emulate ProvisionProduct by {name}", 501)
    provisioned_id = provision(
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
    update(
        call.caller,
        members["ProvisionedProductId"],
        artifact_id=members.get("ProvisioningArtifactId"),
        parameters={
            item["Key"]: item.get("Value", "")
            for item in members.get("ProvisioningParameters", [])
            if not item.get("UsePreviousValue")
        },
    )
    return {"RecordDetail": _new_record(members["ProvisionedProductId"])}


def _terminate(call: Call) -> Members:
    terminate(call.caller, call.members["ProvisionedProductId"])
    return {"RecordDetail": _new_record(call.members["ProvisionedProductId"])}


def _describe(call: Call) -> Members:
    record = _by_id_or_name(call.members)
    return {"ProvisionedProductDetail": _detail(record), "CloudWatchDashboards": []}


def _search(call: Call) -> Members:
    return names.page(call.members, "ProvisionedProducts", [_detail(record) for record in _provisioned.values()])


def _outputs(call: Call) -> Members:
    record = names.found(_provisioned, call.members["ProvisionedProductId"], "Provisioned product")
    return names.page(call.members, "Outputs", _stack_outputs(record))


def _describe_record(call: Call) -> Members:
    stored = names.found(_records, call.members["Id"], "Record")
    record = _provisioned[stored["ProvisionedProductId"]]
    return {"RecordDetail": _record_detail(stored), "RecordOutputs": _stack_outputs(record)}


def _new_record(provisioned_id: str) -> Members:
    record = _provisioned[provisioned_id]
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
    state, message = status(stored["ProvisionedProductId"])
    succeeded = {"UNDER_CHANGE": "IN_PROGRESS", "AVAILABLE": "SUCCEEDED", "TERMINATED": "SUCCEEDED"}
    errors = [{"Code": "ResourceCreationFailure", "Description": message}] if message else []
    return {**stored, "Status": succeeded.get(state, "FAILED"), "RecordErrors": errors, "RecordTags": []}


def _detail(record: Members) -> Members:
    state, message = status(record["Id"])
    public = {key: value for key, value in record.items() if not key.startswith("_") and value is not None}
    return {**public, "Status": state, **({"StatusMessage": message} if message else {})}


def _stack_outputs(record: Members) -> list[Members]:
    stack: Members = emulator.cloudformation._stacks.get(record["_stack"]) or {}
    return [
        {"OutputKey": output["OutputKey"], "OutputValue": output["OutputValue"]} for output in stack.get("Outputs", [])
    ]


def _by_id_or_name(members: Members) -> Members:
    if "Id" in members:
        return names.found(_provisioned, members["Id"], "Provisioned product")
    for record in _provisioned.values():
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
