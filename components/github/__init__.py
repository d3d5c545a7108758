"""GitHub: the organization and its repositories, and the trust that AWS has in its workflows' tokens."""
