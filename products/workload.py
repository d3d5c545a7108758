"""The templates of what a project gets in an account that it deploys to: roles, or a pipeline of its own."""

from collections.abc import Mapping

from products import sagemaker_images
from products.compose import compose
from products.part import Part
from products.template import Template


def project_roles(region: str, values: Mapping[str, str], *, organization_id: int | None) -> Template:
    """Return the template as an account publishes it.

    Args:
        region: the account's region.
        values: those of the platform, by their placeholders.
        organization_id: id of the organization whose repositories deploy, where AWS reads it in their tokens; None for
            tokens of which it reads only subject and audience.

    Raises:
        ValueError: the values are not exactly those that the template names, or SageMaker has no images in the region.
    """
    known = {**values, "region": region, "images_account_id": sagemaker_images.account_of(region)}
    parts = [Part(name="project-roles")]
    if organization_id is not None:
        parts.append(Part(name="project-roles-claims", values={"organization_id": str(organization_id)}))
    return Template(key="project-roles", text=compose(parts, known))


def promoted_pipeline(
    region: str, values: Mapping[str, str], *, environment: str, subject: str, organization_id: int | None
) -> Template:
    """Return the template of a promoted pipeline as an account publishes it.

    Args:
        region: the account's region.
        values: those of the platform, by their placeholders.
        environment: the environment that the account is.
        subject: beginning of the subjects of the repository's jobs, with its name and number as parameters.
        organization_id: as for `project_roles`.

    Raises:
        ValueError: the values are not exactly those that the template names, or SageMaker has no images in the region.
    """
    known = {
        **values,
        "description": "A pipeline that is promoted to this account, its bucket, its group of models, its roles and its schedule.",
        "images_account_id": sagemaker_images.account_of(region),
        "region": region,
    }
    publisher = {"Publisher": "Deployment", "publisher": "deployment"}
    parts = [
        Part(name="project"),
        Part(name="promoted-pipeline", values={**publisher, "environment": environment, "subject": subject}),
        Part(name="code-and-data", values=publisher),
        Part(name="promoted-pipeline-account"),
    ]
    if organization_id is not None:
        claims = {"organization_id": str(organization_id)}
        parts += [Part(name=name, values=claims) for name in ("project-roles-claims", "promoted-pipeline-claims")]
    return Template(key="promoted-pipeline", text=compose(parts, known))
