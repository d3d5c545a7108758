"""The resources of a batch: its pipeline, the schedule that starts it, alarms and a dashboard."""

PURPOSE = "batch"
"""Last part of the names of all that belongs to it."""
