"""The package of this name in SageMaker's scikit-learn image, as far as it serves one model."""
