"""The template of a project's two roles in an account that its models are deployed to."""

from collections.abc import Mapping

from products import sagemaker_images
from products.compose import compose
from products.part import Part
from products.template import Template


def project_roles(region: str, values: Mapping[str, str]) -> Template:
    """Return the template as an account publishes it; `values` are those of the platform, by their placeholders.

    Raises:
        ValueError: the values are not exactly those that the template names, or SageMaker has no images in the region.
    """
    known = {**values, "region": region, "images_account_id": sagemaker_images.account_of(region)}
    return Template(key="project-roles", text=compose([Part(name="project-roles")], known))
