"""The operations of Service Catalog."""

from sandbox.aws.service import JsonService
from sandbox.aws.service_catalog import constraints, portfolios, products, provisioned_products, tag_options

SERVICE = JsonService(
    name="servicecatalog",
    target_prefix="AWS242ServiceCatalogService",
    operations={
        **constraints.OPERATIONS,
        **portfolios.OPERATIONS,
        **products.OPERATIONS,
        **provisioned_products.OPERATIONS,
        **tag_options.OPERATIONS,
    },
)
