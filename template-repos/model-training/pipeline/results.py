"""The results of executions, where they are kept in S3."""

import json
from collections.abc import Sequence

from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.remote import Step
from mlops_platform.project import aws
from pipeline.definition import output_uri
from pipeline.project import Project


def evaluation(owner: Project, execution_arn: str, steps: Sequence[Step]) -> Json | None:
    """Return the model's quality on the test rows; None if the execution did not get there."""
    if not any(step.name == "Evaluate" and step.status == "Succeeded" for step in steps):
        return None
    uri = output_uri(owner, execution_arn.rpartition("/")[2], "evaluation")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    answer = aws.client("s3", owner.region).get_object(Bucket=bucket, Key=f"{key}/evaluation.json")
    return json.loads(answer["Body"].read())
