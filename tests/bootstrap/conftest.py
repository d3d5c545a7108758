"""The local AWS of the sandbox's own tests, for what a template in memory cannot show."""

from tests.sandbox_aws.conftest import certificate_files, endpoint_url, issuer

__all__ = ["certificate_files", "endpoint_url", "issuer"]
