"""The pipeline that compares captured requests with the rows of training, its schedule and its alarms."""

PURPOSE = "watch"
"""Last part of the names of all that belongs to it."""
SCRIPT = "run.py"
"""The job's script, in the folder `job`."""
