"""The templates of a project's roles in an account that its models are deployed to: one for each way to deploy."""

from collections.abc import Mapping, Sequence

from products import sagemaker_images
from products.compose import compose
from products.part import Part
from products.template import Template

INFERENCES = ("batch", "realtime")
"""Ways to deploy, as the names of deployment repositories end."""


def project_roles(
    inference: str,
    region: str,
    values: Mapping[str, str],
    *,
    endpoint_instance_types: Sequence[str],
    organization_id: int | None,
    branch: str,
) -> Template:
    """Return the template for a way to deploy, as an account publishes it.

    Args:
        inference: one of `INFERENCES`.
        region: the account's region.
        values: those of the platform, by their placeholders.
        endpoint_instance_types: types of instances that endpoints may run on.
        organization_id: id of the organization whose repositories deploy, where AWS reads it in their tokens; None for
            tokens of which it reads only subject and audience.
        branch: the only branch whose jobs deploy, where AWS reads it in their tokens.

    Raises:
        ValueError: the values are not exactly those that the template names, or SageMaker has no images in the region.
    """
    known = {**values, "region": region, "images_account_id": sagemaker_images.account_of(region)}
    parts = [Part(name="project-roles"), Part(name=f"project-roles-{inference}")]
    if inference == "realtime":
        parts += [
            Part(name="project-roles-instance-type", values={"instance_type": each}) for each in endpoint_instance_types
        ]
    if organization_id is not None:
        claims = {"organization_id": str(organization_id), "branch": branch}
        parts.append(Part(name="project-roles-claims", values=claims))
    return Template(key=f"project-roles-{inference}", text=compose(parts, known))
