"""The components of the platform: one Pulumi component per concept, and Pulumi only.

A component declares resources and nothing else: it reads no configuration and calls neither AWS nor GitHub. Everything it
knows about its environment is in its arguments, above all its `Environment`. A component offers values that projects
read as `parameters`. `__main__.py` composes them. The code of Lambda functions is in `functions/`, the
CloudFormation of projects in `products/`.
"""
