"""Calls that must be refused, made with the real credentials of each role and user."""
