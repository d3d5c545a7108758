"""The REST endpoints. A module is a chapter of GitHub's REST documentation; importing it registers its routes."""

from sandbox.github.rest import (
    actions,
    checks,
    collaborators,
    commits,
    contents,
    deployments,
    environments,
    oidc,
    organizations,
    permissions,
    pulls,
    repositories,
    rulesets,
    secrets,
    teams,
    users,
    variables,
)
from sandbox.github.routing import ROUTES

__all__ = [
    "ROUTES",
    "actions",
    "checks",
    "collaborators",
    "commits",
    "contents",
    "deployments",
    "environments",
    "oidc",
    "organizations",
    "permissions",
    "pulls",
    "repositories",
    "rulesets",
    "secrets",
    "teams",
    "users",
    "variables",
]
