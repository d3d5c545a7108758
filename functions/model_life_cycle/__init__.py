"""Note in the model registry which version of a project production serves."""
