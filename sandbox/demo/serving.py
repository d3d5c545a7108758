"""Look up which version of the model an account's endpoint serves."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def version(sagemaker: "SageMakerClient", endpoint: str) -> int | None:
    """Return the version that an endpoint serves, from the tag of its model; None where there is no endpoint.

    Args:
        sagemaker: a client of the account's owner.
        endpoint: name of the endpoint.
    """
    if not sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"]:
        return None
    configuration = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    variant = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)["ProductionVariants"][0]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])["ModelArn"]
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=model)["Tags"]}
    return int(tags["model-package-arn"].rpartition("/")[2])
