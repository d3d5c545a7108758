"""The model registry.

Other accounts' groups and packages are reached by ARN, as far as the group's resource policy lets the caller.
"""
