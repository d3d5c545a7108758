"""Reasons why a resource cannot be identified."""


class UnknownTypeError(Exception):
    """There is no rule to find a resource of this type."""


class StillBeingMadeError(Exception):
    """AWS has not finished creating the resource."""
