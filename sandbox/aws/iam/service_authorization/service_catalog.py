"""Service Catalog: products, portfolios, and the owners of provisioned products."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import evaluator
from sandbox.aws.service_catalog import names, ownership

PRODUCT_MEMBERS: Mapping[str, str] = {
    "CreateConstraint": "ProductId",
    "CreateProduct": "",
    "CreateProvisioningArtifact": "ProductId",
    "DeleteProduct": "Id",
    "DeleteProvisioningArtifact": "ProductId",
    "DescribeProduct": "Id",
    "DescribeProductAsAdmin": "Id",
    "DescribeProvisioningArtifact": "ProductId",
    "DescribeProvisioningParameters": "ProductId",
    "ListLaunchPaths": "ProductId",
    "ListPortfoliosForProduct": "ProductId",
    "ListProvisioningArtifacts": "ProductId",
    "ProvisionProduct": "ProductId",
    "UpdateProduct": "Id",
    "UpdateProvisioningArtifact": "ProductId",
}
"""Operations on a product, and the member that names it."""

PORTFOLIO_MEMBERS: Mapping[str, str] = {
    "AssociatePrincipalWithPortfolio": "PortfolioId",
    "CreatePortfolio": "",
    "DeletePortfolio": "Id",
    "DescribePortfolio": "Id",
    "DisassociatePrincipalFromPortfolio": "PortfolioId",
    "ListConstraintsForPortfolio": "PortfolioId",
    "ListPrincipalsForPortfolio": "PortfolioId",
    "UpdatePortfolio": "Id",
}
"""Operations on a portfolio, and the member that names it."""


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resource of a request; `*` where the operation has none."""
    for kind, named_by in (("product", PRODUCT_MEMBERS), ("portfolio", PORTFOLIO_MEMBERS)):
        if operation in named_by:
            yield names.arn(kind, members.get(named_by[operation]) or "*")
            return
    yield "*"


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    del operation
    yield from ownership.context(evaluator.caller_arn(), members).items()
