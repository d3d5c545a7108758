"""Products and their versions, which Service Catalog calls provisioning artifacts."""

from sandbox.aws.cloudformation import templates
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import cloudformation, scope
from sandbox.aws.service import Call, Members, now
from sandbox.aws.service_catalog import associations, names, tagging

CONSTRAINTS = (
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
)
"""Properties of a template's parameter that restrict its values. Source: Service Catalog API Reference, ParameterConstraints."""

_products = scope.scoped_store()
_artifacts = scope.scoped_store()


def exists(product_id: str) -> None:
    """Check that there is such a product.

    Raises:
        ServiceError: there is none.
    """
    names.found(_products, product_id, "Product")


def template(product_id: str, artifact_id: str | None) -> tuple[str, str]:
    """Return the template of a version that may be launched, and the version's identifier; the newest if none is named.

    Raises:
        ServiceError: there is no such active version.
    """
    exists(product_id)
    if artifact_id is None:
        active = [item for item in _artifacts_of(product_id) if item["_active"]]
        artifact_id = str(max(active, key=lambda item: item["CreatedTime"])["Id"]) if active else ""
    artifact = _artifact(product_id, artifact_id)
    if not artifact["_active"]:
        raise ServiceError("InvalidParametersException", f"Provisioning artifact {artifact_id} is not active.")
    return artifact["_template"], artifact_id


def _create(call: Call) -> Members:
    members = call.members
    if members["ProductType"] != "CLOUD_FORMATION_TEMPLATE":
        raise NotEmulatedError(f"products of type {members['ProductType']}")
    if "SourceConnection" in members:
        raise NotEmulatedError("servicecatalog:CreateProduct with SourceConnection")
    artifact = _new_artifact(call, members.get("ProvisioningArtifactParameters", {}))
    product_id = names.identifier("prod")
    artifact["_product"] = product_id
    summary: Members = {
        "Id": f"prodview-{product_id.removeprefix('prod-')}",
        "ProductId": product_id,
        "Name": members["Name"],
        "Owner": members["Owner"],
        "ShortDescription": members.get("Description", ""),
        "Type": members["ProductType"],
        "Distributor": members.get("Distributor", ""),
        "HasDefaultPath": False,
        "SupportEmail": members.get("SupportEmail", ""),
        "SupportDescription": members.get("SupportDescription", ""),
        "SupportUrl": members.get("SupportUrl", ""),
    }
    _products[product_id] = {
        "ProductViewSummary": summary,
        "Status": "AVAILABLE",
        "ProductARN": names.arn("product", product_id),
        "CreatedTime": now(),
    }
    _artifacts[artifact["Id"]] = artifact
    tagging.put(product_id, members.get("Tags", []))
    return {
        "ProductViewDetail": _products[product_id],
        "ProvisioningArtifactDetail": _detail(artifact),
        "Tags": tagging.of(product_id),
    }


def _describe_as_admin(call: Call) -> Members:
    product = _by_id_or_name(call.members)
    product_id = product["ProductViewSummary"]["ProductId"]
    return {
        "ProductViewDetail": product,
        "ProvisioningArtifactSummaries": [
            {key: artifact[key] for key in ("Id", "Name", "Description", "CreatedTime")}
            for artifact in _artifacts_of(product_id)
        ],
        "Tags": tagging.of(product_id),
        "TagOptions": [],
        "Budgets": [],
    }


def _describe(call: Call) -> Members:
    product = _by_id_or_name(call.members)
    product_id = product["ProductViewSummary"]["ProductId"]
    return {
        "ProductViewSummary": product["ProductViewSummary"],
        "ProvisioningArtifacts": [
            {key: artifact[key] for key in ("Id", "Name", "Description", "CreatedTime", "Guidance")}
            for artifact in _artifacts_of(product_id)
            if artifact["_active"]
        ],
        "Budgets": [],
        "LaunchPaths": [{"Id": path, "Name": path} for path in associations.paths(product_id, call.caller.arn)],
    }


