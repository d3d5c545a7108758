"""SageMaker Pipelines: definitions, pipelines and their executions."""
