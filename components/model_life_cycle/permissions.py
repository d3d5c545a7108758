"""Permissions of the function that notes what production serves: one field of a version, and two values for it."""

from components import iam
from components.environment import Environment

SERVING, NOT_SERVING = "Production", "Archived"
"""Stages that it sets."""


def note_what_is_served(environment: Environment) -> list[iam.Statement]:
    """Find the versions of projects and set their stage; approve nothing.

    Source: Service Authorization Reference, "Condition keys for Amazon SageMaker AI" (`ModelLifeCycle:Stage` and the others).
    """
    versions = environment.arn("sagemaker", "model-package/*-p-*/*")
    return [
        iam.allow(
            "FindVersions",
            "sagemaker:DescribeModelPackage",
            "sagemaker:ListModelPackages",
            on=[environment.arn("sagemaker", "model-package-group/*-p-*"), versions],
        ),
        iam.allow(
            "NoteWhatIsServed",
            "sagemaker:UpdateModelPackage",
            on=versions,
            when={
                "StringEquals": {"sagemaker:ModelLifeCycle:Stage": [SERVING, NOT_SERVING]},
                "Null": {"sagemaker:ModelApprovalStatus": "true"},
            },
        ),
    ]
