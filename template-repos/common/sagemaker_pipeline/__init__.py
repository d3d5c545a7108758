"""SageMaker pipelines as data: build a definition, check it, run it on a laptop, or upsert and run it on AWS.

Knows nothing about any one model. Several repositories carry this package: they get it, with the template's version,
when the template is published, so change it in the template rather than here.
"""
