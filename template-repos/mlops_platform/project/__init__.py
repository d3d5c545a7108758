"""Read project.toml and settings.toml, reach AWS, and write the summary of a workflow run.

Only `aws` and `instance_types` need more than the standard library.
"""
