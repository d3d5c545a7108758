"""Serving as SageMaker's own images do it: AWS's toolkit, started over a folder instead of in Docker."""
