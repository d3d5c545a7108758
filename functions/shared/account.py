"""The account and environment that a function belongs to."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OwnEnvironment:
    """The environment of a business unit, in one account."""

    account_id: str
    prefix: str
    """Beginning of the names of everything here, such as `analytics-prod`."""

    @property
    def unit(self) -> str:
        """Business unit."""
        return self.prefix.partition("-")[0]

    @property
    def environment(self) -> str:
        """Environment, such as `prod`."""
        return self.prefix.partition("-")[2]
