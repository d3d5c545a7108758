"""Repair Pulumi's state after an update was killed, so that the stack can be updated again.

An update that is interrupted by ^C or SIGTERM ends cleanly. One that is killed leaves its lock (`state_lock`) and pending
creates (`interrupted`): resources that may or may not exist, whose identifiers nobody saved. `identify` finds those in AWS and
GitHub, which are only read; `recover` changes the state through the engine.
"""
