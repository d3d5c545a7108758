"""The permissions that CloudFormation needs of a stack's role, from a resource's creation to its deletion."""

from collections.abc import Iterable

from sandbox.aws.cloudformation import handlers

OPERATIONS = ("create", "read", "update", "delete")

BY_HAND = {
    "AWS::SageMaker::CodeRepository": (
        "sagemaker:AddTags",
        "sagemaker:CreateCodeRepository",
        "sagemaker:DeleteCodeRepository",
        "sagemaker:DescribeCodeRepository",
        "sagemaker:UpdateCodeRepository",
    )
}
"""A type without handlers in the registry: CloudFormation calls the operations of SageMaker's API."""


def actions_of(kind: str, properties: Iterable[str]) -> list[str]:
    """Return every action that a resource of a type takes, which has `properties`.

    All resources that can have tags get those of their stack, which Service Catalog and the template cloner tag.
    """
    if kind.startswith("Custom::"):
        return ["lambda:InvokeFunction"]
    if kind in BY_HAND:
        return list(BY_HAND[kind])
    names = {*properties, "Tags"}
    return sorted({action for each in OPERATIONS for action in handlers.required(kind, each, names)})
