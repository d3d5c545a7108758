"""The `aws` package: its settings, resource types and functions."""

import os
from collections.abc import Callable, Mapping

from sandbox.plugins.aws import (
    appautoscaling,
    budgets,
    cloudwatch,
    events,
    iam,
    kms,
    logs,
    scheduler,
    secretsmanager,
    sns,
    sqs,
    ssm,
)
from sandbox.plugins.aws.cloud import Aws, explain
from sandbox.plugins.aws.ec2 import gateways, lookups, routes, security_group_rules, security_groups, vpc, vpc_endpoints
from sandbox.plugins.aws.lambda_ import functions, invocations
from sandbox.plugins.aws.s3 import bucket, objects, permissions, storage
from sandbox.plugins.aws.sagemaker import endpoint_configurations, endpoints, mlflow, models, pipelines, studio
from sandbox.plugins.aws.servicecatalog import portfolios, products
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import Provider, RefusedError, Resource
from sandbox.plugins.values import list_of, mapping_of

_TYPES: tuple[Resource[Aws], ...] = (
    *appautoscaling.TYPES,
    *budgets.TYPES,
    *cloudwatch.TYPES,
    *gateways.TYPES,
    *routes.TYPES,
    *security_group_rules.TYPES,
    *security_groups.TYPES,
    *vpc.TYPES,
    *vpc_endpoints.TYPES,
    *events.TYPES,
    *iam.TYPES,
    *kms.TYPES,
    *functions.TYPES,
    *invocations.TYPES,
    *logs.TYPES,
    *bucket.TYPES,
    *objects.TYPES,
    *permissions.TYPES,
    *storage.TYPES,
    *endpoint_configurations.TYPES,
    *endpoints.TYPES,
    *mlflow.TYPES,
    *models.TYPES,
    *pipelines.TYPES,
    *studio.TYPES,
    *scheduler.TYPES,
    *secretsmanager.TYPES,
    *portfolios.TYPES,
    *products.TYPES,
    *sns.TYPES,
    *sqs.TYPES,
    *ssm.TYPES,
)


def _caller_identity(cloud: Aws, arguments: Values) -> Values:
    """Implement `aws.get_caller_identity`."""
    answer = cloud.client("sts").get_caller_identity()
    return {"id": answer["Account"], "accountId": answer["Account"], "arn": answer["Arn"], "userId": answer["UserId"]}


class AwsProvider(Provider[Aws]):
    """Stands in for the official `aws` plugin."""

    package = "aws"
    version = "7.51.1"
    settings = Inputs(
        "region allowedAccountIds",
        # The SDK fills these in; there is no metadata service or list of regions to ask here.
        "skipCredentialsValidation skipRegionValidation",
        objects={"defaultTags": Inputs("tags")},
    )
    types: Mapping[str, Resource[Aws]] = {resource.type_name: resource for resource in _TYPES}
    functions: Mapping[str, Callable[[Aws, Values], Values]] = {
        **lookups.FUNCTIONS,
        "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
        "aws:ssm/getParameter:getParameter": ssm.parameter,
    }

    def connect(self, configuration: Values) -> Aws:
        """Connect to the account, and refuse one that the program does not allow."""
        region = configuration.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not region:
            raise RefusedError("the aws provider has no region: set its `region`, or AWS_REGION")
        cloud = Aws(region, mapping_of(mapping_of(configuration.get("defaultTags")).get("tags")))
        allowed = list_of(configuration.get("allowedAccountIds"))
        if cloud.account not in allowed and allowed:
            raise RefusedError(f"AWS account ID not allowed: {cloud.account}")
        return cloud

    def explain(self, error: Exception) -> str | None:
        """Return AWS's message."""
        return explain(error)
