"""A local AWS with three accounts: MiniStack, plus what it lacks for this platform.

Here lives what AWS itself does: SageMaker, Service Catalog, the CloudFormation types and the IAM rules that MiniStack
leaves out. Whatever is not known here is refused with an error that names it. Nothing here may know the platform.

One module, `emulator`, takes MiniStack's names, private ones included; a contract test pins every one of them.
"""
