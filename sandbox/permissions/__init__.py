"""The check of permissions: whatever a role is granted was used in the sandbox, or a reviewed reason says why it is granted."""
