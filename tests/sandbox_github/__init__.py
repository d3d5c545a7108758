"""The local GitHub answers as GitHub's documentation says."""
