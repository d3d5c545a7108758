"""Options of resources that hold data, or secure what does."""

import pulumi


def retained(parent: pulumi.Resource, *, keep: bool) -> pulumi.ResourceOptions:
    """Return the options of a child of `parent` that, if `keep`, outlives the stack and cannot be deleted by mistake."""
    return pulumi.ResourceOptions(parent=parent, protect=keep, retain_on_delete=keep)
