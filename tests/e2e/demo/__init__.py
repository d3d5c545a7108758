"""The demo, and what can happen to a project afterwards: one sandbox, one story in the order of the files."""
