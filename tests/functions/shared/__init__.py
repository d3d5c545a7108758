"""What the code of several Lambda functions shares, against a real HTTP server."""
