"""Provisioning of products: a CloudFormation stack each, created with the launch role, named `SC-{account}-pp-…`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.aws.cloudformation import stack_principal, templates
from sandbox.aws.errors import NotEmulatedError, ServiceError, message_of
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.ministack import cloudformation, scope
from sandbox.aws.service import Members, now
from sandbox.aws.service_catalog import associations, constraints, names, ownership, products

provisioned = scope.scoped_store()
"""By id: the provisioned products."""

LAUNCH_ACTIONS = (
    "cloudformation:CreateStack",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplateSummary",
    "cloudformation:SetStackPolicy",
)
"""Actions that a launch role needs besides those on the resources; `ValidateTemplate` has no resource.

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
    """Launch a product; return the identifier of the provisioned product.

    Raises:
        AccessDeniedError: the caller may not launch it, or the launch role lacks a permission.
        ServiceError: there is no such product for the caller, or CloudFormation refuses the stack.
    """
    authorization.require(caller, "servicecatalog:ProvisionProduct", names.arn("product", product_id))
    template, artifact_id = products.template(product_id, artifact_id)
    path = _path(product_id, path_id, caller)
    if any(item["Name"] == name and status(item["Id"])[0] != "TERMINATED" for item in provisioned.values()):
        raise ServiceError("InvalidParametersException", f"A provisioned product named {name} already exists.")
    record = _new_record(name, product_id, artifact_id, path)
    record["_tags"] = dict(tags)
    principal = _launcher(record, caller)
    _require_launch_permissions(principal, record)
    _change("CreateStack", record, principal, template, parameters)
    provisioned[record["Id"]] = record
    ownership.remember(record["Id"], caller.arn)
    return record["Id"]


def update(
    caller: Principal,
    provisioned_id: str,
    *,
    product_id: str | None,
    artifact_id: str | None,
    path_id: str | None,
    parameters: Mapping[str, str | None],
) -> None:
    """Change the product, the version or the parameters of a provisioned product; None keeps what it has.

    Another product is launched with the role of its own constraint.
    Source: Service Catalog API Reference, UpdateProvisionedProduct; Administrator Guide, "AWS Service Catalog Launch Constraints".

    Raises:
        ServiceError: it is unknown, busy, or CloudFormation refuses the change.
    """
    record = _idle(provisioned_id)
    _require(caller, "servicecatalog:UpdateProvisionedProduct", provisioned_id)
    if product_id is not None and product_id != record["ProductId"]:
        _exchange(record, caller, product_id, path_id)
    elif path_id not in (None, record["_path"]):
        raise NotEmulatedError("UpdateProvisionedProduct to another path of the same product")
    template, record["ProvisioningArtifactId"] = products.template(
        record["ProductId"], artifact_id or record["ProvisioningArtifactId"]
    )
    principal = _launcher(record, caller)
    authorization.require(principal, "cloudformation:UpdateStack", _stack_arn(record))
    _change("UpdateStack", record, principal, template, parameters)
    record["_operation"] = "UPDATE_PROVISIONED_PRODUCT"


def terminate(caller: Principal, provisioned_id: str) -> None:
    """Delete the stack of a provisioned product; one that is protected stays as it is.

    Assumed: Service Catalog takes the request all the same, and its record says why it failed.

    Raises:
        ServiceError: it is unknown or busy.
    """
    record = _idle(provisioned_id)
    _require(caller, "servicecatalog:TerminateProvisionedProduct", provisioned_id)
    principal = _launcher(record, caller)
    authorization.require(principal, "cloudformation:DeleteStack", _stack_arn(record))
    with stack_principal.on_behalf_of(principal):
        code, _, body = cloudformation.call("DeleteStack", {"StackName": [record["_stack"]]})
    record["_operation"] = "TERMINATE_PROVISIONED_PRODUCT"
    record["_refusal"] = "" if code == 200 else message_of(body)


def status(provisioned_id: str) -> tuple[str, str]:
    """Return the status of a provisioned product, as Service Catalog words it, and what went wrong."""
    record = names.found(provisioned, provisioned_id, "Provisioned product")
    stack = cloudformation.find_stack(record["_stack"])
    state = stack["StackStatus"] if stack else "DELETE_COMPLETE"
    if record["_operation"] == "TERMINATE_PROVISIONED_PRODUCT":
        if record["_refusal"]:
            # The state of a termination that failed. Source: hashicorp/terraform-provider-aws, issue 26237.
            return "TAINTED", record["_refusal"]
        if state == "DELETE_COMPLETE":
            return "TERMINATED", ""
        return ("TAINTED", _reasons(stack)) if state == "DELETE_FAILED" else ("UNDER_CHANGE", "")
    if state.endswith("_IN_PROGRESS"):
        return "UNDER_CHANGE", ""
    if state in AVAILABLE:
        return "AVAILABLE", ""
    return "TAINTED" if state in TAINTED else "ERROR", _reasons(stack)


