"""Rules of security groups that are resources of their own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws, only
from sandbox.plugins.aws.convert import given, tag_map
from sandbox.plugins.aws.ec2.resource import Ec2Resource, tag_specification
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.values import mapping_of


class SecurityGroupRule(Ec2Resource):
    """One rule of a security group, in one direction."""

    direction: ClassVar[str]
    inputs = Inputs(
        "cidrIpv4 cidrIpv6 description fromPort ipProtocol prefixListId referencedSecurityGroupId tags toPort",
        replaces="securityGroupId",
    )
    outputs = ("arn", "securityGroupRuleId")
    _peers = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a rule without exactly one peer."""
        peers = [name for name in self._peers if wanted.get(name) is not None]
        return [] if len(peers) == 1 else [("cidrIpv4", f"exactly one of {', '.join(self._peers)} must be set")]

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Add the rule."""
        note = {"Description": wanted["description"]} if wanted.get("description") else {}
        permission: Values = {"IpProtocol": wanted["ipProtocol"]}
        permission |= {name: int(value) for name, value in self._ports(wanted).items()}
        if wanted.get("cidrIpv4"):
            permission["IpRanges"] = [{"CidrIp": wanted["cidrIpv4"], **note}]
        elif wanted.get("cidrIpv6"):
            permission["Ipv6Ranges"] = [{"CidrIpv6": wanted["cidrIpv6"], **note}]
        elif wanted.get("prefixListId"):
            permission["PrefixListIds"] = [{"PrefixListId": wanted["prefixListId"], **note}]
        else:
            permission["UserIdGroupPairs"] = [{"GroupId": wanted["referencedSecurityGroupId"], **note}]
        authorize = getattr(cloud.client("ec2"), f"authorize_security_group_{self.direction}")
        answer = authorize(
            GroupId=wanted["securityGroupId"],
            IpPermissions=[permission],
            TagSpecifications=tag_specification("security-group-rule", wanted),
        )
        return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    @staticmethod
    def _ports(wanted: Mapping[str, Any]) -> Values:
        return given(wanted, {"fromPort": "FromPort", "toPort": "ToPort"})

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the rule."""
        answer = cloud.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[identifier])
        rule = only(answer["SecurityGroupRules"])
        unbounded = rule["IpProtocol"] == "-1"
        return {
            "arn": cloud.arn("ec2", f"security-group-rule/{identifier}"),
            "securityGroupRuleId": identifier,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "fromPort": None if unbounded else rule.get("FromPort"),
            "toPort": None if unbounded else rule.get("ToPort"),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": mapping_of(rule.get("ReferencedGroupInfo")).get("GroupId"),
            "description": rule.get("Description"),
            "tagsAll": tag_map(rule.get("Tags")),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Modify the rule."""
        names = {
            "ipProtocol": "IpProtocol",
            "cidrIpv4": "CidrIpv4",
            "cidrIpv6": "CidrIpv6",
            "prefixListId": "PrefixListId",
            "referencedSecurityGroupId": "ReferencedGroupId",
            "description": "Description",
        }
        ports = {name: int(value) for name, value in self._ports(wanted).items()}
        cloud.client("ec2").modify_security_group_rules(
            GroupId=wanted["securityGroupId"],
            SecurityGroupRules=[
                {"SecurityGroupRuleId": identifier, "SecurityGroupRule": {**given(wanted, names), **ports}}
            ],
        )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the rule."""
        revoke = getattr(cloud.client("ec2"), f"revoke_security_group_{self.direction}")
        revoke(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[identifier])


class SecurityGroupIngressRule(SecurityGroupRule):
    """An inbound rule."""

    type_name = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "ingress"


class SecurityGroupEgressRule(SecurityGroupRule):
    """An outbound rule."""

    type_name = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"


TYPES = (
    SecurityGroupIngressRule(),
    SecurityGroupEgressRule(),
)
