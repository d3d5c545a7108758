"""The service-linked role of endpoints in a VPC.

Source: SageMaker Developer Guide, "Using service-linked roles for SageMaker AI Inference": CreateEndpoint creates it if the
caller may; otherwise the endpoint works with the execution role of its models. Here that role needs its permissions for the network in
either case, so that a deployment does not depend on what happened to exist in its account.
"""

from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.ministack import iam, scope
from sandbox.aws.sagemaker.hosting.fleet import Fleet

SERVICE = "inference.sagemaker.amazonaws.com"
ROLE = "AWSServiceRoleForSageMakerInference"


def create_for(fleet: Fleet, caller: Principal) -> None:
    """Create the account's role if a model of the fleet is in a VPC, and the caller may."""
    arn = f"arn:aws:iam::{scope.account_id()}:role/aws-service-role/{SERVICE}/{ROLE}"
    wanted = ROLE not in iam.roles and any("VpcConfig" in variant.model for variant in fleet.variants())
    if wanted and authorization.is_allowed(caller, "iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": SERVICE}):
        iam.create_service_linked_role(SERVICE, ROLE, arn)
