"""The resources of a batch: its pipeline, the schedule that starts it, alarms and a dashboard."""
