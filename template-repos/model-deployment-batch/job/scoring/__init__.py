"""Score the rows of a batch with a model's own code: read, quarantine, score, account for every row.

Runs in the model's image, isolated: only what that image has may be imported here.
"""
