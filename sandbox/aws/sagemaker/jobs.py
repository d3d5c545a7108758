"""x."""

OPERATIONS = {}
