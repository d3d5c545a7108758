"""Settings of the function: the account and the account of the training, as its environment variables describe them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from functions.shared.account import OwnEnvironment
from functions.shared.variables import read_variables

APPROVED = "approved"
"""Folder of released artifacts and their records, in this account's bucket; of frozen artifacts, in a project's."""


@dataclass(frozen=True, kw_only=True)
class Settings(OwnEnvironment):
    """The account that the function belongs to, and the one in which models are approved."""

    region: str
    artifacts_bucket: str
    subnet_ids: Sequence[str]
    security_group_id: str
    development_account_id: str
    development_prefix: str
    """Beginning of the names of projects' buckets there, such as `analytics-dev`."""
    approver_role: str
    """Name of the role there that approves versions."""
    life_cycle_role: str
    """Name of the role there that notes which version production serves."""
    approvers: Sequence[str]
    """User profiles of Studio there whose approvals count here, such as `d-…/grace`; empty if the role alone counts."""
    release_managers: Sequence[str] = ()
    """Logins at GitHub of those who let jobs into this account; empty where nobody has to."""
    life_cycle_function_arn: str = ""
    """The function there that notes it; empty unless this account is production."""
    earlier_versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Evidence of versions that were registered before pipelines registered any, by group and number, such as `abalone-p-…/3`."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the function's environment variables.

        Raises:
            ExplainedError: variables are missing; the message names all of them.
        """
        names = {
            "account_id": "ACCOUNT_ID",
            "region": "AWS_REGION",
            "prefix": "PLATFORM_PREFIX",
            "artifacts_bucket": "ARTIFACTS_BUCKET",
            "subnet_ids": "SUBNET_IDS",
            "security_group_id": "SECURITY_GROUP_ID",
            "development_account_id": "DEVELOPMENT_ACCOUNT_ID",
            "development_prefix": "DEVELOPMENT_PREFIX",
            "approver_role": "APPROVER_ROLE",
            "life_cycle_role": "LIFE_CYCLE_ROLE",
            "approvers": "APPROVERS",
            "earlier_versions": "EARLIER_VERSIONS",
            "release_managers": "RELEASE_MANAGERS",
        }
        values = read_variables(environment, names, of="the release of models")
        return cls(
            subnet_ids=tuple(values.pop("subnet_ids").split(",")),
            approvers=json.loads(values.pop("approvers")),
            earlier_versions=json.loads(values.pop("earlier_versions")),
            release_managers=json.loads(values.pop("release_managers")),
            life_cycle_function_arn=environment.get("LIFE_CYCLE_FUNCTION_ARN", ""),
            **values,
        )
