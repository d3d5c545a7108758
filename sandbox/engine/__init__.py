"""Finds the Pulumi engine, or builds it where it cannot be downloaded.

The package contains the pinned modules of the command line (`go.mod`, `go.sum`), the search for an engine
(`provide.py`) and a Python language host for an engine that is built from source. It contains neither the program that the engine runs
nor the plugins that the engine starts.
"""
