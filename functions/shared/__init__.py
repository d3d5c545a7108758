"""Clients of AWS and GitHub that the Lambda functions share."""
