"""The parts of a real-time endpoint, one component each; `__main__.py` puts them together."""

VARIANT = "AllTraffic"
"""Name of the variant that answers. A new configuration must have the same, or SageMaker cannot release it gradually."""

METRICS = "AWS/SageMaker"
"""Namespace of the metrics of an endpoint in CloudWatch."""

NAMESPACE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
"""The instances of a variant, as Application Auto Scaling calls what it scales."""

SHADOW = "Shadow"
"""Name of the variant that gets a copy of the requests."""
