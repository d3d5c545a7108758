"""Hosting: models, endpoint configurations, endpoints and their deployments, and invocations."""