def _update(call: Call) -> Members:
    product = names.found(_products, call.members["Id"], "Product")
    summary = product["ProductViewSummary"]
    renamed = {"Description": "ShortDescription"}
    if "SourceConnection" in call.members:
        raise NotEmulatedError("servicecatalog:UpdateProduct with SourceConnection")
    for name in ("Name", "Owner", "Description", "Distributor", "SupportEmail", "SupportDescription", "SupportUrl"):
        if name in call.members:
            summary[renamed.get(name, name)] = call.members[name]
    tagging.change(summary["ProductId"], call.members)
    return {"ProductViewDetail": product, "Tags": tagging.of(summary["ProductId"])}


def _delete(call: Call) -> Members:
    product_id = call.members["Id"]
    exists(product_id)
    if associations.holding(product_id):
        raise ServiceError("ResourceInUseException", f"Product {product_id} is still associated with a portfolio.")
    for artifact in _artifacts_of(product_id):
        _artifacts.pop(artifact["Id"])
    _products.pop(product_id)
    tagging.forget(product_id)
    return {}


def _search_as_admin(call: Call) -> Members:
    chosen = call.members.get("PortfolioId")
    records = [
        product
        for product_id, product in _products.items()
        if chosen is None or chosen in associations.holding(product_id)
    ]
    return names.page(call.members, "ProductViewDetails", records)


def _search(call: Call) -> Members:
    records = [
        product["ProductViewSummary"]
        for product_id, product in _products.items()
        if associations.paths(product_id, call.caller.arn)
    ]
    return {**names.page(call.members, "ProductViewSummaries", records), "ProductViewAggregations": {}}


def _create_artifact(call: Call) -> Members:
    exists(call.members["ProductId"])
    artifact = _new_artifact(call, call.members["Parameters"])
    artifact["_product"] = call.members["ProductId"]
    _artifacts[artifact["Id"]] = artifact
    return {"ProvisioningArtifactDetail": _detail(artifact), "Info": artifact["_info"], "Status": "AVAILABLE"}


def _describe_artifact(call: Call) -> Members:
    artifact_id = call.members.get("ProvisioningArtifactId")
    if artifact_id is None:
        raise NotEmulatedError("servicecatalog:DescribeProvisioningArtifact by name")
    artifact = _artifact(call.members.get("ProductId"), artifact_id)
    return {"ProvisioningArtifactDetail": _detail(artifact), "Info": artifact["_info"], "Status": "AVAILABLE"}


def _describe_parameters(call: Call) -> Members:
    """Describe what a launch of a version is asked for.

    Source: Service Catalog API Reference, DescribeProvisioningParameters.
    """
    members = call.members
    for name in ("ProductName", "ProvisioningArtifactName", "PathId", "PathName"):
        if name in members:
            raise NotEmulatedError(f"servicecatalog:DescribeProvisioningParameters by {name}")
    if not associations.paths(members["ProductId"], call.caller.arn):
        raise ServiceError("ResourceNotFoundException", f"No launch paths found for resource: {members['ProductId']}")
    text, _ = template(members["ProductId"], members["ProvisioningArtifactId"])
    declared = cloudformation.parse_template(text).get("Parameters", {})
    return {"ProvisioningArtifactParameters": [_parameter(key, each) for key, each in declared.items()]}


def _parameter(key: str, declared: Members) -> Members:
    described: Members = {
        "ParameterKey": key,
        "ParameterType": declared["Type"],
        "IsNoEcho": bool(declared.get("NoEcho")),
        "Description": declared.get("Description", ""),
        "ParameterConstraints": {
            name: [str(each) for each in declared[name]] if name == "AllowedValues" else str(declared[name])
            for name in CONSTRAINTS
            if name in declared
        },
    }
    return described | ({"DefaultValue": str(declared["Default"])} if "Default" in declared else {})


