"""Owners of provisioned products and records: policies can tell a caller's own from others'."""

from collections.abc import Mapping
from typing import Any

from sandbox.aws.ministack import scope

_owners = scope.scoped_store()


def remember(identifier: str, session_arn: str) -> None:
    """Remember the session that a provisioned product or a record belongs to."""
    _owners[identifier] = session_arn


def owner(identifier: str) -> str:
    """Return the session that a provisioned product or record belongs to; empty if there is none."""
    return _owners.get(identifier, "")


def context(session_arn: str, members: Mapping[str, Any]) -> dict[str, str]:
    """Return the condition keys of a request about a provisioned product or record.

    Source: Service Catalog Administrator Guide, "Predefined condition keys" (accountLevel, roleLevel, userLevel).
    """
    identifier = members.get("ProvisionedProductId") or members.get("Id") or ""
    found = owner(identifier)
    if not found:
        wanted = members.get("AccessLevelFilter", {})
        return {f"servicecatalog:{wanted['Key'].lower()}Level": "self"} if wanted else {}
    levels = {"servicecatalog:accountLevel": "self"}
    if found.rpartition("/")[0] == session_arn.rpartition("/")[0]:
        levels["servicecatalog:roleLevel"] = "self"
    if found == session_arn:
        levels["servicecatalog:userLevel"] = "self"
    return levels
