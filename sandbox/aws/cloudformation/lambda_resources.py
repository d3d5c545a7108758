"""Lambda's resource types: MiniStack makes an alias of a function that does not exist."""

from typing import Any

from sandbox.aws.ministack import lambda_functions, scope
from sandbox.aws.ministack.cloudformation import Handlers

ALIAS = "AWS::Lambda::Alias"


def handlers(ministack: Handlers) -> Handlers:
    """Return the types' handlers, around MiniStack's own."""
    own = ministack[ALIAS]

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        name = props["FunctionName"]
        if lambda_functions.find_function(name) is None:
            # Source: Lambda API Reference, CreateAlias, ResourceNotFoundException.
            raise ValueError(f"Function not found: {scope.arn('lambda', f'function:{name}')}")
        return own["create"](logical_id, props, stack_name)

    return {ALIAS: {**own, "create": create}}
