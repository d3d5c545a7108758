"""The code that Lambda functions share, against a real HTTP server."""
