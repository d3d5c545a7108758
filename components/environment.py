"""The environment that a component belongs to, and the physical names that follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass

ONBOARDING = "project-onboarding"
"""Purpose of the function that gives projects their roles in an account that they deploy to."""
LIFE_CYCLE = "model-life-cycle"
"""Purpose of the function that notes in the model registry which version production serves."""
JOB = "job"
"""Purpose of the role under which people's jobs run."""
LEAD_DATA_SCIENTIST = "lead-data-scientist"
"""Purpose of the role in Studio that approves models."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment of one business unit, in one account and region; every physical name follows from it."""

    unit: str
    name: str
    """Name of the environment in its unit, such as dev."""
    region: str
    account_id: str

    @property
    def prefix(self) -> str:
        """Beginning of every physical name."""
        return f"{self.unit}-{self.name}"

    @property
    def parameter_path(self) -> str:
        """Path in the Parameter Store of everything that the stack publishes for launched projects."""
        return f"/mlops/{self.unit}/{self.name}"

    @property
    def boundary_arn(self) -> str:
        """Permissions boundary, made by bootstrap, of every role that the platform or a launch creates."""
        return f"arn:aws:iam::{self.account_id}:policy/{self.prefix}-boundary"

    @property
    def onboarding_function_arn(self) -> str:
        """Function of an account that projects deploy to, which development's template cloner invokes."""
        return self.arn("lambda", f"function:{self.prefix}-{ONBOARDING}")

    @property
    def on_behalf_of_budgets(self) -> Mapping[str, Mapping[str, str]]:
        """Conditions under which AWS Budgets acts for a budget of this account; their ARNs name no region."""
        return {
            "StringEquals": {"aws:SourceAccount": self.account_id},
            "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{self.account_id}:*"},
        }

    def oidc_provider_arn(self, issuer: str) -> str:
        """Return the ARN of the account's identity provider, made or found by bootstrap, for `issuer` (host and path)."""
        return f"arn:aws:iam::{self.account_id}:oidc-provider/{issuer}"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region, or a pattern of several."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def role_name(self, purpose: str) -> str:
        """Return the name of the environment's role for `purpose`."""
        return f"{self.prefix}-{purpose}"

    def role_arn(self, purpose: str) -> str:
        """Return the ARN of the environment's role for `purpose`, or a pattern of several."""
        return f"arn:aws:iam::{self.account_id}:role/{self.role_name(purpose)}"

    def bucket_name(self, purpose: str) -> str:
        """Return the name of the bucket for `purpose`; account and region make it unique among all of AWS."""
        return f"{self.prefix}-{purpose}-{self.account_id}-{self.region}"

    def bucket_arn(self, purpose: str) -> str:
        """Return the ARN of the bucket for `purpose`, or a pattern of several."""
        return f"arn:aws:s3:::{self.bucket_name(purpose)}"
