"""The folders of the archive that Lambda unpacks are put on Python's path, as it does; and the local AWS is at hand."""

import sys
from pathlib import Path

from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer, prod

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer", "prod"]

COMPONENTS = Path(__file__).parents[2] / "components"
sys.path[:0] = [str(COMPONENTS / "template_cloner" / "function"), str(COMPONENTS / "function" / "shared")]
