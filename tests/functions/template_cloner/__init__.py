"""The template cloner, against a GitHub in memory and a real HTTP server."""
