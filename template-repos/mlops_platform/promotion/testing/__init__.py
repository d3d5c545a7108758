"""Fakes for the tests of a promoted pipeline."""
