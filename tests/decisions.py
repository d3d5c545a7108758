"""Decides about single requests as IAM would: statements, their conditions and explicit denials.

Knows the operators that the platform's policies use and refuses others. The caller gives the condition keys that AWS
would: what is not given is not in the request, which negated operators take for a match.
Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Values = str | Sequence[str]
"""Of a condition key; only those that ForAnyValue is for have several."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A principal, an action and a resource, with the condition keys of the request."""

    principal: str
    """ARN of the role."""
    action: str
    resource: str
    keys: Mapping[str, Values] = field(default_factory=dict[str, Values])
    """Condition keys besides the principal's."""

    @property
    def context(self) -> Mapping[str, Values]:
        """Every condition key of the request."""
        return {"aws:PrincipalArn": self.principal, **self.keys}


def denials(policy: Mapping[str, Any], request: Request) -> list[str]:
    """Ids of the statements of `policy` that forbid the request."""
    return _effective(policy, request, "Deny")


def allowances(policy: Mapping[str, Any], request: Request) -> list[str]:
    """Ids of the statements of `policy` that allow the request."""
    return _effective(policy, request, "Allow")


def permits(policy: Mapping[str, Any], request: Request) -> bool:
    """Whether `policy` by itself lets the request through: a permissions boundary, say."""
    return bool(allowances(policy, request)) and not denials(policy, request)


def _effective(policy: Mapping[str, Any], request: Request, effect: str) -> list[str]:
    return [each["Sid"] for each in policy["Statement"] if each["Effect"] == effect and _applies(each, request)]


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        _about(statement, "Action", request.action.lower(), str.lower)
        and _about(statement, "Resource", request.resource, str)
        and all(
            _holds(operator, key, _listed(operand), request.context)
            for operator, operands in statement.get("Condition", {}).items()
            for key, operand in operands.items()
        )
    )


def _about(statement: Mapping[str, Any], element: str, asked: str, form: Callable[[str], str]) -> bool:
    excluded = f"Not{element}" in statement
    patterns = _listed(statement[f"Not{element}" if excluded else element])
    return any(_matches(form(pattern), asked) for pattern in patterns) is not excluded


def _holds(operator: str, key: str, operands: Sequence[str], context: Mapping[str, Values]) -> bool:
    values = _listed(context.get(key, ()))
    likenesses = [any(_matches(operand, value) for operand in operands) for value in values]
    match operator:
        case "StringEquals" | "Bool" | "ForAnyValue:StringEquals":
            return any(value in operands for value in values)
        case "StringEqualsIfExists":
            return not values or any(value in operands for value in values)
        case "StringNotEquals":
            return not any(value in operands for value in values)
        case "ForAnyValue:StringNotEquals":
            return any(value not in operands for value in values)
        case "ArnEquals" | "ArnLike" | "StringLike":
            return any(likenesses)
        case "StringLikeIfExists":
            return not values or any(likenesses)
        case "ArnNotEquals" | "ArnNotLike" | "StringNotLike":
            return not any(likenesses)
        case "ForAnyValue:StringNotLike" | "ForAnyValue:ArnNotLike":
            return not all(likenesses)
        case "NumericLessThan":
            return any(float(value) < float(operand) for value in values for operand in operands)
        case "NumericGreaterThan":
            return any(float(value) > float(operand) for value in values for operand in operands)
        case "Null":
            return operands == [str(not values).lower()]
        case _:
            raise LookupError(f"no condition operator {operator} is known here")


def _matches(pattern: str, text: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value
