"""The Pulumi program: its settings, its components, its stacks."""
