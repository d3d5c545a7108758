"""Settings of an environment in which models are deployed."""

from dataclasses import replace

from components.environment import Environment
from settings.types import AccountId, EnvironmentName, Section


class Workload(Section):
    """An environment in which models are deployed."""

    development_account_id: AccountId
    """Id of the account in which the models are trained."""
    development_environment: EnvironmentName = "dev"
    """Name of the unit's environment in that account."""

    def development(self, environment: Environment) -> Environment:
        """Return the environment of the unit in which the models were trained that `environment` deploys."""
        return replace(environment, name=self.development_environment, account_id=self.development_account_id)
