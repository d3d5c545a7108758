"""AWS's limits on names and policies, and the names that have to fit into them."""

LONGEST_BUCKET_NAME = 63
LONGEST_ROLE_NAME = 64
MOST_EXTRA_TAGS = 6
"""S3 accepts ten tags on an object; four of them are the platform's own: one lets Studio show a template."""

MOST_SUBNETS = 6
"""One in each availability zone: no region has more, and IAM holds 10,240 characters of a role's policies, which name
each subnet and each instance type."""
MOST_INSTANCE_TYPES = 12
"""As many as leave room in these policies, where each takes up to 28 characters."""

BUCKET_PURPOSES = ("access-logs", "artifacts", "catalog", "data", "sagemaker", "state", "p-abcdefghijkl")
"""Purposes of the platform's buckets; the last stands for a project's id."""
ROLE_PURPOSES = (
    "data-scientist",
    "deploy",
    "deployment-trigger",
    "job",
    "lead-data-scientist",
    "p-abcdefghijkl-deployment",
    "p-abcdefghijkl-model",
    "p-abcdefghijkl-pipeline",
    "p-abcdefghijkl-workflow",
    "project-launch",
    "project-onboarding",
    "project-roles",
    "template-cloner",
)
"""Purposes of the platform's roles and of a launched project's; functions are named like their roles."""
