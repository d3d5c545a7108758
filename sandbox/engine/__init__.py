"""Finds the Pulumi engine, or builds it where it cannot be downloaded.

Here live the pinned modules of the command line (`go.mod`, `go.sum`), the order in which an engine is looked for
(`provide.py`) and a Python language host for an engine that was built from source. The program that the engine runs,
and the plugins that it starts, live elsewhere.
"""
