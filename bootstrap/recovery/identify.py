"""Find the provider's identifier of a resource from its inputs, without the state.

Most names are fixed, so the identifier follows from the inputs (`by_name`); a refresh then tells whether the resource exists.
A resource that gets its identifier from AWS or GitHub is looked up by what distinguishes it from others: its network and
address range (`ec2`), its place in a catalog or its tags (`look_ups`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bootstrap.account import Account
from bootstrap.names import Names
from bootstrap.recovery import by_name, ec2, look_ups
from bootstrap.recovery.interrupted import Resource
from bootstrap.recovery.unidentified import StillBeingMadeError, UnknownTypeError

__all__ = ["FromGitHub", "StillBeingMadeError", "UnknownTypeError", "find", "is_by_name"]

FromGitHub = Callable[[str], Sequence[Mapping[str, Any]]]
"""Returns the list at a path of the organization's API, such as `/rulesets`."""


def find(account: Account, names: Names, resource: Resource, from_github: FromGitHub) -> Sequence[str]:
    """Return the identifiers that the resource may have: none if it was not created, several if more than once.

    An identifier that follows from a name is returned whether the resource exists or not.

    Raises:
        UnknownTypeError: resources of this type cannot be found.
        StillBeingMadeError: it exists, but is not ready yet.
    """
    kind, inputs = resource["type"], resource["inputs"]
    if is_by_name(kind):
        known = {"region": account.region, "account": account.account_id}
        return [by_name.IDENTIFIERS[kind].format(**{**known, **inputs})]
    if kind in ec2.RULES:
        return ec2.find(account, names, kind, inputs)
    if kind in look_ups.LOOK_UPS:
        return look_ups.find(account, names, kind, inputs)
    if kind == "github:index/organizationRuleset:OrganizationRuleset":
        rulesets = from_github("/rulesets?per_page=100")
        return [str(ruleset["id"]) for ruleset in rulesets if ruleset["name"] == inputs["name"]]
    if kind == "github:index/team:Team":
        teams = from_github("/teams?per_page=100")
        return [str(team["id"]) for team in teams if team["name"] == inputs["name"]]
    raise UnknownTypeError(kind)


def is_by_name(kind: str) -> bool:
    """Return whether the identifier follows from the inputs, so that the resource cannot exist twice."""
    return kind in by_name.IDENTIFIERS
