"""What EventBridge sends, and what the function's environment says about the platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from functions.shared.github_api.errors import ExplainedError
from functions.shared.github_api.values import nested, text


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The platform as the function's environment describes it."""

    github_api_url: str
    credential_secret_arn: str
    parameter_path: str
    """Where projects are registered, such as `/mlops/analytics/dev`."""
    prefix: str
    """Begins the names of projects' buckets, such as `analytics-dev`."""
    account_id: str
    region: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the function's environment variables.

        Raises:
            ExplainedError: variables are missing; the message names all of them.
        """
        names = {
            "github_api_url": "GITHUB_API_URL",
            "credential_secret_arn": "GITHUB_CREDENTIAL_SECRET_ARN",
            "parameter_path": "PARAMETER_PATH",
            "prefix": "PLATFORM_PREFIX",
            "account_id": "ACCOUNT_ID",
            "region": "AWS_REGION",
        }
        missing = [name for name in names.values() if not environment.get(name)]
        if missing:
            raise ExplainedError(
                f"the deployment trigger is not configured: {', '.join(missing)}; deploy the platform again"
            )
        return cls(**{field: environment[name].rstrip("/") for field, name in names.items()})


@dataclass(frozen=True, kw_only=True)
class Notice:
    """SageMaker says that a model package changed."""

    package_arn: str
    changed: Sequence[str] | None
    """Fields that were changed; None when the event does not say."""

    @property
    def is_approval(self) -> bool:
        """Whether the change may be the approval, and is not one of a package that had been approved before."""
        return self.changed is None or "ModelApprovalStatus" in self.changed


def read(event: Mapping[str, object]) -> Notice | None:
    """What the event says; None when it asks for the sweep."""
    if event.get("sweep") is True:
        return None
    detail = nested(event.get("detail"))
    changed = detail.get("UpdatedModelPackageFields")
    return Notice(
        package_arn=text(detail, "ModelPackageArn"),
        changed=[str(name) for name in cast("list[object]", changed)] if isinstance(changed, list) else None,
    )
