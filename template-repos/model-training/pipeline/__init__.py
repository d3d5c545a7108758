"""This project's pipeline: its definition, its settings, and the commands that run it here or on AWS.

The scripts that the jobs run are in `steps/`; what does not depend on this model is in `sagemaker_pipeline/`.
"""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
"""The folder of this repository."""
