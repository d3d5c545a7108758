"""Answers CloudFormation's requests for a project's repositories, and for its roles where it deploys to.

`event` reads a request. `launch` carries out what concerns a repository, over `github` and `aws`; `deployment_roles`
what concerns roles, over `workload_account`; `answer` tells CloudFormation. Only the standard library and the boto3 of
the Lambda runtime may be imported here, and nothing of the rest of the platform.
"""
