"""GitHub for the platform's Lambda functions: requests that are repeated, limited and ended in time, and who asks.

Each function adds its own operations to `client.Client`. Only the standard library and the boto3 of the Lambda runtime
may be imported here, and nothing of the rest of the platform.
"""
