"""Security groups that SageMaker makes for the file system of a domain, and does not delete with it.

They name each other, so that neither can be deleted before a rule is revoked; both hold their VPC. Sources: names, rules and tag:
awsandy/sagemaker-vpc-terraform, cleanup.sh, and other repositories that clean up after a domain; who makes them: SageMaker
Developer Guide, "AmazonSageMakerNotebooksServiceRolePolicy". Assumption: they remain also where the file system is deleted with
its domain. That role may delete them, but no page says that SageMaker does; those who report them retained the file system.
"""

import re

from sandbox.aws.ministack import ec2
from sandbox.aws.service import Members

PORTS = ((988, 988), (1018, 1023), (2049, 2049))
"""Ports of Lustre and NFS, from the first to the last."""
TAG = "ManagedByAmazonSageMakerResource"


def create(domain: Members) -> None:
    """Make the two groups of a new domain, if it has a network."""
    if "VpcId" not in domain:
        return
    inbound, outbound = _group(domain, "inbound"), _group(domain, "outbound")
    # What AWS gives every new group.
    everything = {"IpPermissions.1.IpProtocol": "-1", "IpPermissions.1.IpRanges.1.CidrIp": "0.0.0.0/0"}
    for group in (inbound, outbound):
        ec2.own_request("RevokeSecurityGroupEgress", {"GroupId": group, **everything})
    ec2.own_request("AuthorizeSecurityGroupIngress", {"GroupId": inbound, **_rules(outbound)})
    ec2.own_request("AuthorizeSecurityGroupEgress", {"GroupId": outbound, **_rules(inbound)})


def of_mount_targets(domain: Members) -> list[str]:
    """Return the groups that the interfaces of a domain's file system are in."""
    name = _name(domain, "inbound")
    return [identifier for identifier, group in ec2.security_groups.items() if group["GroupName"] == name]


def _name(domain: Members, direction: str) -> str:
    return f"security-group-for-{direction}-nfs-{domain['DomainId']}"


def _group(domain: Members, direction: str) -> str:
    what = f"Security Group that allows {direction} NFS traffic for SageMaker Notebooks Domain [{domain['DomainId']}]"
    answer = ec2.own_request(
        "CreateSecurityGroup",
        {
            "GroupName": _name(domain, direction),
            "GroupDescription": f"[DO NOT DELETE] {what}",
            "VpcId": domain["VpcId"],
            "TagSpecification.1.ResourceType": "security-group",
            "TagSpecification.1.Tag.1.Key": TAG,
            "TagSpecification.1.Tag.1.Value": domain["DomainArn"],
        },
    )
    return re.findall(r"<groupId>([^<]+)</groupId>", answer)[0]


def _rules(peer: str) -> dict[str, str]:
    rules: dict[str, str] = {}
    for number, (first, last) in enumerate(PORTS, 1):
        rule = f"IpPermissions.{number}"
        rules |= {
            f"{rule}.IpProtocol": "tcp",
            f"{rule}.FromPort": str(first),
            f"{rule}.ToPort": str(last),
            f"{rule}.Groups.1.GroupId": peer,
        }
    return rules
