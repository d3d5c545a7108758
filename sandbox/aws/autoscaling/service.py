"""The operations of Application Auto Scaling."""

from sandbox.aws.autoscaling import policies, registration
from sandbox.aws.autoscaling.scalable_targets import NAME
from sandbox.aws.service import JsonService

SERVICE = JsonService(
    name=NAME,
    target_prefix="AnyScaleFrontendService",
    operations={**policies.OPERATIONS, **registration.OPERATIONS},
)
