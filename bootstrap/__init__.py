"""Prepares an AWS account for the platform: `python -m bootstrap`.

What must exist before Pulumi can run lives here, and nothing that Pulumi creates: `bootstrap.yaml` (CloudFormation,
usable by itself or as a stack set), the command that applies it and explains the next step, and what repairs Pulumi's
state when an update was killed. Standard library and boto3 only; it reaches AWS and GitHub through the endpoints and
credentials that the environment gives.
"""
