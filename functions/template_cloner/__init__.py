"""Answer CloudFormation's requests for a project's repositories, and for its roles in the accounts that it deploys to.

`handler` and `service` answer, `request` and `properties` parse, and `routing` finds the code to run: `launcher` creates,
updates and removes repositories over `github`, `first_run` starts workflows, `roles_provisioner` provisions roles over
`onboarding`, and `deletion_guard` keeps what serves. Only the standard library and the boto3 of the Lambda runtime may be imported here, and nothing of the
rest of the platform.
"""
