"""What the platform is made of: one Pulumi component per concept.

A component declares resources and nothing else: it reads no configuration, calls neither AWS nor GitHub, and does not
know in which environment it stands. `__main__.py` composes them; the code of Lambda functions and the CloudFormation
of the project templates lie beside the component that deploys them.
"""
