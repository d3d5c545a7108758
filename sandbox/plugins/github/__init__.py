"""The resource types of `pulumi_github` that the program uses, over GitHub's REST interface.

`client.py` reaches GitHub; the other modules are a table of resource types each. A type belongs here only if the
program declares it.
"""
