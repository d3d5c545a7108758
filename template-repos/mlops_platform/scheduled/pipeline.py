"""The pipeline, whose definition names a version: another version is another definition."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from mlops_platform.pipeline import validation
from mlops_platform.pipeline.expressions import Json
from mlops_platform.scheduled.names import Names


@dataclass(frozen=True, kw_only=True)
class PipelineArgs:
    """The definition to run."""

    names: Names
    definition: Json


class Pipeline(pulumi.ComponentResource):
    """A SageMaker pipeline."""

    name: pulumi.Output[str]
    """Known once it has this definition."""
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ScheduledPipeline", name, None, opts)
        if found := validation.problems(args.definition):
            raise ValueError("SageMaker would refuse the pipeline: " + "; ".join(found))
        pipeline = aws.sagemaker.Pipeline(
            "pipeline",
            pipeline_name=args.names.pipeline,
            pipeline_display_name=args.names.pipeline,
            pipeline_definition=json.dumps(args.definition, sort_keys=True),
            role_arn=args.names.pipeline_role_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name, self.arn = pipeline.pipeline_name, pipeline.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
