"""The catalog of project templates: AWS Service Catalog."""
