"""The resource types of `pulumi_aws` that the program uses, over botocore.

Each AWS service is a module or a package. `cloud.py` holds the clients, `resource.py` the base of all types, and
`provider.py` the table of types. A type belongs here only if the program declares it.
"""
