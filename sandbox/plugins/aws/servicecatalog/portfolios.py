"""Portfolios, with their products, principals and constraints."""

from typing import ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, picked, tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.servicecatalog.products import NOT_FOUND
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName


class Portfolio(AwsResource):
    """A portfolio of products."""

    type_name = "aws:servicecatalog/portfolio:Portfolio"
    inputs = Inputs("providerName tags", computed="description name")
    outputs = ("arn", "createdTime")
    auto_name = AutoName(longest=100)
    gone = NOT_FOUND
    _names: ClassVar = {"name": "DisplayName", "providerName": "ProviderName", "description": "Description"}

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the portfolio."""
        answer = cloud.client("servicecatalog").create_portfolio(
            **given(wanted, self._names), Tags=tag_list(wanted["tagsAll"])
        )
        return answer["PortfolioDetail"]["Id"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the portfolio."""
        answer = cloud.client("servicecatalog").describe_portfolio(Id=identifier)
        portfolio = answer["PortfolioDetail"]
        return {
            **picked(portfolio, {**self._names, "arn": "ARN"}),
            "createdTime": portfolio["CreatedTime"].isoformat(),
            "tagsAll": tag_map(answer.get("Tags")),
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        cloud.client("servicecatalog").update_portfolio(Id=identifier, RemoveTags=removed, AddTags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the names and descriptions."""
        cloud.client("servicecatalog").update_portfolio(Id=identifier, **given(wanted, self._names))

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the portfolio once nothing is associated with it."""
        retry(
            lambda: cloud.client("servicecatalog").delete_portfolio(Id=identifier),
            codes=["ResourceInUseException"],
            seconds=60,
        )


class ProductPortfolioAssociation(AwsResource):
    """A product in a portfolio; its id is `LANGUAGE:PORTFOLIO:PRODUCT`."""

    type_name = "aws:servicecatalog/productPortfolioAssociation:ProductPortfolioAssociation"
    inputs = Inputs(replaces="portfolioId productId")
    outputs = ("acceptLanguage",)
    gone = NOT_FOUND

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Associate the product with the portfolio."""
        cloud.client("servicecatalog").associate_product_with_portfolio(
            ProductId=wanted["productId"], PortfolioId=wanted["portfolioId"]
        )
        return f"en:{wanted['portfolioId']}:{wanted['productId']}"

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Find the portfolio among those of the product."""
        _, portfolio, product = identifier.split(":")
        pages = cloud.client("servicecatalog").get_paginator("list_portfolios_for_product").paginate(ProductId=product)
        if any(one["Id"] == portfolio for page in pages for one in page["PortfolioDetails"]):
            return {"portfolioId": portfolio, "productId": product, "acceptLanguage": "en"}
        return None

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Disassociate the product from the portfolio."""
        cloud.client("servicecatalog").disassociate_product_from_portfolio(
            ProductId=state["productId"], PortfolioId=state["portfolioId"]
        )


class PrincipalPortfolioAssociation(AwsResource):
    """A principal that may launch from a portfolio; its id is `LANGUAGE,PRINCIPAL,PORTFOLIO,KIND`."""

    type_name = "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation"
    inputs = Inputs(replaces="portfolioId principalArn principalType", defaults={"principalType": "IAM"})
    outputs = ("acceptLanguage",)
    gone = NOT_FOUND

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Associate the principal with the portfolio; it may be too new for Service Catalog."""
        retry(
            lambda: cloud.client("servicecatalog").associate_principal_with_portfolio(
                PortfolioId=wanted["portfolioId"],
                PrincipalARN=wanted["principalArn"],
                PrincipalType=wanted["principalType"],
            ),
            codes=["InvalidParametersException"],
            message="profile does not exist",
        )
        return f"en,{wanted['principalArn']},{wanted['portfolioId']},{wanted['principalType']}"

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Find the principal among those of the portfolio."""
        _, principal, portfolio, kind = identifier.split(",")
        catalog = cloud.client("servicecatalog")
        pages = catalog.get_paginator("list_principals_for_portfolio").paginate(PortfolioId=portfolio)
        for page in pages:
            for one in page["Principals"]:
                if one["PrincipalARN"] == principal and one.get("PrincipalType", "IAM") == kind:
                    return {
                        "portfolioId": portfolio,
                        "principalArn": principal,
                        "principalType": kind,
                        "acceptLanguage": "en",
                    }
        return None

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Disassociate the principal from the portfolio."""
        cloud.client("servicecatalog").disassociate_principal_from_portfolio(
            PortfolioId=state["portfolioId"],
            PrincipalARN=state["principalArn"],
            PrincipalType=state.get("principalType", "IAM"),
        )


class Constraint(AwsResource):
    """A constraint on launches of a product from a portfolio."""

    type_name = "aws:servicecatalog/constraint:Constraint"
    inputs = Inputs(replaces="portfolioId productId type", computed="description", policies="parameters")
    outputs = ("owner", "status")
    gone = NOT_FOUND

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the constraint; its role may be too new for Service Catalog."""
        names = {
            "portfolioId": "PortfolioId",
            "productId": "ProductId",
            "type": "Type",
            "parameters": "Parameters",
            "description": "Description",
        }
        answer = retry(
            lambda: cloud.client("servicecatalog").create_constraint(**given(wanted, names)),
            codes=["InvalidParametersException"],
            message="Access denied while assuming the role",
        )
        return answer["ConstraintDetail"]["ConstraintId"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the constraint."""
        answer = cloud.client("servicecatalog").describe_constraint(Id=identifier)
        names = {
            "portfolioId": "PortfolioId",
            "productId": "ProductId",
            "type": "Type",
            "description": "Description",
            "owner": "Owner",
        }
        return {
            **picked(answer["ConstraintDetail"], names),
            "parameters": answer["ConstraintParameters"],
            "status": answer["Status"],
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update parameters and description."""
        cloud.client("servicecatalog").update_constraint(
            Id=identifier, **given(wanted, {"description": "Description", "parameters": "Parameters"})
        )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the constraint."""
        cloud.client("servicecatalog").delete_constraint(Id=identifier)


TYPES = (
    Portfolio(),
    ProductPortfolioAssociation(),
    PrincipalPortfolioAssociation(),
    Constraint(),
)
