"""The resource types of `pulumi_github` that the program uses, over GitHub's REST API.

`client.py` sends the requests, and `resources.py` is the table of types. A type belongs here only if the
program declares it.
"""
