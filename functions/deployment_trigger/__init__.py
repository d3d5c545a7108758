"""Makes one approval of a model package one run of `deploy.yml` in the project's deployment repository.

`notice` reads what EventBridge sends, `decision` says what follows from what is known, and `deployer` does it over
`aws` and `github`. Only the standard library and the boto3 of the Lambda runtime may be imported here, and nothing of
the rest of the platform.
"""
