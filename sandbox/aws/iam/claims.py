"""Claims of web identities' tokens that trust policies may name."""

import re
from collections.abc import Mapping
from typing import Any

GITHUB_ISSUER = re.compile(r"token\.actions\.(githubusercontent\.com(/[^/]+)?|[a-z0-9-]+\.ghe\.com)")
"""Issuers of github.com, its enterprises, and GHE.com; an Enterprise Server's is not among them."""
GITHUB_CLAIMS = (
    *("actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref"),
    *("repository", "repository_id", "repository_owner_id", "workflow"),
)
"""Claims of their tokens that trust policies may name, besides subject and audience.

Source: Service Authorization Reference, "Condition keys for AWS Security Token Service", of August 2026.
"""


def condition_keys(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the condition keys that STS reads from the claims of a token, besides those of every issuer."""
    issuer = str(claims.get("iss", "")).removeprefix("https://").rstrip("/")
    if not GITHUB_ISSUER.fullmatch(issuer):
        return {}
    return {f"{issuer}:{name}": claims[name] for name in GITHUB_CLAIMS if name in claims}
