"""Look-ups of resources that get their identifiers from other AWS services, one function for each type."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from bootstrap.account import Account, error_code, pages
from bootstrap.names import Names
from bootstrap.recovery.unidentified import StillBeingMadeError


def find(account: Account, names: Names, kind: str, inputs: Mapping[str, Any]) -> Sequence[str]:
    """Return the identifiers of the resources of type `kind` that have these inputs.

    Raises:
        StillBeingMadeError: one exists, but is not ready yet.
    """
    try:
        return list(LOOK_UPS[kind](account, names, inputs))
    except ClientError as error:
        if error_code(error) in _NOT_FOUND:
            return []
        raise


def _keys(account: Account, names: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield keys by their purpose (the description) and environment (the tags), the newest first: they have no names."""
    kms = account.client("kms")
    found: list[tuple[Any, str]] = []
    for entry in pages(kms.list_keys, "Keys", "Marker", "NextMarker"):
        try:
            key = kms.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
            if key["KeyState"] != "Enabled" or key.get("Description") != inputs.get("description"):
                continue
            tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=entry["KeyId"])["Tags"]}
        except ClientError as error:
            # A key whose policy does not let us see it is not ours.
            if error_code(error) == "AccessDeniedException":
                continue
            raise
        if (tags.get("unit"), tags.get("environment")) == (names.unit, names.environment):
            found.append((key["CreationDate"], key["KeyId"]))
    yield from (identifier for _, identifier in sorted(found, reverse=True))


def _queue(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    yield account.client("sqs").get_queue_url(QueueName=inputs["name"])["QueueUrl"]


def _secret(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    yield account.client("secretsmanager").describe_secret(SecretId=inputs["name"])["ARN"]


def _domain(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    for domain in pages(account.client("sagemaker").list_domains, "Domains", "NextToken", "NextToken"):
        if domain["DomainName"] == inputs["domainName"]:
            if domain["Status"] in ("Pending", "Updating"):
                raise StillBeingMadeError
            yield domain["DomainId"]


def _mlflow_app(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    for app in pages(account.client("sagemaker").list_mlflow_apps, "Summaries", "NextToken", "NextToken"):
        if app["Name"] == inputs["name"] and app["Status"] != "Deleted":
            if app["Status"] in ("Creating", "Updating"):
                raise StillBeingMadeError
            yield app["Arn"]


def _portfolio(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    catalog = account.client("servicecatalog")
    for portfolio in pages(catalog.list_portfolios, "PortfolioDetails", "PageToken", "NextPageToken"):
        if portfolio["DisplayName"] == inputs["name"]:
            yield portfolio["Id"]


def _product(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    catalog = account.client("servicecatalog")
    for product in pages(catalog.search_products_as_admin, "ProductViewDetails", "PageToken", "NextPageToken"):
        summary = product["ProductViewSummary"]
        if (summary["Name"], summary["Owner"]) == (inputs["name"], inputs["owner"]):
            yield summary["ProductId"]


def _artifact(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    answer = account.client("servicecatalog").list_provisioning_artifacts(ProductId=inputs["productId"])
    for artifact in answer["ProvisioningArtifactDetails"]:
        if artifact["Name"] == inputs["name"]:
            yield f"{artifact['Id']}:{inputs['productId']}"


def _constraint(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    answer = account.client("servicecatalog").list_constraints_for_portfolio(
        PortfolioId=inputs["portfolioId"], ProductId=inputs["productId"]
    )
    for constraint in answer["ConstraintDetails"]:
        if constraint["Type"] == inputs["type"]:
            yield constraint["ConstraintId"]


def _event_target(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    for target in account.client("events").list_targets_by_rule(Rule=inputs["rule"])["Targets"]:
        if target["Arn"] == inputs["arn"]:
            yield f"{inputs['rule']}/{target['Id']}"


def _subscription(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield a confirmed subscription; an unconfirmed one has no ARN yet, and creating it again makes no duplicate."""
    operation = account.client("sns").list_subscriptions_by_topic

    def of_topic(**page: str) -> dict[str, Any]:
        return operation(TopicArn=inputs["topic"], **page)

    for subscription in pages(of_topic, "Subscriptions", "NextToken", "NextToken"):
        same = (subscription["Protocol"], subscription["Endpoint"]) == (inputs["protocol"], inputs["endpoint"])
        if same and subscription["SubscriptionArn"].startswith("arn:"):
            yield subscription["SubscriptionArn"]


LOOK_UPS: Mapping[str, Callable[[Account, Names, Mapping[str, Any]], Iterator[str]]] = {
    "aws:cloudwatch/eventTarget:EventTarget": _event_target,
    "aws:kms/key:Key": _keys,
    "aws:sagemaker/domain:Domain": _domain,
    "aws:sagemaker/mlflowApp:MlflowApp": _mlflow_app,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:servicecatalog/constraint:Constraint": _constraint,
    "aws:servicecatalog/portfolio:Portfolio": _portfolio,
    "aws:servicecatalog/product:Product": _product,
    "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact": _artifact,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:sqs/queue:Queue": _queue,
}
_NOT_FOUND = {"AWS.SimpleQueueService.NonExistentQueue", "NotFound", "QueueDoesNotExist", "ResourceNotFoundException"}
