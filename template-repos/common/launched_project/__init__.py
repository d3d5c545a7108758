"""What every launched repository needs: its project.toml, its settings.toml, AWS, and the summary of a workflow run.

Nothing but `aws` needs more than the standard library.
"""
