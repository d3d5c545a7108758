"""Endpoint configurations: the models of an endpoint, their shares of the traffic, and data capture."""

from collections.abc import Mapping

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.eventbridge import service_events
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import execution_role, names, tags
from sandbox.aws.sagemaker.hosting import listing, models
from sandbox.aws.service import Call, Members, now

_configurations = scope.scoped_store()

EMULATED = frozenset(
    {
        "EndpointConfigName",
        "ProductionVariants",
        "ShadowProductionVariants",
        "DataCaptureConfig",
        "KmsKeyId",
        "Tags",
    }
)
EMULATED_OF_VARIANT = frozenset(
    {
        "VariantName",
        "ModelName",
        "InitialInstanceCount",
        "InstanceType",
        "InitialVariantWeight",
        "VolumeSizeInGB",
        "ModelDataDownloadTimeoutInSeconds",
        "ContainerStartupHealthCheckTimeoutInSeconds",
        "RoutingConfig",
        "EnableSSMAccess",
    }
)
"""Members that the sandbox knows; SageMaker knows more. There are no shells in instances: `EnableSSMAccess` is false."""

STATE_CHANGE = "SageMaker Endpoint Config State Change"


def found(name: str) -> Members:
    """Return an endpoint configuration's record.

    Raises:
        ServiceError: there is none.
    """
    message = f'Could not find endpoint configuration "{names.arn("endpoint-config", name)}".'
    return names.found(_configurations, name, message, "ValidationException")


def _create(call: Call) -> Members:
    members = call.members
    name = members["EndpointConfigName"]
    arn = names.arn("endpoint-config", name)
    if name in _configurations:
        raise ServiceError("ValidationException", f'Cannot create already existing endpoint configuration "{arn}".')
    _check(members)
    _configurations[name] = {
        **names.pick(members, "EndpointConfigName", "DataCaptureConfig", "KmsKeyId"),
        **{
            kind: [{"InitialVariantWeight": 1.0, **variant} for variant in members[kind]]
            for kind in ("ProductionVariants", "ShadowProductionVariants")
            if kind in members
        },
        "EndpointConfigArn": arn,
        "EnableNetworkIsolation": False,
        "CreationTime": now(),
    }
    tags.put(arn, members.get("Tags", []))
    _send_event(name, arn)
    return {"EndpointConfigArn": arn}


def _check(members: Members) -> None:
    unknown = set(members) - EMULATED
    production, shadow = members["ProductionVariants"], members.get("ShadowProductionVariants", [])
    for variant in (*production, *shadow):
        unknown |= set(variant) - EMULATED_OF_VARIANT
        if variant.get("EnableSSMAccess"):
            unknown.add("EnableSSMAccess")
    if unknown:
        raise NotEmulatedError(f"CreateEndpointConfig with {', '.join(sorted(unknown))}")
    for variant in (*production, *shadow):
        _check_variant(variant)
    variant_names = [variant["VariantName"] for variant in (*production, *shadow)]
    if len(set(variant_names)) < len(variant_names):
        raise ServiceError("ValidationException", "Variant names must be unique within an endpoint configuration.")
    if shadow and (len(production) > 1 or len(shadow) > 1):
        raise ServiceError(
            "ValidationException", "A shadow variant needs exactly one production variant, and is the only one."
        )
    for key in (members.get("KmsKeyId"), members.get("DataCaptureConfig", {}).get("KmsKeyId")):
        if key is not None:
            execution_role.enabled_key(key)


def _check_variant(variant: Mapping[str, object]) -> None:
    for member in ("ModelName", "InstanceType", "InitialInstanceCount"):
        if variant.get(member) is None:
            raise ServiceError(
                "ValidationException", f'{member} is required for the variant "{variant["VariantName"]}".'
            )
    models.found(str(variant["ModelName"]))


def _describe(call: Call) -> Members:
    return found(call.members["EndpointConfigName"])


def _delete(call: Call) -> Members:
    record = found(call.members["EndpointConfigName"])
    tags.forget(record["EndpointConfigArn"])
    # SageMaker deletes a configuration even while an endpoint uses it, which then shows a name of nothing.
    _configurations.pop(record["EndpointConfigName"])
    _send_event(record["EndpointConfigName"], record["EndpointConfigArn"])
    return {}


def _list(call: Call) -> Members:
    return listing.page(call.members, "EndpointConfigs", "EndpointConfig", list(_configurations.values()))


def _send_event(name: str, arn: str) -> None:
    detail = {"EndpointConfigName": name, "EndpointConfigArn": arn}
    service_events.send("aws.sagemaker", STATE_CHANGE, [arn], detail)


OPERATIONS = {
    "CreateEndpointConfig": _create,
    "DescribeEndpointConfig": _describe,
    "DeleteEndpointConfig": _delete,
    "ListEndpointConfigs": _list,
}
