"""Settings of the template cloner, which the component passes as environment variables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.launch import ReviewRules
from functions.template_cloner.resources import DeploymentRoles


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The platform and the organization that the function works for."""

    organization: str
    api_url: str
    server_url: str
    credential_secret_arn: str
    immutable_subjects: bool
    """Tokens of GitHub Actions name the organization and repository by id too."""
    records_path: str
    unit: str
    onboarding_function_arns: Mapping[str, str]
    """Function that gives projects their roles in an account that they deploy to, by environment."""
    review_rules: ReviewRules

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the function's environment variables.

        Raises:
            LaunchError: variables are missing or have no meaning; the message names all of them.
        """
        names = (
            "GITHUB_ORGANIZATION",
            "GITHUB_API_URL",
            "GITHUB_SERVER_URL",
            "GITHUB_CREDENTIAL_SECRET_ARN",
            "OIDC_SUBJECTS",
            "LAUNCH_RECORDS_PATH",
            "UNIT",
            "ONBOARDING_FUNCTION_ARNS",
            "REVIEW_RULES",
        )
        wrong = [name for name in names if not environment.get(name)]
        if environment.get("OIDC_SUBJECTS", "immutable") not in ("immutable", "legacy", ""):
            wrong.append("OIDC_SUBJECTS (immutable or legacy)")
        if wrong:
            raise LaunchError(f"the template cloner is not configured: {', '.join(wrong)}; deploy the platform again")
        rules = json.loads(environment["REVIEW_RULES"])
        return cls(
            organization=environment["GITHUB_ORGANIZATION"],
            api_url=environment["GITHUB_API_URL"].rstrip("/"),
            server_url=environment["GITHUB_SERVER_URL"].rstrip("/"),
            credential_secret_arn=environment["GITHUB_CREDENTIAL_SECRET_ARN"],
            immutable_subjects=environment["OIDC_SUBJECTS"] == "immutable",
            records_path=environment["LAUNCH_RECORDS_PATH"].rstrip("/"),
            unit=environment["UNIT"],
            onboarding_function_arns=json.loads(environment["ONBOARDING_FUNCTION_ARNS"]),
            review_rules=ReviewRules(required_approvals=rules["required_approvals"], leads=tuple(rules["leads"])),
        )

    def onboarding_function_arn(self, roles: DeploymentRoles) -> str:
        """Return the function that gives a project these roles.

        Raises:
            LaunchError: projects of this platform do not deploy to that account.
        """
        arn = self.onboarding_function_arns.get(roles.environment, "")
        if f":{roles.account_id}:function:" not in arn:
            raise LaunchError(
                f"projects of {roles.unit} do not deploy to account {roles.account_id} as {roles.environment}: set the "
                "account in the platform's settings and deploy the platform again; nothing was changed"
            )
        return arn

    def releasing_function_arn(self, environment: str) -> str:
        """Return the function that says who releases into the account of an environment.

        Raises:
            LaunchError: projects of this platform do not deploy to that environment.
        """
        arn = self.onboarding_function_arns.get(environment)
        if arn is None:
            raise LaunchError(f"projects of {self.unit} do not deploy to {environment}; nothing was created")
        return arn
