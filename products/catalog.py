"""The products of the catalog: the project templates that lead data scientists launch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from products import sagemaker_images
from products.compose import compose
from products.part import Part
from products.template import Template

FIRST_VERSION = Path(__file__).parent / "first-version.yaml"
ACCOUNTS = ("deployment-account", "promotion-account")
"""Names of the parts that a product has once for each environment that it deploys to."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The environment that publishes the templates, as far as they name it."""

    unit: str
    environment: str
    account_id: str
    region: str
    parameter_path: str
    """Path of its parameters in the Parameter Store."""
    boundary_arn: str
    """Permissions boundary of every role that a launch creates."""
    oidc_issuer: str
    """Host and path of the issuer of the repositories' tokens, without the scheme."""
    oidc_provider_arn: str
    deployment_trigger_role_arn: str
    deployment_accounts: Mapping[str, str]
    """Accounts that projects deploy to, by environment."""
    job_instance_types: Sequence[str]
    """Types of instances that the jobs of projects' pipelines may run on."""
    mlflow: bool
    """Whether the account has an MLflow app, in which projects record their training runs."""

    @property
    def prefix(self) -> str:
        """Beginning of every physical name."""
        return f"{self.unit}-{self.environment}"


@dataclass(frozen=True, kw_only=True)
class Product:
    """A project template: a title, a description, and the parts that it is made of."""

    key: str
    title: str
    description: str
    parts: Sequence[Part]

    @property
    def deploys_to(self) -> tuple[str, ...]:
        """Environments whose accounts it needs."""
        return tuple(part.values["target"] for part in self.parts if part.name in ACCOUNTS)

    def template(self, platform: Platform) -> Template:
        """Return the template as `platform` publishes it.

        Raises:
            ValueError: a part is not given exactly the values that it names, or SageMaker has no images in the region.
        """
        values = {
            "account_id": platform.account_id,
            "boundary_arn": platform.boundary_arn,
            "deployment_trigger_role_arn": platform.deployment_trigger_role_arn,
            "description": f"{self.title}. {self.description}.",
            "images_account_id": sagemaker_images.account_of(platform.region),
            "oidc_issuer": platform.oidc_issuer,
            "oidc_provider_arn": platform.oidc_provider_arn,
            "parameter_path": platform.parameter_path,
            "prefix": platform.prefix,
            "region": platform.region,
        }
        parts = [Part(name=part.name, values={**part.values, **_values(part, platform)}) for part in self.parts]
        allowed = [
            Part(name="pipeline-instance-type", values={"instance_type": each}) for each in platform.job_instance_types
        ]
        records = platform.mlflow and any(part.name == "training-repository" for part in self.parts)
        recording = [Part(name="mlflow")] if records else []
        return Template(key=self.key, text=compose([*parts, *allowed, *recording], values))


def _values(part: Part, platform: Platform) -> Mapping[str, str]:
    """Return the values of the platform that only this part names."""
    if part.name == "deployment-repository":
        return {"unit": platform.unit}
    if part.name in ACCOUNTS:
        target = part.values["target"]
        return {
            "target_account_id": platform.deployment_accounts[target],
            "target_parameter_path": f"/mlops/{platform.unit}/{target}",
            "target_prefix": f"{platform.unit}-{target}",
        }
    return {}


_PROJECT = (Part(name="project"), Part(name="launch"))
_PUBLISHER = {"Publisher": "Workflow", "publisher": "workflow"}
_TRAINING = (
    *_PROJECT,
    Part(name="training-repository"),
    Part(name="code-and-data", values=_PUBLISHER),
    Part(name="pull-request-training"),
    Part(name="feature-store"),
)
_PREPROD = {"target": "preprod", "Target": "Preprod", "target_in_words": "preproduction"}
_PROD = {"target": "prod", "Target": "Prod", "target_in_words": "production"}

PRODUCTS = (
    Product(
        key="model-building-training",
        title="MLOps template for model building and training",
        description="A repository whose workflow trains a model and registers it for approval",
        parts=_TRAINING,
    ),
    Product(
        key="model-building-training-deployment",
        title="MLOps template for model building, training, and deployment",
        description="A repository that trains and registers models, and one that deploys those that are approved",
        parts=(
            *_TRAINING,
            Part(name="deletion-check"),
            Part(name="deployment-repository"),
            Part(name="deployment-account", values=_PREPROD),
            Part(name="deployment-account", values=_PROD),
            Part(name="production-release"),
        ),
    ),
    Product(
        key="pipeline-promotion",
        title="MLOps template for promotion of the whole pipeline",
        description="A repository whose pipeline trains in every account, on the account's own data, promoted version by version",
        parts=(
            *_PROJECT,
            Part(name="deletion-check"),
            Part(name="promotion-repository"),
            Part(
                name="promoted-pipeline",
                values={**_PUBLISHER, "environment": "dev", "subject": "${Repository.SubjectPrefix}"},
            ),
            Part(name="code-and-data", values=_PUBLISHER),
            Part(name="promotion-account", values=_PREPROD),
            Part(name="promotion-account", values=_PROD),
            Part(name="promotion-release"),
        ),
    ),
)


def first_version() -> Template:
    """Return the template that refuses to be launched.

    Its text stays as it is: Service Catalog can neither change nor withdraw a product's first version, so another text
    would replace every product.
    """
    return Template(key="first-version", text=FIRST_VERSION.read_text(encoding="utf-8"))
