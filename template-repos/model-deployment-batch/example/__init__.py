"""A run of the batch on this machine, with a small model of real rows: abalones, whose age is predicted."""
