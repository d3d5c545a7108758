"""The local AWS is at hand."""

from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer, prod

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer", "prod"]
