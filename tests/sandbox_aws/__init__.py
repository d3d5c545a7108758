"""Tests of the local AWS: it answers, and refuses, as AWS's documentation says."""
