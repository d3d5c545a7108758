"""Permissions: roles, Studio, launches, and GitHub."""
