"""SageMaker's own images that the jobs and the endpoint run in.

The versions of the libraries in these images are those of the group `local` in pyproject.toml.
"""

XGBOOST = "sagemaker-xgboost:3.2-0"
"""xgboost 3.2; trains, evaluates and serves."""

SCIKIT_LEARN = "sagemaker-scikit-learn:1.9-0-cpu-py3"
"""scikit-learn 1.9 and pandas; preprocesses."""

DNS_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
}
"""By the beginning of a region's name; elsewhere it is amazonaws.com."""


def uri(image: str, account_id: str, region: str) -> str:
    """Return the URI of an image in the registry of the account that owns SageMaker's images in a region."""
    suffix = next((s for beginning, s in DNS_SUFFIXES.items() if region.startswith(beginning)), "amazonaws.com")
    return f"{account_id}.dkr.ecr.{region}.{suffix}/{image}"
