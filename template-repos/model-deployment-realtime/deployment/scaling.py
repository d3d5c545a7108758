"""Set automatic scaling aside for a release that it would block.

SageMaker refuses to change the type of instances that are scaled (SageMaker Developer Guide, "Update endpoints that use
auto scaling"). And Application Auto Scaling refuses to create, with tags, a target that exists; so the engine could never
create one that the state does not know, because a run was killed or because it was restored here.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from endpoint import DIMENSION, NAMESPACE, VARIANT
from mlops_platform.project.aws import error_code

TARGET = "aws:appautoscaling/target:Target"
"""Its type in the program."""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A scaling target with its policies, in the form that registers it again."""

    target: Mapping[str, Any]
    policies: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The scaling of the variant that answers."""

    endpoint_name: str
    client: Any
    """Of Application Auto Scaling."""
    say: Callable[[str], None]

    @contextmanager
    def set_aside(self) -> Generator[None]:
        """Deregister the endpoint, so that the update registers it anew; restored if the update does not get that far."""
        kept = self._registered()
        if kept is None:
            yield
            return
        try:
            self.client.deregister_scalable_target(**self._what)
        except ClientError as error:
            if error_code(error) != "ObjectNotFoundException":
                raise
        self.say(f"deregistered {self.endpoint_name} from automatic scaling: it is registered anew after the update")
        try:
            yield
        finally:
            self._restore(kept)

    def _restore(self, kept: Registered) -> None:
        """Register again what the engine has not; a failure is only logged, so that it does not hide the update's own."""
        try:
            found = self._registered()
            if found is not None and len(found.policies) >= len(kept.policies):
                return
            if found is None:
                self.client.register_scalable_target(**self._what, **kept.target)
            for policy in kept.policies:
                self.client.put_scaling_policy(**self._what, **policy)
        except (BotoCoreError, ClientError) as error:
            self.say(f"{self.endpoint_name} is not scaled automatically until this is run again: {error}")
        else:
            self.say(f"{self.endpoint_name} is scaled automatically as before")

    def _registered(self) -> Registered | None:
        targets = self.client.describe_scalable_targets(
            ServiceNamespace=NAMESPACE, ResourceIds=[self._what["ResourceId"]], ScalableDimension=DIMENSION
        )["ScalableTargets"]
        if not targets:
            return None
        (target,) = targets
        tags = self.client.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"]
        policies = self.client.describe_scaling_policies(**self._what)["ScalingPolicies"]
        configuration = "TargetTrackingScalingPolicyConfiguration"
        return Registered(
            target={**_picked(target, "MinCapacity", "MaxCapacity", "SuspendedState"), "Tags": tags},
            policies=[_picked(policy, "PolicyName", "PolicyType", configuration) for policy in policies],
        )

    @property
    def _what(self) -> dict[str, str]:
        return {
            "ServiceNamespace": NAMESPACE,
            "ResourceId": f"endpoint/{self.endpoint_name}/variant/{VARIANT}",
            "ScalableDimension": DIMENSION,
        }


def _picked(described: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: described[key] for key in keys if key in described}
