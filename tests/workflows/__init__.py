"""The platform's own workflows: how it is checked and deployed from GitHub."""
