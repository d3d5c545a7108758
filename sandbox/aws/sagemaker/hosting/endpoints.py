"""The operations on endpoints."""

from collections.abc import Iterator

from sandbox.aws.autoscaling import scalable_targets
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import execution_role, names, tags
from sandbox.aws.sagemaker.hosting import deployments, endpoint_configurations, linked_role, listing
from sandbox.aws.sagemaker.hosting.endpoint import Endpoint
from sandbox.aws.sagemaker.hosting.fleet import Fleet
from sandbox.aws.sagemaker.hosting.variant import Variant
from sandbox.aws.service import Call, Members

_endpoints = scope.scoped_store()


def found(name: str) -> Endpoint:
    """Return an endpoint.

    Raises:
        ServiceError: there is none.
    """
    endpoint = find(name)
    if endpoint is None:
        raise ServiceError("ValidationException", f'Could not find endpoint "{names.arn("endpoint", name)}".')
    return endpoint


def find(name: str) -> Endpoint | None:
    """Return an endpoint of the current account and region, if there is one of that name."""
    return _endpoints.get(name)


def variants() -> Iterator[Variant]:
    """Yield the variants of all endpoints of the current account and region, those of deployments under way too."""
    for endpoint in _endpoints.values():
        for fleet in (endpoint.live, endpoint.pending.fleet if endpoint.pending else None):
            if fleet:
                yield from fleet.variants()


def update_capacities(name: str, wanted: list[Members]) -> Endpoint:
    """Change weights and instance counts of an endpoint's variants.

    Raises:
        ServiceError: AWS would refuse it.
    """
    endpoint = found(name)
    _require_in_service(endpoint)
    for change in wanted:
        variant = endpoint.variant(change["VariantName"])
        if variant is None:
            raise ServiceError(
                "ValidationException", f'Could not find variant "{change["VariantName"]}" of endpoint "{endpoint.arn}".'
            )
        variant.desired_weight = change.get("DesiredWeight", variant.desired_weight)
        variant.desired_instances = change.get("DesiredInstanceCount", variant.desired_instances)
    endpoint.set_status("Updating")
    deployments.in_background(_settle, endpoint)
    return endpoint


def _settle(endpoint: Endpoint) -> None:
    for variant in endpoint.live.production if endpoint.live else []:
        variant.weight, variant.instances = variant.desired_weight, variant.desired_instances
    endpoint.set_status("InService")


def _create(call: Call) -> Members:
    name = call.members["EndpointName"]
    arn = names.arn("endpoint", name)
    if name in _endpoints:
        raise ServiceError("ValidationException", f'Cannot create already existing endpoint "{arn}".')
    configuration = endpoint_configurations.found(call.members["EndpointConfigName"])
    fleet = Fleet.of(name, configuration)
    deployment = call.members.get("DeploymentConfig")
    _check(call, configuration, fleet, deployment)
    linked_role.create_for(fleet, call.caller)
    endpoint = Endpoint(
        name=name, arn=arn, configuration_name=configuration["EndpointConfigName"], deployment=deployment
    )
    _endpoints[name] = endpoint
    tags.put(arn, call.members.get("Tags", []))
    deployments.create(endpoint, fleet)
    return {"EndpointArn": arn}


def _update(call: Call) -> Members:
    members = call.members
    endpoint = found(members["EndpointName"])
    _require_in_service(endpoint)
    # SageMaker reads the old configuration, too: an endpoint whose configuration was deleted cannot be updated.
    endpoint_configurations.found(endpoint.configuration_name)
    configuration = endpoint_configurations.found(members["EndpointConfigName"])
    if members.get("RetainAllVariantProperties", False):
        excluded = {item["VariantPropertyType"] for item in members.get("ExcludeRetainedVariantProperties", [])}
        configuration = _retained(endpoint, configuration, excluded)
    _check_scaled(endpoint, configuration)
    fleet = Fleet.of(endpoint.name, configuration)
    deployment = members.get("DeploymentConfig")
    if members.get("RetainDeploymentConfig", False):
        deployment = deployment or endpoint.deployment
    _check(call, configuration, fleet, deployment)
    deployments.replace(endpoint, fleet, deployment)
    return {"EndpointArn": endpoint.arn}


