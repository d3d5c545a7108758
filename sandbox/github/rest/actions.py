"""Workflows and runs."""
