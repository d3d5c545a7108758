"""EventBridge Scheduler: groups, schedules, their times, and the calls that they make.

MiniStack's own scheduler is not used: it knows neither time zones nor roles, retries, dead letters or SageMaker.
"""
