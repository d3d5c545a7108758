"""VPC endpoints."""

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, picked, tag_map
from sandbox.plugins.aws.ec2.resource import Ec2Resource, tag_specification
from sandbox.plugins.aws.waiting import wait_until
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import RefusedError
from sandbox.plugins.values import list_of, mapping_of


class VpcEndpoint(Ec2Resource):
    """A VPC endpoint."""

    type_name = "aws:ec2/vpcEndpoint:VpcEndpoint"
    inputs = Inputs(
        "tags",
        replaces="serviceName vpcEndpointType vpcId",
        computed="ipAddressType policy privateDnsEnabled routeTableIds securityGroupIds serviceName subnetIds",
        policies="policy",
        defaults={"vpcEndpointType": "Gateway"},
    )
    outputs = (
        "arn",
        "cidrBlocks",
        "dnsEntries",
        "networkInterfaceIds",
        "ownerId",
        "prefixListId",
        "requesterManaged",
        "state",
    )
    _names: ClassVar = {
        "policy": "PolicyDocument",
        "privateDnsEnabled": "PrivateDnsEnabled",
        "ipAddressType": "IpAddressType",
        "routeTableIds": "RouteTableIds",
        "securityGroupIds": "SecurityGroupIds",
        "subnetIds": "SubnetIds",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the endpoint."""
        fixed = {"vpcId": "VpcId", "serviceName": "ServiceName", "vpcEndpointType": "VpcEndpointType"}
        answer = cloud.client("ec2").create_vpc_endpoint(
            **given(wanted, {**fixed, **self._names}), TagSpecifications=tag_specification("vpc-endpoint", wanted)
        )
        return answer["VpcEndpoint"]["VpcEndpointId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until the endpoint is available."""

        def available() -> bool | None:
            endpoint = self._describe(cloud, identifier)
            if endpoint is None or endpoint["State"] in {"Failed", "Rejected", "failed", "rejected"}:
                raise RefusedError(f"endpoint {identifier} is {mapping_of(endpoint).get('State', 'gone')}")
            return True if endpoint["State"].lower() == "available" else None

        wait_until(available, what=f"endpoint {identifier}", seconds=600)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the endpoint."""
        endpoint = self._describe(cloud, identifier)
        if endpoint is None:
            return None
        seen: Values = {
            "arn": cloud.arn("ec2", f"vpc-endpoint/{identifier}"),
            "ownerId": endpoint.get("OwnerId", cloud.account),
            "requesterManaged": endpoint.get("RequesterManaged", False),
            **picked(
                endpoint,
                {
                    "vpcId": "VpcId",
                    "serviceName": "ServiceName",
                    "vpcEndpointType": "VpcEndpointType",
                    "state": "State",
                    "policy": "PolicyDocument",
                    "privateDnsEnabled": "PrivateDnsEnabled",
                    "ipAddressType": "IpAddressType",
                    "routeTableIds": "RouteTableIds",
                    "subnetIds": "SubnetIds",
                    "networkInterfaceIds": "NetworkInterfaceIds",
                },
            ),
            "dnsEntries": [
                {"dnsName": entry.get("DnsName"), "hostedZoneId": entry.get("HostedZoneId")}
                for entry in list_of(endpoint.get("DnsEntries"))
            ],
            "tagsAll": tag_map(endpoint.get("Tags")),
        }
        if "Groups" in endpoint:
            seen["securityGroupIds"] = [group["GroupId"] for group in endpoint["Groups"]]
        # The provider asks for every type; only S3's and DynamoDB's services have a list.
        return seen | self._prefix_list(cloud, endpoint["ServiceName"])

    @staticmethod
    def _prefix_list(cloud: Aws, service: str) -> Values:
        filters = [{"Name": "prefix-list-name", "Values": [service]}]
        lists = cloud.client("ec2").describe_prefix_lists(Filters=filters)["PrefixLists"]
        return {"prefixListId": lists[0]["PrefixListId"], "cidrBlocks": lists[0].get("Cidrs", [])} if lists else {}

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the policy, the DNS settings, the subnets, route tables and security groups."""
        request = given(
            {name: wanted.get(name) for name in changed & {"policy", "privateDnsEnabled", "ipAddressType"}}, self._names
        )
        for name, kind in (
            ("routeTableIds", "RouteTableIds"),
            ("subnetIds", "SubnetIds"),
            ("securityGroupIds", "SecurityGroupIds"),
        ):
            if name in changed:
                old, new = set(list_of(state.get(name))), set(list_of(wanted.get(name)))
                request |= {f"Add{kind}": sorted(new - old)} if new - old else {}
                request |= {f"Remove{kind}": sorted(old - new)} if old - new else {}
        cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=identifier, **request)
        self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the endpoint, and wait: its network interfaces keep subnets in use."""
        answer = cloud.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[identifier])
        for failure in list_of(answer.get("Unsuccessful")):
            if not failure["Error"]["Code"].endswith("NotFound"):
                raise RefusedError(f"{failure['Error']['Code']}: {failure['Error']['Message']}")
        wait_until(
            lambda: True if self._describe(cloud, identifier) is None else None,
            what=f"the end of {identifier}",
            seconds=600,
        )

    def _describe(self, cloud: Aws, identifier: str) -> dict[str, Any] | None:
        try:
            found = cloud.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
        except ClientError as error:
            if self.is_gone(error):
                return None
            raise
        return found[0] if found and found[0]["State"].lower() != "deleted" else None


TYPES = (VpcEndpoint(),)