def _new_record(name: str, product_id: str, artifact_id: str, path: str) -> Members:
    provisioned_id = names.identifier("pp")
    return {
        "Id": provisioned_id,
        "Name": name,
        "Arn": scope.arn("servicecatalog", f"stack/{name}/{provisioned_id}"),
        "Type": "CFN_STACK",
        "CreatedTime": now(),
        "ProductId": product_id,
        "ProvisioningArtifactId": artifact_id,
        "LaunchRoleArn": constraints.launch_role(path, product_id),
        "_path": path,
        "_operation": "PROVISION_PRODUCT",
        "_stack": f"SC-{scope.account_id()}-{provisioned_id}",
    }


def _exchange(record: Members, caller: Principal, product_id: str, path_id: str | None) -> None:
    path = _path(product_id, path_id, caller)
    _, newest = products.template(product_id, None)
    record.update(
        ProductId=product_id,
        ProvisioningArtifactId=newest,
        LaunchRoleArn=constraints.launch_role(path, product_id),
        _path=path,
    )


def _require_launch_permissions(principal: Principal, record: Members) -> None:
    for action in LAUNCH_ACTIONS:
        authorization.require(principal, action, _stack_arn(record))
    authorization.require(principal, "cloudformation:ValidateTemplate", "*")
    # Service Catalog keeps versions in buckets of its own, and marks the objects so that launch roles can name them.
    bucket = f"arn:aws:s3:::sc-{scope.account_id()}-{scope.region()}"
    template = f"{bucket}/{record['ProductId']}/{record['ProvisioningArtifactId']}"
    marked = {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}
    authorization.require(principal, "s3:GetObject", template, marked)


def _require(caller: Principal, action: str, provisioned_id: str) -> None:
    context = ownership.context(caller.arn, {"ProvisionedProductId": provisioned_id})
    authorization.require(caller, action, "*", context)


def _idle(provisioned_id: str) -> Members:
    record = names.found(provisioned, provisioned_id, "Provisioned product")
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
    if not authorization.service_may_assume(role, "servicecatalog.amazonaws.com", source_account=scope.account_id()):
        raise ServiceError("InvalidParametersException", f"Access denied while assuming the role {role}.")
    return authorization.session(role, "servicecatalog")


def _stack_arn(record: Members) -> str:
    return scope.arn("cloudformation", f"stack/{record['_stack']}/*")


def _change(
    action: str, record: Members, principal: Principal, template: str, parameters: Mapping[str, str | None]
) -> None:
    params: dict[str, list[str]] = {
        "StackName": [record["_stack"]],
        "Capabilities.member.1": ["CAPABILITY_NAMED_IAM"],
        "Capabilities.member.2": ["CAPABILITY_AUTO_EXPAND"],
        # The body comes from `templates.kept`, which has no limit of 51,200 bytes.
        "TemplateURL": ["https://s3.amazonaws.com/servicecatalog/template"],
    }
    for number, (key, value) in enumerate(parameters.items(), 1):
        params[f"Parameters.member.{number}.ParameterKey"] = [key]
        if value is None:
            params[f"Parameters.member.{number}.UsePreviousValue"] = ["true"]
        else:
            params[f"Parameters.member.{number}.ParameterValue"] = [value]
    for number, (key, value) in enumerate(record["_tags"].items(), 1):
        params[f"Tags.member.{number}.Key"] = [key]
        params[f"Tags.member.{number}.Value"] = [value]
    token = templates.kept.set(template)
    try:
        with stack_principal.on_behalf_of(principal):
            code, _, body = cloudformation.call(action, params)
    finally:
        templates.kept.reset(token)
    if code != 200 and b"No updates are to be performed" not in body:
        raise ServiceError("InvalidParametersException", message_of(body) or body.decode())


def _reasons(stack: Any) -> str:
    events: Sequence[Mapping[str, Any]] = cloudformation.events_of(stack["StackId"]) if stack else []
    failed = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED") and event["ResourceType"] != "AWS::CloudFormation::Stack"
    ]
    return "; ".join(failed) or (stack["StackStatusReason"] if stack else "")
