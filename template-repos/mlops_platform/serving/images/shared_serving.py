"""The parts of `serving.py` that the XGBoost and the scikit-learn image have in common; they name its source."""

import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from sagemaker_containers.beta.framework import transformer  # pyrefly: ignore[missing-import]

FUNCTIONS = ("input_fn", "predict_fn", "output_fn")


class UserError(Exception):
    """An error of the model's code."""


def configure_logging() -> None:
    """Log what the toolkit does, and little of the AWS SDK."""
    logging.basicConfig(format="%(asctime)s %(levelname)s - %(name)s - %(message)s", level=logging.INFO)
    for name, level in (("boto3", logging.INFO), ("s3transfer", logging.INFO), ("botocore", logging.WARNING)):
        logging.getLogger(name).setLevel(level)


def transformer_of(module: ModuleType, defaults: Mapping[str, Callable[..., Any]]) -> Any:
    """Return the toolkit's transformer for a model's code.

    Args:
        module: The model's code.
        defaults: The image's functions, for those of `FUNCTIONS` that the code does not define.

    Raises:
        UserError: the code has functions that exclude each other.
    """
    model_fn = getattr(module, "model_fn", transformer.default_model_fn)
    own = {name: function for name in FUNCTIONS if (function := getattr(module, name, None))}
    transform_fn = getattr(module, "transform_fn", None)
    if transform_fn and own:
        raise UserError("Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn")
    if transform_fn is not None:
        return transformer.Transformer(model_fn=model_fn, transform_fn=transform_fn)
    return transformer.Transformer(model_fn=model_fn, **{**defaults, **own})
