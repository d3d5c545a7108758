"""SageMaker Feature Store: groups of features, and their offline stores."""
