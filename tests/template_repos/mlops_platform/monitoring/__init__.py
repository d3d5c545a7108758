"""Tests of the statistics that watching is made of."""
