"""The resource types of `pulumi_aws` that the program uses, over botocore.

One module per AWS service; `cloud.py` holds clients and what every AWS resource shares; `provider.py` is the table of
all types. A type belongs here only if the program declares it.
"""
