"""Internet gateways, NAT gateways and their addresses."""

from typing import Any

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, code_of, only
from sandbox.plugins.aws.convert import given, picked, tag_map
from sandbox.plugins.aws.ec2.resource import Ec2Resource, tag_specification
from sandbox.plugins.aws.waiting import retry, wait_until
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import RefusedError
from sandbox.plugins.values import list_of, mapping_of


class InternetGateway(Ec2Resource):
    """An internet gateway."""

    type_name = "aws:ec2/internetGateway:InternetGateway"
    inputs = Inputs("tags", computed="vpcId")
    outputs = ("arn", "ownerId")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the gateway."""
        answer = cloud.client("ec2").create_internet_gateway(
            TagSpecifications=tag_specification("internet-gateway", wanted)
        )
        return answer["InternetGateway"]["InternetGatewayId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Attach the gateway to its VPC."""
        if wanted.get("vpcId"):
            try:
                cloud.client("ec2").attach_internet_gateway(InternetGatewayId=identifier, VpcId=wanted["vpcId"])
            except ClientError as error:
                if code_of(error) != "Resource.AlreadyAssociated":
                    raise

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the gateway and its attachment."""
        answer = cloud.client("ec2").describe_internet_gateways(InternetGatewayIds=[identifier])
        gateway = only(answer["InternetGateways"])
        attachments = list_of(gateway.get("Attachments"))
        return {
            "arn": cloud.arn("ec2", f"internet-gateway/{identifier}"),
            "ownerId": gateway.get("OwnerId", cloud.account),
            "vpcId": attachments[0]["VpcId"] if attachments else None,
            "tagsAll": tag_map(gateway.get("Tags")),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Attach the gateway to another VPC."""
        self._detach(cloud, identifier, state)
        self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Detach the gateway and remove it."""
        self._detach(cloud, identifier, state)
        self.retry_delete(cloud.client("ec2").delete_internet_gateway, InternetGatewayId=identifier)

    def _detach(self, cloud: Aws, identifier: str, state: Values) -> None:
        if not state.get("vpcId"):
            return
        try:
            self.retry_delete(
                cloud.client("ec2").detach_internet_gateway, InternetGatewayId=identifier, VpcId=state["vpcId"]
            )
        except ClientError as error:
            if code_of(error) != "Gateway.NotAttached":
                raise


class Eip(Ec2Resource):
    """An Elastic IP address."""

    type_name = "aws:ec2/eip:Eip"
    inputs = Inputs("tags", replaces="domain", computed="domain")
    outputs = ("allocationId", "arn", "publicIp", "publicDns", "publicIpv4Pool", "networkBorderGroup")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Allocate an address."""
        answer = cloud.client("ec2").allocate_address(
            Domain=wanted.get("domain", "vpc"), TagSpecifications=tag_specification("elastic-ip", wanted)
        )
        return answer["AllocationId"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the address."""
        address = only(cloud.client("ec2").describe_addresses(AllocationIds=[identifier])["Addresses"])
        public = address["PublicIp"]
        suffix = "compute-1" if cloud.region == "us-east-1" else f"{cloud.region}.compute"
        return {
            **picked(
                address,
                {
                    "domain": "Domain",
                    "publicIp": "PublicIp",
                    "publicIpv4Pool": "PublicIpv4Pool",
                    "networkBorderGroup": "NetworkBorderGroup",
                },
            ),
            "allocationId": identifier,
            "arn": cloud.arn("ec2", f"elastic-ip/{identifier}"),
            "publicDns": f"ec2-{public.replace('.', '-')}.{suffix}.amazonaws.com",
            "tagsAll": tag_map(address.get("Tags")),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Release the address once its gateway no longer uses it."""
        retry(
            lambda: cloud.client("ec2").release_address(AllocationId=identifier),
            codes=["InvalidIPAddress.InUse", "AuthFailure"],
            seconds=60,
        )


class NatGateway(Ec2Resource):
    """A NAT gateway."""

    type_name = "aws:ec2/natGateway:NatGateway"
    inputs = Inputs(
        "tags",
        replaces="allocationId connectivityType subnetId",
        computed="allocationId",
        required="subnetId",
        defaults={"connectivityType": "public"},
    )
    outputs = ("associationId", "networkInterfaceId", "privateIp", "publicIp")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the gateway."""
        names = {"allocationId": "AllocationId", "subnetId": "SubnetId", "connectivityType": "ConnectivityType"}
        answer = cloud.client("ec2").create_nat_gateway(
            **given(wanted, names), TagSpecifications=tag_specification("natgateway", wanted)
        )
        return answer["NatGateway"]["NatGatewayId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until the gateway is available."""

        def available() -> bool | None:
            gateway = self._describe(cloud, identifier)
            if gateway is None or gateway["State"] == "failed":
                failure = mapping_of(gateway)
                reason = f"{failure.get('FailureCode', 'it is gone')}: {failure.get('FailureMessage', '')}"
                raise RefusedError(f"NAT gateway {identifier} does not become available: {reason}")
            return True if gateway["State"] == "available" else None

        wait_until(available, what=f"NAT gateway {identifier}")

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the gateway and its address."""
        gateway = self._describe(cloud, identifier)
        if gateway is None:
            return None
        address = mapping_of(next(iter(list_of(gateway.get("NatGatewayAddresses"))), None))
        return {
            **picked(gateway, {"subnetId": "SubnetId", "connectivityType": "ConnectivityType"}),
            **picked(
                address,
                {
                    "allocationId": "AllocationId",
                    "associationId": "AssociationId",
                    "networkInterfaceId": "NetworkInterfaceId",
                    "privateIp": "PrivateIp",
                    "publicIp": "PublicIp",
                },
            ),
            "tagsAll": tag_map(gateway.get("Tags")),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the gateway, and wait: its address is in use until it is gone."""
        cloud.client("ec2").delete_nat_gateway(NatGatewayId=identifier)
        wait_until(lambda: True if self._describe(cloud, identifier) is None else None, what=f"the end of {identifier}")

    def _describe(self, cloud: Aws, identifier: str) -> dict[str, Any] | None:
        try:
            found = cloud.client("ec2").describe_nat_gateways(NatGatewayIds=[identifier])["NatGateways"]
        except ClientError as error:
            if self.is_gone(error):
                return None
            raise
        return found[0] if found and found[0]["State"] != "deleted" else None


TYPES = (
    InternetGateway(),
    Eip(),
    NatGateway(),
)
