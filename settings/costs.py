"""Settings of costs: a budget, and the estimate that every update shows."""

from typing import Annotated

from pydantic import AfterValidator

from settings.types import Number, Section, problem


def _positive(amount: int) -> int:
    if amount <= 0:
        raise problem("give whole US dollars, 1 at least; leave it out to have no budget")
    return amount


class Costs(Section):
    """The budget of the account, and the estimate of an idle month."""

    monthly_budget_usd: Annotated[Number, AfterValidator(_positive)] | None = None
    """Budget of the whole account, in US dollars a month. The recipients of alarms are notified when 50, 80 and 100 percent of
    it are spent, or are forecast to be. Not set: there is no budget."""
    estimate: bool = True
    """Whether each update shows the cost of an idle month, in which everything is deployed and nothing is used. The region must
    be one of the price list's."""
