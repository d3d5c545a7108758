"""Settings of alarms."""

from typing import Annotated

from pydantic import AfterValidator, Field

from settings.types import Email, Section, without_repeats


class Alarms(Section):
    """Recipients of alarms."""

    emails: Annotated[list[Email], AfterValidator(without_repeats)] = Field(default_factory=list[str])
    """Addresses that alarms are sent to. AWS sends each a mail first, by which its owner confirms."""
