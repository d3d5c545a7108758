"""What SageMaker needs of an execution role before it can run something as that role."""

from collections.abc import Mapping

from sandbox.aws import authorization, emulator
from sandbox.aws.authorization import Credentials
from sandbox.aws.errors import ServiceError
from sandbox.aws.sagemaker.definition import StepFailedError
from sandbox.aws.service import Members

INTERFACE_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
)
"""What a job's role does with the network interfaces by which the job stands in a VPC.

Source: SageMaker Developer Guide, "CreateTrainingJob API: Execution Role Permissions".
"""

NETWORK_DESCRIPTIONS = (
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
"""What it reads of the network (same source); EC2 has no resource type for these."""

IMAGE_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""What a job's role needs to pull its image, beside `ecr:GetAuthorizationToken`, which has no resource."""


def check(role: str) -> None:
    """Check that SageMaker may assume the role.

    Raises:
        ServiceError: it may not, or there is no such role.
    """
    if not authorization.service_may_assume(role, "sagemaker.amazonaws.com", source_account=emulator.account_id()):
        raise ServiceError(
            "ValidationException",
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role.",
        )


def check_network(vpc: Members | None, credentials: Credentials) -> None:
    """Check that the role may put something of SageMaker's into a network.

    Raises:
        StepFailedError: it may not, or the network does not exist.
    """
    if not vpc:
        return
    for store, members in (
        (emulator.ec2._subnets, vpc["Subnets"]),
        (emulator.ec2._security_groups, vpc["SecurityGroupIds"]),
    ):
        unknown = [member for member in members if member not in store]
        if unknown:
            raise StepFailedError(f"ClientError: {unknown} do not exist")
    here = f"arn:aws:ec2:{emulator.region()}:{emulator.account_id()}"
    within = {"ec2:Vpc": f"{here}:vpc/{emulator.ec2._subnets[vpc['Subnets'][0]]['VpcId']}"}
    places = [f"{here}:subnet/{subnet}" for subnet in vpc["Subnets"]]
    places += [f"{here}:security-group/{group}" for group in vpc["SecurityGroupIds"]]
    for place in places:
        _require(credentials, {"ec2:CreateNetworkInterface": place}, within)
    lent = {"ec2:AuthorizedService": "sagemaker.amazonaws.com"}
    _require(credentials, dict.fromkeys(INTERFACE_ACTIONS, f"{here}:network-interface/*"), lent)
    _require(credentials, dict.fromkeys(NETWORK_DESCRIPTIONS, "*"))


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
    """The condition key of a call that a service makes to KMS for somebody."""
    return {"kms:ViaService": f"{service}.{emulator.region()}.amazonaws.com"}


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
