"""Settings of an environment in which models are deployed."""

from dataclasses import replace

from components.environment import Environment
from settings.types import AccountId, EnvironmentName, Section


class Workload(Section):
    """Models that are deployed here."""

    development_account_id: AccountId
    """Account in which they were trained."""
    development_environment: EnvironmentName = "dev"
    """Environment of the unit there."""

    def development(self, environment: Environment) -> Environment:
        """Return the environment of the unit in which the models were trained that `environment` deploys."""
        return replace(environment, name=self.development_environment, account_id=self.development_account_id)
