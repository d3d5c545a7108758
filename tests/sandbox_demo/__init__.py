"""Tests of the demo's steps, page and drawings, and of the sandbox's servers."""
