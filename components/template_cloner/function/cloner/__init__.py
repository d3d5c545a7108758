"""Answers CloudFormation's requests for a project's repository.

`event` reads a request and `launch` carries it out over `github` and `aws`; `answer` tells CloudFormation. Only the
standard library and the boto3 of the Lambda runtime may be imported here, and nothing of the rest of the platform.
"""
