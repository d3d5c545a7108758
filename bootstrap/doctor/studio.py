"""Check that nothing in the network reaches the apps of people in Studio.

Source: SageMaker Developer Guide, "Connect Amazon SageMaker Studio in a VPC to External Resources": an app answers whoever reaches it,
and the apps of all profiles are in their domain's security groups.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

from bootstrap.account import Account, Client, pages
from bootstrap.names import Names


def apps(account: Account, names: Names) -> tuple[bool, str]:
    """Check that the security groups of the environment's domain admit nothing, and a profile's own ones at most themselves."""
    sagemaker = account.client("sagemaker")
    domains = [
        each["DomainId"]
        for each in pages(sagemaker.list_domains, "Domains", "NextToken", "NextToken")
        if each["DomainName"] == names.prefix
    ]
    if not domains:
        return False, f"there is no domain {names.prefix}; deploy the environment"
    [domain, *_] = domains
    groups = sagemaker.describe_domain(DomainId=domain)["DefaultUserSettings"]["SecurityGroups"]
    profiles = _groups_of_profiles(sagemaker, domain)
    # A group that one profile alone has may admit itself: all its members are apps of one person.
    own = {group for group, number in Counter(chain.from_iterable(profiles)).items() if number == 1} - set(groups)
    admitting = [
        (rule["GroupId"], rule["SecurityGroupRuleId"])
        for rule in _rules(account.client("ec2"), sorted({*groups, *chain.from_iterable(profiles)}))
        if not (rule["GroupId"] in own and rule.get("ReferencedGroupInfo", {}).get("GroupId") == rule["GroupId"])
    ]
    if not admitting:
        return True, f"{', '.join(groups)} of {domain} admits nothing"
    commands = "; ".join(
        f"aws ec2 revoke-security-group-ingress --group-id {group} --security-group-rule-ids {rule}"
        for group, rule in admitting
    )
    return False, (
        f"{', '.join(sorted({group for group, _ in admitting}))} of {domain} admits traffic, so that jobs or the apps of other people "
        "may act as a lead in a lead's app: give jobs a group of their own (in an existing network: network.jobSecurityGroupId), "
        f"deploy, and run: {commands}"
    )


def _groups_of_profiles(sagemaker: Client, domain: str) -> list[list[str]]:
    """Return the groups of each profile that has some, which SageMaker adds to those of the domain."""
    profiles = pages(
        partial(sagemaker.list_user_profiles, DomainIdEquals=domain), "UserProfiles", "NextToken", "NextToken"
    )
    described = (
        sagemaker.describe_user_profile(DomainId=domain, UserProfileName=each["UserProfileName"]) for each in profiles
    )
    return [each.get("UserSettings", {}).get("SecurityGroups", []) for each in described]


def _rules(ec2: Client, groups: list[str]) -> Iterator[Mapping[str, Any]]:
    """Return the rules by which groups admit something."""
    rules = partial(ec2.describe_security_group_rules, Filters=[{"Name": "group-id", "Values": groups}])
    return (each for each in pages(rules, "SecurityGroupRules", "NextToken", "NextToken") if not each["IsEgress"])
