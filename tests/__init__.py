"""Tests: helpers of all of them here, and a folder for each part of the project."""
