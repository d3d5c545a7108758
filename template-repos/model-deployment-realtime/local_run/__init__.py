"""A model served on this machine as its image serves it, and the test of a deployment against it."""
