"""Deploy a model version behind this repository's endpoint, and test it; `mlops_platform.release` has the rest."""
