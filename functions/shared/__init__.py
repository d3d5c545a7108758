"""Clients of AWS and GitHub that every function uses."""