def _check_scaled(endpoint: Endpoint, configuration: Members) -> None:
    """Check that a variant that is scaled keeps its type of instance.

    Source: SageMaker Developer Guide, "Update endpoints that use auto scaling"; the wording is the sandbox's own.
    """
    types = {variant["VariantName"]: variant["InstanceType"] for variant in configuration["ProductionVariants"]}
    for name in sorted(scalable_targets.variants_of(endpoint.name)):
        variant = endpoint.variant(name)
        if variant is not None and name in types and types[name] != variant.settings["InstanceType"]:
            raise ServiceError(
                "ValidationException",
                f'The instance type of the variant "{name}" cannot be changed while it is a target of automatic '
                "scaling: deregister it with Application Auto Scaling first.",
            )


def _retained(endpoint: Endpoint, configuration: Members, excluded: set[str]) -> Members:
    """Return a configuration in which the endpoint's variants keep the capacity and the capture that they have now."""
    live = {variant.name: variant for variant in endpoint.live.production} if endpoint.live else {}
    variants: list[Members] = []
    for settings in configuration["ProductionVariants"]:
        variant = live.get(settings["VariantName"])
        kept: Members = {}
        if variant is not None and "DesiredInstanceCount" not in excluded:
            kept["InitialInstanceCount"] = variant.desired_instances
        if variant is not None and "DesiredWeight" not in excluded:
            kept["InitialVariantWeight"] = variant.desired_weight
        variants.append({**settings, **kept})
    retained = {**configuration, "ProductionVariants": variants}
    if endpoint.live is not None and "DataCaptureConfig" not in excluded:
        retained["DataCaptureConfig"] = endpoint.live.capture.settings
    return retained


def _check(call: Call, configuration: Members, fleet: Fleet, deployment: Members | None) -> None:
    key_id = configuration.get("KmsKeyId")
    if key_id is not None:
        key_arn = execution_role.enabled_key(key_id)
        # The instances' volumes: the grant is made with the permissions of the caller.
        context = {"kms:GrantIsForAWSResource": "true", **execution_role.via("sagemaker")}
        authorization.require(call.caller, "kms:CreateGrant", key_arn, context)
    if deployment is None:
        return
    if "RollingUpdatePolicy" in deployment:
        raise NotEmulatedError("rolling deployments of endpoints")
    for problem in deployments.problems(deployment, sum(variant.instances for variant in fleet.production)):
        raise ServiceError("ValidationException", problem)
    _check_alarms(fleet, deployments.alarms(deployment))


def _check_alarms(fleet: Fleet, alarms: list[str]) -> None:
    """Check that each model's role may describe the alarms.

    Source: "Auto-Rollback Configuration and Monitoring": the execution role needs cloudwatch:DescribeAlarms on them.
    """
    for role in sorted({variant.model["ExecutionRoleArn"] for variant in fleet.variants()}):
        principal = authorization.session(role, "SageMaker")
        for name in alarms:
            arn = scope.arn("cloudwatch", f"alarm:{name}")
            if not authorization.is_allowed(principal, "cloudwatch:DescribeAlarms", arn):
                raise ServiceError(
                    "ValidationException",
                    f"The execution role {role} has no permission for cloudwatch:DescribeAlarms on {arn}.",
                )


def _require_in_service(endpoint: Endpoint) -> None:
    if endpoint.status == "Failed":
        raise ServiceError("ValidationException", f'Cannot update failed endpoint "{endpoint.arn}".')
    _require_settled(endpoint)


def _require_settled(endpoint: Endpoint) -> None:
    if endpoint.status not in ("InService", "Failed"):
        raise ServiceError("ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _describe(call: Call) -> Members:
    return found(call.members["EndpointName"]).description()


def _update_weights(call: Call) -> Members:
    wanted: list[Members] = call.members["DesiredWeightsAndCapacities"]
    return {"EndpointArn": update_capacities(call.members["EndpointName"], wanted).arn}


def _delete(call: Call) -> Members:
    endpoint = found(call.members["EndpointName"])
    _require_settled(endpoint)
    endpoint.set_status("Deleting")
    deployments.in_background(_remove, endpoint)
    return {}


def _remove(endpoint: Endpoint) -> None:
    if endpoint.live is not None:
        endpoint.live.stop()
    tags.forget(endpoint.arn)
    _endpoints.pop(endpoint.name, None)


def _list(call: Call) -> Members:
    records = [endpoint.record() for endpoint in list(_endpoints.values())]
    return listing.page(call.members, "Endpoints", "Endpoint", records)


OPERATIONS = {
    "CreateEndpoint": _create,
    "DescribeEndpoint": _describe,
    "UpdateEndpoint": _update,
    "UpdateEndpointWeightsAndCapacities": _update_weights,
    "DeleteEndpoint": _delete,
    "ListEndpoints": _list,
}
