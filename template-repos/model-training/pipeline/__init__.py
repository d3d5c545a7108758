"""This project's pipeline: its definition, its settings, and the commands that run it here or on AWS.

The scripts of the jobs are in `steps/`; code that does not depend on this model is in `mlops_platform/pipeline/`.
"""
