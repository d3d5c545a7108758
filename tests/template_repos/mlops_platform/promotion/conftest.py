"""The local AWS, for the tests that promote a pipeline there."""

from tests.sandbox_aws.conftest import certificate_files, endpoint_url, issuer, prod

__all__ = ["certificate_files", "endpoint_url", "issuer", "prod"]
