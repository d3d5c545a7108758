"""CloudFormation: the principal that a stack acts as, templates, and the resource types that MiniStack lacks."""
