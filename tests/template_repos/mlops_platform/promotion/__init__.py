"""A pipeline that is promoted through several accounts."""
