"""Registration of scalable targets, and their tags."""

import secrets

from sandbox.aws.autoscaling import policies, scalable_targets
from sandbox.aws.autoscaling.scalable_targets import NAME, targets
from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.ministack import iam, scope
from sandbox.aws.sagemaker import names
from sandbox.aws.sagemaker.hosting import endpoints
from sandbox.aws.sagemaker.hosting.endpoint import Endpoint
from sandbox.aws.service import Call, Members, now

LINKED_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"
LINKED_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"

_tags = scope.scoped_store()


def _register(call: Call) -> Members:
    members = call.members
    endpoint, variant = scalable_targets.variant_of(members)
    known: Members | None = targets.get(members["ResourceId"])
    place = names.arn("endpoint", endpoint)
    for action in ("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"):
        authorization.require(call.caller, action, place)
    found = endpoints.find(endpoint)
    if found is None or found.variant(variant) is None:
        raise ServiceError("ValidationException", f"SageMaker endpoint variant doesn't exist: {members['ResourceId']}")
    least, most = _capacities(members, known or {})
    if known and members.get("Tags"):
        raise ServiceError(
            "ValidationException",
            "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, "
            "use the TagResource API.",
        )
    role = _linked_role(call.caller)
    arn = known["ScalableTargetARN"] if known else scope.arn(NAME, f"scalable-target/{secrets.token_hex(18)}")
    targets[members["ResourceId"]] = {
        **names.pick(members, "ServiceNamespace", "ResourceId", "ScalableDimension"),
        "MinCapacity": least,
        "MaxCapacity": most,
        "RoleARN": role,
        "CreationTime": known["CreationTime"] if known else now(),
        "SuspendedState": {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
            **members.get("SuspendedState", (known or {}).get("SuspendedState", {})),
        },
        "ScalableTargetARN": arn,
    }
    _tags.setdefault(arn, {}).update(members.get("Tags", {}))
    # An endpoint that is not active stays as it is (API Reference, "RegisterScalableTarget").
    if found.status == "InService":
        _fit_into_range(found, variant, least, most)
    return {"ScalableTargetARN": arn}


def _capacities(members: Members, known: Members) -> tuple[int, int]:
    least, most = (members.get(name, known.get(name)) for name in ("MinCapacity", "MaxCapacity"))
    if least is None or most is None:
        raise ServiceError("ValidationException", "Both MinCapacity and MaxCapacity must be specified.")
    if least > most:
        raise ServiceError("ValidationException", "Maximum capacity cannot be less than minimum capacity.")
    return least, most


def _fit_into_range(endpoint: Endpoint, name: str, least: int, most: int) -> None:
    variant = endpoint.variant(name)
    if variant is not None and not least <= variant.instances <= most:
        capacity = min(max(variant.instances, least), most)
        endpoints.update_capacities(endpoint.name, [{"VariantName": name, "DesiredInstanceCount": capacity}])


def _describe_targets(call: Call) -> Members:
    wanted = call.members.get("ResourceIds")
    found = [target for key, target in targets.items() if not wanted or key in wanted]
    return names.page(call.members, "ScalableTargets", found, dict)


def _deregister(call: Call) -> Members:
    target = scalable_targets.found(call.members)
    policies.remove_policies_of(target["ResourceId"], call.caller)
    _tags.pop(target["ScalableTargetARN"], None)
    targets.pop(target["ResourceId"])
    return {}


def _list_tags(call: Call) -> Members:
    return {"Tags": dict(_tags_of(call))}


def _tag(call: Call) -> Members:
    _tags_of(call).update(call.members["Tags"])
    return {}


def _untag(call: Call) -> Members:
    tags = _tags_of(call)
    for key in call.members["TagKeys"]:
        tags.pop(key, None)
    return {}


def _tags_of(call: Call) -> dict[str, str]:
    arn = call.members["ResourceARN"]
    if not any(target["ScalableTargetARN"] == arn for target in targets.values()):
        raise ServiceError("ResourceNotFoundException", f"The scalable target {arn} does not exist.")
    return _tags.setdefault(arn, {})


def _linked_role(caller: Principal) -> str:
    """Return the service's own role; it is created when the account first needs it, if the caller may."""
    path = f"/aws-service-role/{LINKED_SERVICE}/"
    arn = f"arn:aws:iam::{scope.account_id()}:role{path}{LINKED_ROLE}"
    if LINKED_ROLE not in iam.roles:
        authorization.require(caller, "iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": LINKED_SERVICE})
        iam.create_service_linked_role(LINKED_SERVICE, LINKED_ROLE, arn)
    return arn


OPERATIONS = {
    "DeregisterScalableTarget": _deregister,
    "DescribeScalableTargets": _describe_targets,
    "ListTagsForResource": _list_tags,
    "RegisterScalableTarget": _register,
    "TagResource": _tag,
    "UntagResource": _untag,
}
