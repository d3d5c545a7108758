"""Fixtures of the local AWS, for tests that need policies to be enforced."""

from tests.sandbox_aws.conftest import certificate_files, endpoint_url, issuer

__all__ = ["certificate_files", "endpoint_url", "issuer"]
