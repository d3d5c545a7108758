"""Everything that knows MiniStack: no other package reads or replaces a name of it.

MiniStack has no plugin interface, so the sandbox replaces some of its functions. `modules` imports its modules,
`contract` lists every name that is used here, and the other modules offer those names by service, with the parameters
that the sandbox's own packages understand. An upgrade of MiniStack is a matter of this folder.
"""
