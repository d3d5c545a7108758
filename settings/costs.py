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
    """US dollars a month that the whole account may cost; at 50, 80 and 100 percent of it, spent or forecast, the topic of
    alarms is notified. There is no budget without it."""
    estimate: bool = True
    """Whether an update shows the cost of an idle month; needs a region that the price list covers."""
