"""Compare each role's granted actions with those that it used: an unused action is a candidate for removal.

The local AWS records every decision. A permission that no run of the sandbox uses may still be needed for an update, a
deletion or a failure that did not happen here.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import boto3
from rich.console import Console
from rich.table import Table

from sandbox import http_client, identities
from sandbox.servers import Servers

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True, kw_only=True)
class RoleUse:
    """A role, the actions that its policies allow, and those that it used."""

    arn: str
    granted: frozenset[str]
    used: frozenset[str]
    denied: frozenset[str]

    @property
    def unused(self) -> list[str]:
        """Actions that are allowed and were not used."""
        return sorted(self.granted - self.used)


def uses(servers: Servers) -> Iterator[RoleUse]:
    """Return the roles that called AWS since the sandbox was started."""
    decisions = cast("dict[str, Any]", http_client.call(servers, "GET", f"{servers.aws.url}/_sandbox/permissions", {}))
    for arn in sorted(decisions):
        _, _, _, _, account, name = arn.split(":", 5)
        root = identities.root(account)
        iam: IAMClient = boto3.client(
            "iam",
            aws_access_key_id=root["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=root["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        by_outcome: defaultdict[bool, set[str]] = defaultdict(set)
        for decision in decisions[arn]:
            by_outcome[bool(decision["allowed"])].add(str(decision["action"]))
        yield RoleUse(
            arn=arn,
            granted=frozenset(_granted(iam, name.rpartition("/")[2])),
            used=frozenset(by_outcome[True]),
            denied=frozenset(by_outcome[False]),
        )


def show(console: Console, servers: Servers) -> None:
    """Print the comparison, role by role."""
    table = Table()
    for heading in ("role", "granted", "used", "denied", "granted and not used"):
        table.add_column(heading, justify="right" if heading in {"granted", "used"} else "left", overflow="fold")
    for use in uses(servers):
        table.add_row(
            use.arn.rpartition("/")[2],
            str(len(use.granted)),
            str(len(use.granted & use.used)),
            ", ".join(sorted(use.denied)),
            ", ".join(use.unused),
        )
        table.add_section()
    console.print(table)


def _granted(iam: "IAMClient", role: str) -> Iterator[str]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from _allowed(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached.get("PolicyArn", "")
        version = iam.get_policy(PolicyArn=arn)["Policy"].get("DefaultVersionId", "")
        yield from _allowed(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"].get("Document"))


def _allowed(document: Any) -> Iterator[str]:
    policy = cast("dict[str, Any]", json.loads(document) if isinstance(document, str) else document)
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            actions = statement["Action"]
            yield from [actions] if isinstance(actions, str) else actions
