"""A pipeline that a schedule starts in the account of an environment: its names and resources, the code of its job, and its alarms.

The job runs isolated, in the account's network, in the image of a version that the account has released.
"""
