"""Variables by which SageMaker's images serve a model with code of its own."""

SERVING: dict[str, str] = {
    # Code that the image installs, with `pip install .`, before it serves (sagemaker-containers, _server.py).
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    # For that, pip would download setuptools, which an isolated container cannot, although the image has it. 0 turns build
    # isolation off, as pip reads the variable inverted (https://github.com/pypa/pip/issues/5735).
    "PIP_NO_BUILD_ISOLATION": "0",
    # The answer to a request without Accept; the image's own default is application/json (_env.py, _worker.py).
    "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
}
"""Environment of a container that serves a model whose code the training repository packs."""
