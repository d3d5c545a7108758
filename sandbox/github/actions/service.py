"""The composition of Actions."""

from sandbox.github.actions.context import ActionsContext
from sandbox.github.actions.identity import Identities
from sandbox.github.actions.scheduler import Scheduler
from sandbox.github.actions.triggers import Triggers
from sandbox.github.actions.workflows import Workflows


class Actions:
    """The Actions of one GitHub: events trigger runs, and a scheduler executes their jobs."""

    def __init__(self, context: ActionsContext) -> None:
        self.workflows = Workflows(context.store)
        self.identities = Identities(context.store, context.issuer)
        self.scheduler = Scheduler(context, self.identities)
        self.triggers = Triggers(context.store, self.workflows, self.scheduler)
