"""Security groups with inline rules."""

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.aws.cloud import Aws, only
from sandbox.plugins.aws.convert import given, picked, tag_map
from sandbox.plugins.aws.ec2.resource import Ec2Resource, tag_specification
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import list_of

_RULES = Inputs(
    "cidrBlocks description fromPort ipv6CidrBlocks prefixListIds protocol securityGroups toPort",
    defaults={"self": False},
)


class SecurityGroup(Ec2Resource):
    """A security group."""

    type_name = "aws:ec2/securityGroup:SecurityGroup"
    inputs = Inputs(
        "tags",
        replaces="description name vpcId",
        computed="egress ingress name vpcId",
        defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
        objects={"egress": _RULES, "ingress": _RULES},
    )
    outputs = ("arn", "ownerId")
    auto_name = AutoName()

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a name that looks like an id, as AWS does."""
        return [("name", "it cannot begin with sg-")] if str(wanted.get("name")).startswith("sg-") else []

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the group."""
        answer = cloud.client("ec2").create_security_group(
            **given(wanted, {"name": "GroupName", "description": "Description", "vpcId": "VpcId"}),
            TagSpecifications=tag_specification("security-group", wanted),
        )
        return answer["GroupId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Replace the default rule for outbound traffic by the wanted rules, as the official provider does."""
        for direction in ("ingress", "egress"):
            self._set_rules(cloud, identifier, direction, list_of(wanted.get(direction)))

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the group and its rules."""
        group = only(cloud.client("ec2").describe_security_groups(GroupIds=[identifier])["SecurityGroups"])
        names = {"name": "GroupName", "description": "Description", "vpcId": "VpcId", "ownerId": "OwnerId"}
        return {
            "arn": cloud.arn("ec2", f"security-group/{identifier}"),
            **picked(group, names),
            "ingress": _rules_from_aws(group.get("IpPermissions", []), identifier),
            "egress": _rules_from_aws(group.get("IpPermissionsEgress", []), identifier),
            "tagsAll": tag_map(group.get("Tags")),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set the rules that differ."""
        for direction in changed & {"ingress", "egress"}:
            self._set_rules(cloud, identifier, direction, list_of(wanted.get(direction)))

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the group once nothing uses it."""
        if state.get("revokeRulesOnDelete"):
            for direction in ("ingress", "egress"):
                self._set_rules(cloud, identifier, direction, [])
        self.retry_delete(cloud.client("ec2").delete_security_group, GroupId=identifier)

    @staticmethod
    def _set_rules(cloud: Aws, identifier: str, direction: str, rules: list[Values]) -> None:
        ec2 = cloud.client("ec2")
        group = only(ec2.describe_security_groups(GroupIds=[identifier])["SecurityGroups"])
        present = list_of(group.get("IpPermissions" if direction == "ingress" else "IpPermissionsEgress"))
        if present:
            revoke = getattr(ec2, f"revoke_security_group_{direction}")
            revoke(GroupId=identifier, IpPermissions=present)
        if rules:
            authorize = getattr(ec2, f"authorize_security_group_{direction}")
            authorize(GroupId=identifier, IpPermissions=[_rule_to_aws(rule, identifier) for rule in rules])


class DefaultSecurityGroup(SecurityGroup):
    """A VPC's default security group, which cannot be created or deleted."""

    type_name = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    inputs = Inputs(
        "tags",
        replaces="vpcId",
        computed="vpcId",
        objects={"egress": _RULES, "ingress": _RULES},
    )
    outputs = ("arn", "description", "name", "ownerId")
    auto_name = None

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Find the group that AWS created with the VPC."""
        filters = [{"Name": "group-name", "Values": ["default"]}]
        if wanted.get("vpcId"):
            filters.append({"Name": "vpc-id", "Values": [wanted["vpcId"]]})
        groups = cloud.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
        if not groups:
            raise RefusedError(f"VPC {wanted.get('vpcId')} has no default security group")
        return groups[0]["GroupId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Replace its rules and set its tags."""
        super().complete(cloud, identifier, wanted)
        self.retag(cloud, identifier, {}, [], wanted["tagsAll"])

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Leave the group as it is: it is deleted with its VPC."""


def _rule_to_aws(rule: Mapping[str, Any], own_group: str) -> Values:
    note = {"Description": rule["description"]} if rule.get("description") else {}
    pairs = [*(list_of(rule.get("securityGroups"))), *([own_group] if rule.get("self") else [])]
    permission: Values = {"IpProtocol": "-1" if rule["protocol"] == "all" else rule["protocol"]}
    if permission["IpProtocol"] != "-1":
        permission |= {"FromPort": int(rule["fromPort"]), "ToPort": int(rule["toPort"])}
    lists: Values = {
        "IpRanges": [{"CidrIp": cidr, **note} for cidr in list_of(rule.get("cidrBlocks"))],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **note} for cidr in list_of(rule.get("ipv6CidrBlocks"))],
        "PrefixListIds": [{"PrefixListId": name, **note} for name in list_of(rule.get("prefixListIds"))],
        "UserIdGroupPairs": [{"GroupId": group, **note} for group in pairs],
    }
    return permission | {name: content for name, content in lists.items() if content}


def _rules_from_aws(permissions: list[dict[str, Any]], own_group: str) -> list[Values]:
    """Return AWS's permissions as rules; a permission with several descriptions becomes several rules."""
    rules: dict[tuple[Any, ...], Values] = {}
    parts = (
        ("IpRanges", "CidrIp", "cidrBlocks"),
        ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks"),
        ("PrefixListIds", "PrefixListId", "prefixListIds"),
        ("UserIdGroupPairs", "GroupId", "securityGroups"),
    )
    for permission in permissions:
        ports = permission.get("FromPort") or 0, permission.get("ToPort") or 0, permission["IpProtocol"]
        for part, key, name in parts:
            for entry in list_of(permission.get(part)):
                note = entry.get("Description", "")
                rule = rules.setdefault(
                    (*ports, note),
                    {
                        "fromPort": ports[0],
                        "toPort": ports[1],
                        "protocol": ports[2],
                        "description": note,
                        "self": False,
                    },
                )
                if entry[key] == own_group:
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(entry[key])
    return list(rules.values())


TYPES = (
    SecurityGroup(),
    DefaultSecurityGroup(),
)
