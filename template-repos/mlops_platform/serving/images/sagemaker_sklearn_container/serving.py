"""Serving in SageMaker's scikit-learn image: `main` is what gunicorn runs, `serving_entrypoint` starts it.

Source: aws/sagemaker-scikit-learn-container eae7b6b, `src/sagemaker_sklearn_container/serving.py`. Multi-model endpoints
are refused, because they are not done here.
"""

import importlib
import os
from types import ModuleType
from typing import Any

import numpy as np
from sagemaker_containers.beta.framework import (  # pyrefly: ignore[missing-import]
    content_types,
    encoders,
    env,
    modules,
    server,
    worker,
)
from shared_serving import configure_logging, transformer_of  # pyrefly: ignore[missing-import]

SERVING_MODULE = "sagemaker_sklearn_container.serving:main"
"""The image's Dockerfile sets SAGEMAKER_SERVING_MODULE to this."""

_app: Any = None

configure_logging()


def default_input_fn(input_data: str | bytes, content_type: str) -> Any:
    """Decode a request to an array: of 32-bit numbers if it is text."""
    decoded = encoders.decode(input_data, content_type)
    return decoded.astype(np.float32) if content_type in content_types.UTF8_TYPES else decoded


def default_predict_fn(input_data: Any, model: Any) -> Any:
    """Predict with an estimator."""
    return model.predict(input_data)


def default_output_fn(prediction: Any, accept: str) -> Any:
    """Encode a prediction as the caller accepts it."""
    return worker.Response(encoders.encode(prediction, accept), accept, mimetype=accept)


DEFAULTS = {"input_fn": default_input_fn, "predict_fn": default_predict_fn, "output_fn": default_output_fn}


def import_module(name: str, folder: str) -> ModuleType:
    """Import the model's code, or install it first."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return modules.import_module(folder, name)


def main(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer a request (WSGI). The first one, a ping, loads the model; one that fails leaves that to the next."""
    global _app
    if _app is None:
        serving = env.ServingEnv()
        module = import_module(serving.module_name, serving.module_dir)
        model = transformer_of(module, DEFAULTS)
        model.initialize()
        _app = worker.Worker(
            transform_fn=model.transform,
            module_name=serving.module_name,
            execution_parameters_fn=getattr(module, "execution_parameters_fn", None),
        )
    return _app(environ, start_response)


def serving_entrypoint() -> None:
    """Install the model's code and serve until SIGTERM, as the image's `serve` program does."""
    if "SAGEMAKER_MULTI_MODEL" in os.environ:
        raise NotImplementedError("multi-model endpoints are not served here")
    server.start(SERVING_MODULE)


if __name__ == "__main__":
    serving_entrypoint()
