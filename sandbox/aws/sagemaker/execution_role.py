"""Requirements of execution roles: SageMaker checks them before it runs something with a role."""

from collections.abc import Mapping

from sandbox.aws.ec2 import ways
from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Credentials
from sandbox.aws.ministack import ec2, kms, scope
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.service import Members

INTERFACE_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
)
"""Actions of a job's role on the network interfaces by which the job is in a VPC.

Source: SageMaker Developer Guide, "CreateTrainingJob API: Execution Role Permissions".
"""

NETWORK_DESCRIPTIONS = (
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
"""Its actions that read the network (same source); EC2 has no resource type for these."""

IMAGE_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""Actions that pull a job's image, beside `ecr:GetAuthorizationToken`, which has no resource."""


def check(role: str) -> None:
    """Check that SageMaker may assume the role.

    Raises:
        ServiceError: it may not, or there is no such role.
    """
    if not authorization.service_may_assume(role, "sagemaker.amazonaws.com", source_account=scope.account_id()):
        raise ServiceError(
            "ValidationException",
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role.",
        )


def enabled_key(key_id: str) -> str:
    """Return the ARN of a key.

    Raises:
        ServiceError: it does not exist, or is not enabled.
    """
    key = kms.find_key(key_id)
    if key is None or key["KeyState"] != "Enabled":
        raise ServiceError("ValidationException", f"KMS key {key_id} does not exist or is not enabled.")
    return key["Arn"]


def check_network(vpc: Members | None, credentials: Credentials) -> None:
    """Check that the role may attach SageMaker's containers to a network, and that S3 is reached from there.

    Data and artifacts go through the network even when the container is isolated from it; the image and the logs do not.
    Sources: SageMaker Developer Guide, "Give SageMaker AI training jobs access to resources in your Amazon VPC" and "Run
    training and inference containers in internet-free mode".

    Raises:
        StepFailedError: it may not, the network does not exist, or has no way to S3.
    """
    if not vpc:
        return
    for store, members in (
        (ec2.subnets, vpc["Subnets"]),
        (ec2.security_groups, vpc["SecurityGroupIds"]),
    ):
        unknown = [member for member in members if member not in store]
        if unknown:
            raise StepFailedError(f"ClientError: {unknown} do not exist")
    here = f"arn:aws:ec2:{scope.region()}:{scope.account_id()}"
    within = {"ec2:Vpc": f"{here}:vpc/{ec2.subnets[vpc['Subnets'][0]]['VpcId']}"}
    places = [f"{here}:subnet/{subnet}" for subnet in vpc["Subnets"]]
    places += [f"{here}:security-group/{group}" for group in vpc["SecurityGroupIds"]]
    for place in places:
        _require(credentials, {"ec2:CreateNetworkInterface": place}, within)
    lent = {"ec2:AuthorizedService": "sagemaker.amazonaws.com"}
    _require(credentials, dict.fromkeys(INTERFACE_ACTIONS, f"{here}:network-interface/*"), lent)
    _require(credentials, dict.fromkeys(NETWORK_DESCRIPTIONS, "*"))
    stranded = [each for each in vpc["Subnets"] if not ways.to_service("s3", each, vpc["SecurityGroupIds"])]
    if stranded:
        raise StepFailedError(
            f"ClientError: Data download failed: {stranded} have no way to S3. Please ensure that the route tables of the "
            "job's subnets have an S3 VPC endpoint or a NAT gateway, and that its security groups let it out."
        )


def check_image(uri: str, credentials: Credentials) -> None:
    """Check that the role may pull an image.

    Raises:
        StepFailedError: it may not.
    """
    registry, _, path = uri.partition("/")
    account, _, _, region, *_ = f"{registry}....".split(".")
    repository = f"arn:aws:ecr:{region}:{account}:repository/{path.rpartition(':')[0]}"
    _require(credentials, {"ecr:GetAuthorizationToken": "*", **dict.fromkeys(IMAGE_ACTIONS, repository)})


def via(service: str) -> Mapping[str, str]:
    """Return the condition key of a call that a service makes to KMS on behalf of a caller."""
    return {"kms:ViaService": f"{service}.{scope.region()}.amazonaws.com"}


def _require(
    credentials: Credentials, actions: Mapping[str, str], context: authorization.Context | None = None
) -> None:
    account, role = authorization.split_role_arn(credentials.role_arn)
    principal = authorization.Principal(
        arn=f"arn:aws:sts::{account}:assumed-role/{role}/SageMaker",
        access_key_id=credentials.access_key_id,
        account_id=account,
    )
    for action, resource in actions.items():
        try:
            authorization.require(principal, action, resource, context)
        except ServiceError as error:
            raise StepFailedError(f"ClientError: {error.message}") from None
