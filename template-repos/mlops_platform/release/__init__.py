"""Release an approved model version: get its model, update the stack, recover from interrupted runs, roll back.

A deployment repository adds what differs: its Pulumi program, its settings, and how it deploys and tests.
"""


class DeploymentError(Exception):
    """A model version is not deployed, not tested or not live; the message says why."""
