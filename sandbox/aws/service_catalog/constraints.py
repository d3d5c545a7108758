"""Launch constraints: the roles with which products of a portfolio are launched."""

import json

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import scope
from sandbox.aws.service import Call, Members
from sandbox.aws.service_catalog import names, portfolios, products

_constraints = scope.scoped_store()


def launch_role(portfolio_id: str, product_id: str) -> str | None:
    """Return the role that launches the product of the portfolio, if a constraint names one."""
    for constraint in _constraints.values():
        if (constraint["PortfolioId"], constraint["ProductId"]) == (portfolio_id, product_id):
            return _role(constraint["_parameters"])
    return None


def _create(call: Call) -> Members:
    members = call.members
    if members["Type"] != "LAUNCH":
        raise NotEmulatedError(f"constraints of type {members['Type']}")
    portfolios.exists(members["PortfolioId"])
    products.exists(members["ProductId"])
    if launch_role(members["PortfolioId"], members["ProductId"]):
        raise ServiceError(
            "DuplicateResourceException", "A launch constraint already exists for this product and portfolio."
        )
    _check_role(call, members["Parameters"])
    constraint_id = names.identifier("cons")
    _constraints[constraint_id] = {
        "ConstraintId": constraint_id,
        "Type": "LAUNCH",
        "Description": members.get("Description", ""),
        "Owner": scope.account_id(),
        "ProductId": members["ProductId"],
        "PortfolioId": members["PortfolioId"],
        "_parameters": members["Parameters"],
    }
    return _answer(_constraints[constraint_id])


def _describe(call: Call) -> Members:
    return _answer(names.found(_constraints, call.members["Id"], "Constraint"))


def _update(call: Call) -> Members:
    constraint = names.found(_constraints, call.members["Id"], "Constraint")
    if "Parameters" in call.members:
        _check_role(call, call.members["Parameters"])
        constraint["_parameters"] = call.members["Parameters"]
    constraint["Description"] = call.members.get("Description", constraint["Description"])
    return _answer(constraint)


def _delete(call: Call) -> Members:
    names.found(_constraints, call.members["Id"], "Constraint")
    _constraints.pop(call.members["Id"])
    return {}


def _list(call: Call) -> Members:
    portfolio_id, product_id = call.members["PortfolioId"], call.members.get("ProductId")
    records = [
        _answer(constraint)["ConstraintDetail"]
        for constraint in _constraints.values()
        if constraint["PortfolioId"] == portfolio_id and product_id in (None, constraint["ProductId"])
    ]
    return names.page(call.members, "ConstraintDetails", records)


def _answer(constraint: Members) -> Members:
    detail = {key: value for key, value in constraint.items() if not key.startswith("_")}
    return {
        "ConstraintDetail": detail,
        "ConstraintParameters": constraint["_parameters"],
        "Status": "AVAILABLE",
    }


def _check_role(call: Call, parameters: str) -> None:
    authorization.require(
        call.caller, "iam:PassRole", _role(parameters), {"iam:PassedToService": "servicecatalog.amazonaws.com"}
    )


def _role(parameters: str) -> str:
    try:
        values = json.loads(parameters)
    except json.JSONDecodeError:
        raise ServiceError("InvalidParametersException", "Constraint parameters must be JSON.") from None
    if set(values) == {"RoleArn"}:
        return values["RoleArn"]
    if set(values) == {"LocalRoleName"}:
        return f"arn:aws:iam::{scope.account_id()}:role/{values['LocalRoleName']}"
    raise ServiceError("InvalidParametersException", "A launch constraint names either RoleArn or LocalRoleName.")


OPERATIONS = {
    "CreateConstraint": _create,
    "DescribeConstraint": _describe,
    "UpdateConstraint": _update,
    "DeleteConstraint": _delete,
    "ListConstraintsForPortfolio": _list,
}
