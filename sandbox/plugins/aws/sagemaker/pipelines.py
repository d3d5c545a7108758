"""Pipelines."""

import uuid
from typing import ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, picked, tag_list
from sandbox.plugins.aws.sagemaker.resource import SageMakerResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values


class Pipeline(SageMakerResource):
    """A pipeline with its definition as text; its id is its name."""

    type_name = "aws:sagemaker/pipeline:Pipeline"
    inputs = Inputs(
        "pipelineDefinition pipelineDescription pipelineDisplayName roleArn tags",
        replaces="pipelineName",
    )
    outputs = ("arn",)
    _names: ClassVar = {
        "pipelineDefinition": "PipelineDefinition",
        "pipelineDescription": "PipelineDescription",
        "pipelineDisplayName": "PipelineDisplayName",
        "pipelineName": "PipelineName",
        "roleArn": "RoleArn",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the pipeline; its role may be too new."""
        retry(
            lambda: cloud.client("sagemaker").create_pipeline(
                **given(wanted, self._names), ClientRequestToken=uuid.uuid4().hex, Tags=tag_list(wanted["tagsAll"])
            ),
            codes=["ValidationException"],
        )
        return wanted["pipelineName"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the pipeline as it was last updated."""
        pipeline = cloud.client("sagemaker").describe_pipeline(PipelineName=identifier)
        arn = pipeline["PipelineArn"]
        return {**picked(pipeline, self._names), "arn": arn, "tagsAll": self.tags(cloud, arn)}

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update what has changed; another definition is another version of the pipeline."""
        if sent := given({name: wanted.get(name) for name in self._names if name in changed}, self._names):
            cloud.client("sagemaker").update_pipeline(PipelineName=identifier, **sent)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the pipeline with its versions."""
        cloud.client("sagemaker").delete_pipeline(PipelineName=identifier, ClientRequestToken=uuid.uuid4().hex)


TYPES = (Pipeline(),)
