"""Tag options: the tags that Service Catalog offers."""

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.service import Call, Members
from sandbox.aws.service_catalog import names

_options = scope.scoped_store()
_associated = scope.scoped_store()


def _create(call: Call) -> Members:
    key, value = call.members["Key"], call.members["Value"]
    if any((option["Key"], option["Value"]) == (key, value) for option in _options.values()):
        raise ServiceError("DuplicateResourceException", f"TagOption {key}={value} already exists.")
    option_id = names.identifier("tag")
    _options[option_id] = {"Key": key, "Value": value, "Active": True, "Id": option_id, "Owner": scope.account_id()}
    return {"TagOptionDetail": _options[option_id]}


def _describe(call: Call) -> Members:
    return {"TagOptionDetail": names.found(_options, call.members["Id"], "TagOption")}


def _update(call: Call) -> Members:
    option = names.found(_options, call.members["Id"], "TagOption")
    option |= {name: call.members[name] for name in ("Value", "Active") if name in call.members}
    return {"TagOptionDetail": option}


def _delete(call: Call) -> Members:
    option_id = call.members["Id"]
    names.found(_options, option_id, "TagOption")
    if any(option_id in options for options in _associated.values()):
        raise ServiceError("ResourceInUseException", f"TagOption {option_id} is still associated with a resource.")
    _options.pop(option_id)
    return {}


def _associate(call: Call) -> Members:
    names.found(_options, call.members["TagOptionId"], "TagOption")
    _associated.setdefault(call.members["ResourceId"], {})[call.members["TagOptionId"]] = True
    return {}


def _disassociate(call: Call) -> Members:
    if _associated.get(call.members["ResourceId"], {}).pop(call.members["TagOptionId"], None) is None:
        raise ServiceError("ResourceNotFoundException", "The TagOption is not associated with the resource.")
    return {}


def _list_resources(call: Call) -> Members:
    option_id = call.members["TagOptionId"]
    records = [{"Id": resource} for resource, options in _associated.items() if option_id in options]
    return names.page(call.members, "ResourceDetails", records)


OPERATIONS = {
    "CreateTagOption": _create,
    "DescribeTagOption": _describe,
    "UpdateTagOption": _update,
    "DeleteTagOption": _delete,
    "AssociateTagOptionWithResource": _associate,
    "DisassociateTagOptionFromResource": _disassociate,
    "ListResourcesForTagOption": _list_resources,
}
