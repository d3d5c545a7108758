"""The deployment trigger, against a registry, buckets and a GitHub in memory."""
