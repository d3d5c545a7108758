"""Tests of the code of the Lambda functions."""
