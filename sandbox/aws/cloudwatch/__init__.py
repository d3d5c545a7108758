"""CloudWatch: alarms, their states and actions, and the metrics of queues."""
