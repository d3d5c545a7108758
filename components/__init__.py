"""What the platform is made of: one Pulumi component per concept.

A component declares resources and nothing else: it reads no configuration, calls neither AWS nor GitHub, and knows of
its environment only what its arguments say, most of all its `Environment`. What projects need to know of a component it offers
as `parameters`. `__main__.py` composes them; the code of Lambda functions is in `functions/`, the CloudFormation of the
project templates in `products/`.
"""
