"""Serving in SageMaker's XGBoost image: `main` is the application that gunicorn runs, `serving_entrypoint` starts it.

Source: aws/sagemaker-xgboost-container cb8df91, `src/sagemaker_xgboost_container/serving.py`. Refused, because it is not
done here: models without code, multi-model endpoints, and the image's own `input_fn`.
"""

import importlib
import os
from typing import Any

from sagemaker_containers.beta.framework import encoders, env, server, worker  # pyrefly: ignore[missing-import]
from shared_serving import configure_logging, transformer_of  # pyrefly: ignore[missing-import]

SERVING_MODULE = "sagemaker_xgboost_container.serving:main"
"""The image's Dockerfile sets SAGEMAKER_SERVING_MODULE to this."""

_app: Any = None

configure_logging()


def default_input_fn(input_data: str | bytes, content_type: str) -> Any:
    """Refuse to parse a request: the image's own parsers of CSV and LIBSVM are not here.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("the code has no input_fn, and the XGBoost image's own is not available here: define it")


def default_predict_fn(input_data: Any, model: Any) -> Any:
    """Predict with a booster."""
    return model.predict(input_data, validate_features=False)


def default_output_fn(prediction: Any, accept: str) -> Any:
    """Encode a prediction as the caller accepts it."""
    return worker.Response(encoders.encode(prediction, accept), mimetype=accept)


DEFAULTS = {"input_fn": default_input_fn, "predict_fn": default_predict_fn, "output_fn": default_output_fn}


def main(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer a request (WSGI). The first one, a ping, loads the model; one that fails leaves that to the next."""
    global _app
    if _app is None:
        name = env.ServingEnv().module_name
        if name is None:
            raise NotImplementedError("a model without code (SAGEMAKER_PROGRAM is not set) is not served here")
        model = transformer_of(importlib.import_module(name), DEFAULTS)
        model.initialize()
        _app = worker.Worker(transform_fn=model.transform, module_name=name)
    return _app(environ, start_response)


def serving_entrypoint() -> None:
    """Install the model's code and serve until SIGTERM, as the image's `serve` program does."""
    if "SAGEMAKER_MULTI_MODEL" in os.environ:
        raise NotImplementedError("multi-model endpoints are not served here")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    server.start(SERVING_MODULE)


if __name__ == "__main__":
    serving_entrypoint()
