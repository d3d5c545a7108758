"""CloudWatch: alarms, their states and actions, the metrics of queues, and those that logs contain."""
