"""One pipeline in several accounts: its versions, the alias of the one that runs, its schedule, and what a change would change."""


class PromotionError(Exception):
    """A pipeline can't be promoted or rolled back; the message says why, and what to do."""
