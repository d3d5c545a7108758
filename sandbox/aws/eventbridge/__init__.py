"""EventBridge: events of AWS's services, their delivery to targets, and schedules."""
