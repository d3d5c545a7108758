"""Portfolios, their products, and the principals that may launch those."""

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.service import Call, Members, now
from sandbox.aws.service_catalog import associations, names, products, tagging

_portfolios = scope.scoped_store()


def exists(portfolio_id: str) -> None:
    """Check that there is such a portfolio.

    Raises:
        ServiceError: there is none.
    """
    names.found(_portfolios, portfolio_id, "Portfolio")


def _create(call: Call) -> Members:
    portfolio_id = names.identifier("port")
    _portfolios[portfolio_id] = {
        "Id": portfolio_id,
        "ARN": names.arn("portfolio", portfolio_id),
        "DisplayName": call.members["DisplayName"],
        "Description": call.members.get("Description", ""),
        "CreatedTime": now(),
        "ProviderName": call.members["ProviderName"],
    }
    tagging.put(portfolio_id, call.members.get("Tags", []))
    return {"PortfolioDetail": _portfolios[portfolio_id], "Tags": tagging.of(portfolio_id)}


def _describe(call: Call) -> Members:
    portfolio = names.found(_portfolios, call.members["Id"], "Portfolio")
    return {
        "PortfolioDetail": portfolio,
        "Tags": tagging.of(portfolio["Id"]),
        "TagOptions": [],
        "Budgets": [],
    }


def _update(call: Call) -> Members:
    portfolio = names.found(_portfolios, call.members["Id"], "Portfolio")
    for name in ("DisplayName", "Description", "ProviderName"):
        if name in call.members:
            portfolio[name] = call.members[name]
    tagging.change(portfolio["Id"], call.members)
    return {"PortfolioDetail": portfolio, "Tags": tagging.of(portfolio["Id"])}


def _delete(call: Call) -> Members:
    portfolio_id = call.members["Id"]
    names.found(_portfolios, portfolio_id, "Portfolio")
    if associations.products.get(portfolio_id) or associations.principals.get(portfolio_id):
        raise ServiceError(
            "ResourceInUseException", f"Portfolio {portfolio_id} still has products or principals associated."
        )
    _portfolios.pop(portfolio_id)
    tagging.forget(portfolio_id)
    return {}


def _list(call: Call) -> Members:
    return names.page(call.members, "PortfolioDetails", _portfolios.values())


def _associate_product(call: Call) -> Members:
    exists(call.members["PortfolioId"])
    products.exists(call.members["ProductId"])
    associations.products.setdefault(call.members["PortfolioId"], {})[call.members["ProductId"]] = now()
    return {}


def _disassociate_product(call: Call) -> Members:
    portfolio_id, product_id = call.members["PortfolioId"], call.members["ProductId"]
    if product_id not in associations.products.get(portfolio_id, {}):
        raise ServiceError("ResourceNotFoundException", f"Product {product_id} is not in portfolio {portfolio_id}.")
    associations.products[portfolio_id].pop(product_id)
    return {}


def _list_for_product(call: Call) -> Members:
    product_id = call.members["ProductId"]
    products.exists(product_id)
    records = [_portfolios[portfolio_id] for portfolio_id in associations.holding(product_id)]
    return names.page(call.members, "PortfolioDetails", records)


def _associate_principal(call: Call) -> Members:
    exists(call.members["PortfolioId"])
    principals = associations.principals.setdefault(call.members["PortfolioId"], {})
    principals[call.members["PrincipalARN"]] = call.members["PrincipalType"]
    return {}


def _disassociate_principal(call: Call) -> Members:
    portfolio_id, arn = call.members["PortfolioId"], call.members["PrincipalARN"]
    if arn not in associations.principals.get(portfolio_id, {}):
        raise ServiceError("ResourceNotFoundException", f"{arn} is not associated with portfolio {portfolio_id}.")
    associations.principals[portfolio_id].pop(arn)
    return {}


def _list_principals(call: Call) -> Members:
    exists(call.members["PortfolioId"])
    principals = associations.principals.get(call.members["PortfolioId"], {})
    records = [{"PrincipalARN": arn, "PrincipalType": kind} for arn, kind in principals.items()]
    return names.page(call.members, "Principals", records)


OPERATIONS = {
    "CreatePortfolio": _create,
    "DescribePortfolio": _describe,
    "UpdatePortfolio": _update,
    "DeletePortfolio": _delete,
    "ListPortfolios": _list,
    "AssociateProductWithPortfolio": _associate_product,
    "DisassociateProductFromPortfolio": _disassociate_product,
    "ListPortfoliosForProduct": _list_for_product,
    "AssociatePrincipalWithPortfolio": _associate_principal,
    "DisassociatePrincipalFromPortfolio": _disassociate_principal,
    "ListPrincipalsForPortfolio": _list_principals,
}
