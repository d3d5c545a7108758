"""Check that nothing in the network reaches the apps of people in Studio.

Source: SageMaker Developer Guide, "Connect Amazon SageMaker Studio in a VPC to External Resources": an app answers whoever reaches it,
and the apps of all profiles are in their domain's security groups.
"""

from functools import partial

from bootstrap.account import Account, pages
from bootstrap.names import Names


def apps(account: Account, names: Names) -> tuple[bool, str]:
    """Check that the security groups of the environment's domain admit nothing."""
    sagemaker, ec2 = account.client("sagemaker"), account.client("ec2")
    domains = [
        each["DomainId"]
        for each in pages(sagemaker.list_domains, "Domains", "NextToken", "NextToken")
        if each["DomainName"] == names.prefix
    ]
    if not domains:
        return False, f"there is no domain {names.prefix}; deploy the environment"
    groups = sagemaker.describe_domain(DomainId=domains[0])["DefaultUserSettings"]["SecurityGroups"]
    rules = partial(ec2.describe_security_group_rules, Filters=[{"Name": "group-id", "Values": groups}])
    admitting = [
        (each["GroupId"], each["SecurityGroupRuleId"])
        for each in pages(rules, "SecurityGroupRules", "NextToken", "NextToken")
        if not each["IsEgress"]
    ]
    if not admitting:
        return True, f"{', '.join(groups)} of {domains[0]} admits nothing"
    commands = "; ".join(
        f"aws ec2 revoke-security-group-ingress --group-id {group} --security-group-rule-ids {rule}"
        for group, rule in admitting
    )
    return False, (
        f"{', '.join(sorted({group for group, _ in admitting}))} of {domains[0]} admits traffic, so that jobs or the apps of other people "
        "may act as a lead in a lead's app: give jobs a group of their own (in an existing network: network.jobSecurityGroupId), "
        f"deploy, and run: {commands}"
    )
