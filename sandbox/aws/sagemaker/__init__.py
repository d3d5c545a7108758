"""SageMaker: Studio, the model registry, pipelines and their jobs, and hosting.

The modules of this folder serve all of these; `service` lists the operations that are answered.
"""
