"""Service Catalog: portfolios, products, constraints, and what is provisioned from them."""
