"""Tests of `costs/`."""
