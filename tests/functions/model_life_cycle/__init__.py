"""The function that notes in the model registry what production serves."""
