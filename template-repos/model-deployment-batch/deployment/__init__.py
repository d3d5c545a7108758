"""Deploy a model version to this repository's schedule, test it, and run it; `mlops_platform.release` has the rest."""
