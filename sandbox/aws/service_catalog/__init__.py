"""Service Catalog: portfolios, products, constraints, and what is provisioned from them."""

from sandbox.aws.service import JsonService
from sandbox.aws.service_catalog import constraints, portfolios, products, provisioning, tag_options

SERVICE = JsonService(
    name="servicecatalog",
    target_prefix="AWS242ServiceCatalogService",
    operations={
        **constraints.OPERATIONS,
        **portfolios.OPERATIONS,
        **products.OPERATIONS,
        **provisioning.OPERATIONS,
        **tag_options.OPERATIONS,
    },
)
