"""Tests of template-repos/mlops_platform, the folder that launched repositories carry."""
