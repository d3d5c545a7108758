"""The package of this name in SageMaker's XGBoost image, as far as it serves a model that brings its own code."""
