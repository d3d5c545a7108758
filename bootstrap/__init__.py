"""Prepare an AWS account for the platform: `python -m bootstrap`.

This package holds what must exist before Pulumi can run, and nothing that Pulumi creates: `bootstrap.yaml` (a
CloudFormation template that can also be used alone or as a stack set), the command that applies it, and the commands
that diagnose an environment (`doctor/`) and repair Pulumi's state after an update was killed (`recovery/`). It needs only the
standard library, boto3 and PyYAML, and reaches AWS and GitHub with the endpoints and credentials of its environment.
"""
