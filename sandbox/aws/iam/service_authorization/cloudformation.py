"""CloudFormation: condition keys of stacks and change sets."""

from collections.abc import Iterator
from typing import Any

from sandbox.aws.iam.service_authorization.members import Members

MEMBERS = {
    "ChangeSetName": "ChangeSetName",
    "RoleArn": "RoleARN",
    "StackPolicyUrl": "StackPolicyURL",
    "TemplateUrl": "TemplateURL",
}
"""By condition key: the member of the request."""


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request; a member that it lacks has none."""
    del operation
    for key, member in MEMBERS.items():
        yield f"cloudformation:{key}", members.get(member) or None
