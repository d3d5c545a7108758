"""MiniStack's IAM."""

from collections.abc import Mapping
from typing import Any

from sandbox.aws.ministack import modules
from sandbox.aws.ministack.gateway import Response

roles: Any = modules.iam._roles
"""By name: the roles of the current account."""
policies: Any = modules.iam._policies
"""By ARN: the managed policies of the current account."""
oidc_providers: Any = modules.iam._oidc_providers
"""By ARN: the OIDC providers of the current account."""


def find_role(account: str, name: str) -> Mapping[str, Any] | None:
    """Return a role of an account."""
    return modules.iam._roles.get_scoped(account, None, name)


def find_oidc_provider(account: str, arn: str) -> Mapping[str, Any] | None:
    """Return an OIDC provider of an account."""
    return modules.iam._oidc_providers.get_scoped(account, None, arn)


def policy_exists(arn: str, account: str) -> bool:
    """Return whether an account may attach a managed policy: one of its own, or one of AWS's."""
    return modules.iam.policy_known(arn, account)


def create_oidc_provider(form: Mapping[str, list[str]]) -> Response:
    """Answer CreateOpenIDConnectProvider."""
    return modules.iam._create_oidc_provider(form)


def create_service_linked_role(service: str, name: str, arn: str) -> None:
    """Create a service-linked role of the current account, with a name that MiniStack would not give it."""
    modules.iam._create_service_linked_role({"AWSServiceName": [service]})
    made = roles.pop(f"AWSServiceRoleFor{service.partition('.')[0].capitalize()}")
    roles[name] = {**made, "RoleName": name, "Arn": arn}
