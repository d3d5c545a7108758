"""SageMaker's own images that the jobs and the endpoint run in."""

from pathlib import Path

from mlops_platform.pipeline import image_environments

XGBOOST = "sagemaker-xgboost:3.2-0"
"""xgboost 3.2; trains, evaluates and serves."""

SCIKIT_LEARN = "sagemaker-scikit-learn:1.9-0-cpu-py3"
"""scikit-learn 1.9 and pandas; preprocesses."""

GROUPS = {XGBOOST: "xgboost-image", SCIKIT_LEARN: "scikit-learn-image"}
"""Dependency group in pyproject.toml that has an image's packages in the image's versions."""

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


def interpreter(image_uri: str) -> Path:
    """Return an interpreter of this machine with the packages of an image; they are installed first.

    Raises:
        ImageEnvironmentError: no group has that image's packages, or they can't be installed.
    """
    image = image_uri.rpartition("/")[2]
    if image not in GROUPS:
        raise image_environments.ImageEnvironmentError(
            f"no dependency group has the packages of {image}: add one to pyproject.toml and to GROUPS in pipeline/images.py"
        )
    return image_environments.interpreter(GROUPS[image])
