"""Fakes for the tests of repositories with a scheduled pipeline."""
