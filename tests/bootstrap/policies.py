"""Look-ups in the policies of `bootstrap.yaml`, and requests to decide by them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.access.authorization import PolicyStatement, globs_overlap, statements
from tests.bootstrap.template import ACCOUNT, KEY_ID, REGION, Template
from tests.decisions import Request, denials, permits
from tests.rendering import Rendering

PREFIX = "analytics-dev"

IAM = f"arn:aws:iam::{ACCOUNT}"

BOUNDARY = f"{IAM}:policy/{PREFIX}-boundary"

STATE = f"arn:aws:s3:::{PREFIX}-state-{ACCOUNT}-{REGION}"

STATE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY_ID}"

BOUNDARIES = ("WorkloadBoundary", "DeployBoundary")

ROLES_THAT_DEPLOY = (f"{IAM}:role/{PREFIX}-deploy", f"{IAM}:role/{PREFIX}-preview")

PLATFORMS_STATE = f"{STATE}/.pulumi/stacks/mlops-platform/dev.json.gz"

PROJECTS_STATE = f"{STATE}/projects/p-abcdefghijkl/.pulumi/stacks/model-deployment-realtime/dev.json.gz"

DEPLOYMENT = "p-abcdefghijkl-deployment"

PARTS = ("development", "workload", "both", "none")
"""Parts of the platform that an environment may have, as the parameter names them."""


def parts_of(stack: Rendering) -> str:
    """Return the parts of the platform that one of the checked-in stacks has."""
    return "development" if stack.all("sagemaker/domain:Domain") else "workload"


def document(template: Template, name: str) -> Mapping[str, Any]:
    return template.properties(name)["PolicyDocument"]


def reaches_state(template: Template, request: Request) -> bool:
    """Whether the boundary of the platform's roles lets a request about the state through, and so does what it reaches."""
    own = document(template, "StateBucketPolicy")
    if request.action.startswith("kms:"):
        own = template.properties("StateKey")["KeyPolicy"]
    return permits(document(template, "WorkloadBoundary"), request) and not denials(own, request)


def granting_statements(template: Template, role: str) -> list[PolicyStatement]:
    return [each for policy in template.policy_documents(role) for each in statements(json.dumps(policy))]


def listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def matches(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    """Return whether a statement covers an action on a resource, ignoring conditions."""
    if "NotAction" in statement:
        about_action = not any(globs_overlap(each.lower(), action.lower()) for each in listed(statement["NotAction"]))
    else:
        about_action = any(globs_overlap(each.lower(), action.lower()) for each in listed(statement["Action"]))
    if "NotResource" in statement:
        return about_action and not any(globs_overlap(each, resource) for each in listed(statement["NotResource"]))
    return about_action and any(globs_overlap(each, resource) for each in listed(statement["Resource"]))


def denied_by(policy: Mapping[str, Any], action: str, resource: str) -> list[str]:
    """Return the statements that forbid an action, ignoring conditions."""
    return [each["Sid"] for each in policy["Statement"] if each["Effect"] == "Deny" and matches(each, action, resource)]


def allowed_by(policy: Mapping[str, Any], action: str, resource: str) -> list[str]:
    return [
        each["Sid"] for each in policy["Statement"] if each["Effect"] == "Allow" and matches(each, action, resource)
    ]


def requested(role: str, action: str, resource: str, **keys: str) -> Request:
    """Return a request of a role of the environment; `keys` are condition keys, with a double underscore for each colon."""
    context = {key.replace("__", ":"): value for key, value in keys.items()}
    return Request(principal=f"{IAM}:role/{PREFIX}-{role}", action=action, resource=resource, keys=context)