def _update_artifact(call: Call) -> Members:
    artifact = _artifact(call.members["ProductId"], call.members["ProvisioningArtifactId"])
    for name in ("Name", "Description", "Guidance"):
        if name in call.members:
            artifact[name] = call.members[name]
    artifact["_active"] = call.members.get("Active", artifact["_active"])
    return {"ProvisioningArtifactDetail": _detail(artifact), "Info": artifact["_info"], "Status": "AVAILABLE"}


def _delete_artifact(call: Call) -> Members:
    artifact = _artifact(call.members["ProductId"], call.members["ProvisioningArtifactId"])
    if len(_artifacts_of(call.members["ProductId"])) == 1:
        raise ServiceError("ResourceInUseException", "The last provisioning artifact of a product cannot be deleted.")
    _artifacts.pop(artifact["Id"])
    return {}


def _list_artifacts(call: Call) -> Members:
    exists(call.members["ProductId"])
    return {"ProvisioningArtifactDetails": [_detail(item) for item in _artifacts_of(call.members["ProductId"])]}


def _list_launch_paths(call: Call) -> Members:
    exists(call.members["ProductId"])
    records: list[Members] = [
        {"Id": path, "Name": path, "ConstraintSummaries": [], "Tags": []}
        for path in associations.paths(call.members["ProductId"], call.caller.arn)
    ]
    return names.page(call.members, "LaunchPathSummaries", records)


def _new_artifact(call: Call, parameters: Members) -> Members:
    info = parameters.get("Info", {})
    if list(info) != ["LoadTemplateFromURL"]:
        raise NotEmulatedError("provisioning artifacts from anything but LoadTemplateFromURL")
    bucket, key = templates.location(info["LoadTemplateFromURL"])
    authorization.require(call.caller, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    text = templates.read(bucket, key)
    if not parameters.get("DisableTemplateValidation"):
        authorization.require(call.caller, "cloudformation:ValidateTemplate", "*")
        templates.validate(text)
    return {
        "Id": names.identifier("pa"),
        "Name": parameters.get("Name", ""),
        "Description": parameters.get("Description", ""),
        "Type": parameters.get("Type", "CLOUD_FORMATION_TEMPLATE"),
        "CreatedTime": now(),
        "Guidance": "DEFAULT",
        "_active": True,
        "_info": {"TemplateUrl": info["LoadTemplateFromURL"]},
        "_template": text,
    }


def _detail(artifact: Members) -> Members:
    public = {key: value for key, value in artifact.items() if not key.startswith("_")}
    return {**public, "Active": artifact["_active"]}


def _artifact(product_id: str | None, artifact_id: str) -> Members:
    artifact = names.found(_artifacts, artifact_id, "Provisioning artifact")
    if product_id is not None and artifact["_product"] != product_id:
        raise ServiceError("ResourceNotFoundException", f"Provisioning artifact {artifact_id} not found.")
    return artifact


def _artifacts_of(product_id: str) -> list[Members]:
    return [artifact for artifact in _artifacts.values() if artifact["_product"] == product_id]


def _by_id_or_name(members: Members) -> Members:
    if "Id" in members:
        return names.found(_products, members["Id"], "Product")
    for product in _products.values():
        if product["ProductViewSummary"]["Name"] == members.get("Name"):
            return product
    raise ServiceError("ResourceNotFoundException", f"Product {members.get('Name')} not found.")


OPERATIONS = {
    "CreateProduct": _create,
    "DescribeProductAsAdmin": _describe_as_admin,
    "DescribeProduct": _describe,
    "UpdateProduct": _update,
    "DeleteProduct": _delete,
    "SearchProductsAsAdmin": _search_as_admin,
    "SearchProducts": _search,
    "CreateProvisioningArtifact": _create_artifact,
    "DescribeProvisioningArtifact": _describe_artifact,
    "DescribeProvisioningParameters": _describe_parameters,
    "UpdateProvisioningArtifact": _update_artifact,
    "DeleteProvisioningArtifact": _delete_artifact,
    "ListProvisioningArtifacts": _list_artifacts,
    "ListLaunchPaths": _list_launch_paths,
}
