"""The regions in which the platform works."""

from bootstrap.errors import BootstrapError
from products import sagemaker_images


def require(region: str) -> None:
    """Make sure that the platform works in the region.

    Raises:
        BootstrapError: it is of another partition than `aws`, or SageMaker lacks the images that projects train with there.
    """
    if region not in sagemaker_images.ACCOUNTS:
        raise BootstrapError(
            f"The platform does not work in {region}: choose an AWS region that has SageMaker's images for XGBoost and "
            f"scikit-learn:\n  {', '.join(sagemaker_images.ACCOUNTS)}"
        )
