"""The release function, against a registry, buckets and models in memory."""
