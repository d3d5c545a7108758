"""A local AWS with three accounts: MiniStack, plus what it lacks for this platform.

Each package or module is named after the AWS service that it emulates or completes: SageMaker and Service Catalog, the
CloudFormation types and the IAM rules that MiniStack leaves out. Anything unknown is refused with an error that names
it. Nothing here may know the platform, and nothing but `ministack` knows MiniStack.
"""
