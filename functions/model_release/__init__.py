"""Release one approved version of a project's model in this account: copy its artifact, and make its SageMaker model.

The account pulls: nothing that the account of the training, a repository's job or an approver does writes here. `project`
reads from the invoked alias which project calls, `registry` and `package` whether its version is approved, `artifacts`
copies what the approval froze, `records` keeps what was released, and `models` makes the model; `releaser` puts them in
order. Only the standard library and the boto3 of the Lambda runtime may be imported here, and nothing of the rest of the
platform.
"""
