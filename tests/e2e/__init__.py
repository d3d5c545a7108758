"""The whole demo, told once on a sandbox of its own: minutes, so all of it is marked slow."""
