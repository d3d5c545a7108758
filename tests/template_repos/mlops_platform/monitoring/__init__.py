"""Tests of the statistics that watch a model."""
