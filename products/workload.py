"""The templates of what a project gets in an account that it deploys to: roles, one for each way to deploy, or a pipeline of its own."""

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
    batch_instance_types: Sequence[str],
    retraining_function_arn: str,
    organization_id: int | None,
    branch: str,
) -> Template:
    """Return the template for a way to deploy, as an account publishes it.

    Args:
        inference: one of `INFERENCES`.
        region: the account's region.
        values: those of the platform, by their placeholders.
        endpoint_instance_types: types of instances that endpoints may run on.
        batch_instance_types: types of instances that jobs of projects may run on.
        retraining_function_arn: development's function that alarms about drift and quality invoke.
        organization_id: id of the organization whose repositories deploy, where AWS reads it in their tokens; None for
            tokens of which it reads only subject and audience.
        branch: the only branch whose jobs deploy, where AWS reads it in their tokens.

    Raises:
        ValueError: the values are not exactly those that the template names, or SageMaker has no images in the region.
    """
    known = {**values, "region": region, "images_account_id": sagemaker_images.account_of(region)}
    parts = [Part(name="project-roles"), _container("Model")]
    if inference == "batch":
        parts += [_scheduled("batch", job="Model"), Part(name="project-roles-batch")]
    else:
        retraining = {"retraining_function_arn": retraining_function_arn}
        parts += [Part(name="project-roles-realtime", values=retraining), _container("WatchJob")]
        parts.append(_scheduled("watch", job="WatchJob"))
        parts += [
            Part(name="project-roles-instance-type", values={"instance_type": each}) for each in endpoint_instance_types
        ]
    purpose = "Batch" if inference == "batch" else "Watch"
    parts += [
        Part(name="project-roles-job-instance-type", values={"Purpose": purpose, "instance_type": each})
        for each in batch_instance_types
    ]
    if organization_id is not None:
        claims = {"organization_id": str(organization_id), "branch": branch}
        parts.append(Part(name="project-roles-claims", values=claims))
    return Template(key=f"project-roles-{inference}", text=compose(parts, known))


def _container(role: str) -> Part:
    """Return what a container that runs under a role needs."""
    return Part(name="project-roles-container", values={"Container": role})


def _scheduled(purpose: str, *, job: str) -> Part:
    """Return what a pipeline that a schedule starts needs, whose jobs run under the role of `job`."""
    values = {"Purpose": purpose.capitalize(), "purpose": purpose, "Job": job}
    return Part(name="project-roles-scheduled", values=values)


def promoted_pipeline(
    region: str,
    values: Mapping[str, str],
    *,
    environment: str,
    subject: str,
    batch_instance_types: Sequence[str],
    organization_id: int | None,
    branch: str,
) -> Template:
    """Return the template of a promoted pipeline as an account publishes it.

    Args:
        region: the account's region.
        values: those of the platform, by their placeholders.
        environment: the environment that the account is.
        subject: beginning of the subjects of the repository's jobs, with its name and number as parameters.
        batch_instance_types: as for `project_roles`.
        organization_id: as for `project_roles`.
        branch: as for `project_roles`.

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
        *(Part(name="pipeline-instance-type", values={"instance_type": each}) for each in batch_instance_types),
    ]
    if organization_id is not None:
        organization = {"organization_id": str(organization_id)}
        parts += [
            Part(name="project-roles-claims", values={**organization, "branch": branch}),
            Part(name="promoted-pipeline-claims", values=organization),
        ]
    return Template(key="promoted-pipeline", text=compose(parts, known))
