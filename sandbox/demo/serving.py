"""Look up which version of the model an account's endpoint serves."""

from sandbox import identities
from sandbox.stacks import StackFile


def version(stack: StackFile, endpoint: str) -> int | None:
    """Return the version that an endpoint serves, from the tag of its model; None where there is no endpoint."""
    sagemaker = identities.session(identities.root(stack.account_id), stack.region).client("sagemaker")
    if not sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"]:
        return None
    configuration = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    variant = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)["ProductionVariants"][0]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])["ModelArn"]
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=model)["Tags"]}
    return int(tags["model-package-arn"].rpartition("/")[2])
