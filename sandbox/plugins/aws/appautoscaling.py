"""Scalable targets and scaling policies: Application Auto Scaling."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws, only
from sandbox.plugins.aws.convert import from_aws, given, picked, to_aws
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry, wait_until
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import is_mapping

_SERVICE = "application-autoscaling"
_IDENTITY: Mapping[str, str] = {
    "resourceId": "ResourceId",
    "scalableDimension": "ScalableDimension",
    "serviceNamespace": "ServiceNamespace",
}
"""The properties that identify a scalable target, by their names in requests."""


class Target(AwsResource):
    """A scalable target. Its id is that of the scaled resource, so an import needs a longer one."""

    type_name = "aws:appautoscaling/target:Target"
    inputs = Inputs(
        "maxCapacity minCapacity tags", replaces="resourceId scalableDimension serviceNamespace", computed="roleArn"
    )
    outputs = ("arn",)
    gone = frozenset({"ObjectNotFoundException"})
    _names: ClassVar = {
        **_IDENTITY,
        "maxCapacity": "MaxCapacity",
        "minCapacity": "MinCapacity",
        "roleArn": "RoleARN",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Register the target."""
        self._register(cloud, wanted, **({"Tags": wanted["tagsAll"]} if wanted["tagsAll"] else {}))
        return wanted["resourceId"]

    def _register(self, cloud: Aws, wanted: Values, **more: Any) -> None:
        retry(
            lambda: cloud.client(_SERVICE).register_scalable_target(**given(wanted, self._names), **more),
            codes=["ValidationException"],
            message="Unable to assume IAM role|ECS service doesn't exist",
        )

    @staticmethod
    def _known(identifier: str, state: Values) -> Values:
        """Return the properties that identify the target; an import gives NAMESPACE/RESOURCE/DIMENSION."""
        if "serviceNamespace" in state:
            return {name: state[name] for name in _IDENTITY}
        namespace, _, rest = identifier.partition("/")
        resource, _, dimension = rest.rpartition("/")
        if not namespace or not resource or not dimension:
            raise RefusedError(
                f'unexpected format ("{identifier}"), expected <service-namespace>/<resource-id>/<scalable-dimension>'
            )
        return {"resourceId": resource, "scalableDimension": dimension, "serviceNamespace": namespace}

    def _find(self, cloud: Aws, known: Values) -> Mapping[str, Any]:
        return only(
            cloud.client(_SERVICE).describe_scalable_targets(
                ResourceIds=[known["resourceId"]],
                ScalableDimension=known["scalableDimension"],
                ServiceNamespace=known["serviceNamespace"],
            )["ScalableTargets"]
        )

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the target."""
        found = self._find(cloud, self._known(identifier, state))
        arn = found.get("ScalableTargetARN")
        tags: dict[str, str] = cloud.client(_SERVICE).list_tags_for_resource(ResourceARN=arn)["Tags"] if arn else {}
        return {
            **picked(found, self._names),
            "id": found["ResourceId"],
            "arn": arn,
            "tagsAll": tags,
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client(_SERVICE).untag_resource(ResourceARN=state["arn"], TagKeys=removed)
        if added:
            cloud.client(_SERVICE).tag_resource(ResourceARN=state["arn"], Tags=added)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Register the target again."""
        self._register(cloud, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Deregister the target, and wait until it is gone."""
        known = self._known(identifier, state)
        cloud.client(_SERVICE).deregister_scalable_target(**given(known, _IDENTITY))

        def gone() -> bool | None:
            try:
                self._find(cloud, known)
            except Exception as error:
                if self.is_gone(error):
                    return True
                raise
            return None

        wait_until(gone, what=f"Application AutoScaling Target ({identifier}) delete")


class Policy(AwsResource):
    """A scaling policy. Its id is its name, so an import needs a longer one."""

    type_name = "aws:appautoscaling/policy:Policy"
    inputs = Inputs(
        replaces="name resourceId scalableDimension serviceNamespace",
        computed="name",
        defaults={"policyType": "StepScaling"},
        objects={
            "targetTrackingScalingPolicyConfiguration": Inputs(
                "targetValue",
                defaults={"disableScaleIn": False, "scaleInCooldown": 0, "scaleOutCooldown": 0},
                objects={
                    "customizedMetricSpecification": Inputs(
                        "metricName namespace statistic unit", objects={"dimensions": Inputs("name value")}
                    ),
                    "predefinedMetricSpecification": Inputs("predefinedMetricType resourceLabel"),
                },
            )
        },
    )
    outputs = ("alarmArns", "arn")
    changing_outputs = ("alarmArns",)
    auto_name = AutoName()
    gone = frozenset({"ObjectNotFoundException"})
    _tracking: ClassVar = "targetTrackingScalingPolicyConfiguration"

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a policy with two metrics."""
        tracking = wanted.get(self._tracking)
        two = {"customizedMetricSpecification", "predefinedMetricSpecification"}
        if is_mapping(tracking) and two <= tracking.keys():
            return [(self._tracking, "customizedMetricSpecification conflicts with predefinedMetricSpecification")]
        return []

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the policy."""
        self._put(cloud, wanted)
        return wanted["name"]

    def _put(self, cloud: Aws, wanted: Values) -> None:
        sent = given(wanted, {**_IDENTITY, "name": "PolicyName", "policyType": "PolicyType"})
        if wanted.get(self._tracking):
            sent["TargetTrackingScalingPolicyConfiguration"] = to_aws(
                self.properties[self._tracking], wanted[self._tracking]
            )
        retry(lambda: cloud.client(_SERVICE).put_scaling_policy(**sent), codes=["FailedResourceAccessException"])

    @staticmethod
    def _known(identifier: str, state: Values) -> Values:
        """Return the properties that identify the policy; an import gives NAMESPACE/RESOURCE/DIMENSION/NAME."""
        if "serviceNamespace" in state:
            return {name: state[name] for name in ("name", *_IDENTITY)}
        parts = identifier.split("/")
        if len(parts) < 4 or not all((parts[0], parts[1], parts[-2], parts[-1])):
            raise RefusedError(
                f"unexpected format for ID ({identifier}), expected "
                "<service-namespace>/<resource-id>/<scalable-dimension>/<policy-name>"
            )
        return {
            "name": parts[-1],
            "resourceId": "/".join(parts[1:-2]),
            "scalableDimension": parts[-2],
            "serviceNamespace": parts[0],
        }

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the policy."""
        known = self._known(identifier, state)
        found = only(
            cloud.client(_SERVICE).describe_scaling_policies(PolicyNames=[known["name"]], **given(known, _IDENTITY))[
                "ScalingPolicies"
            ]
        )
        tracking = found.get("TargetTrackingScalingPolicyConfiguration")
        return {
            **picked(found, {**_IDENTITY, "name": "PolicyName", "policyType": "PolicyType"}),
            self._tracking: from_aws(self.properties[self._tracking], tracking),
            "id": found["PolicyName"],
            "alarmArns": [alarm["AlarmARN"] for alarm in found.get("Alarms", [])],
            "arn": found["PolicyARN"],
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the policy again."""
        self._put(cloud, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the policy with its alarms."""
        known = self._known(identifier, state)
        cloud.client(_SERVICE).delete_scaling_policy(PolicyName=known["name"], **given(known, _IDENTITY))


TYPES = (Target(), Policy())
