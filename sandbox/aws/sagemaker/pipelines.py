"""x."""
OPERATIONS = {}
