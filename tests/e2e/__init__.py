"""End-to-end tests, each group on a sandbox of its own. They take minutes, so all are marked slow."""
