"""SageMaker pipelines as data: build a definition, check it, run it on a laptop, or upsert and run it on AWS."""
