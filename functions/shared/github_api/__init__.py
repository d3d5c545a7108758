"""GitHub's REST API for Lambda functions: a client with retries, rate limits and a deadline, and its credential.

Each function adds its own operations to `client.Client`. Only the standard library and the boto3 of the Lambda runtime
may be imported here, and nothing of the rest of the platform.
"""
