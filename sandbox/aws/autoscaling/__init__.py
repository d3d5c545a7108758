"""Application Auto Scaling for the variants of SageMaker's endpoints, by target tracking.

Sources: Application Auto Scaling API Reference and User Guide ("Service-linked roles", "Target tracking scaling
policies"); Amazon SageMaker Developer Guide, "Automatic scaling of Amazon SageMaker AI models".
"""
