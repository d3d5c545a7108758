"""`make local-run MODEL=model.tar.gz`: serve a model's archive, and ask it what the test of a deployment asks an endpoint."""

import argparse
import io
import logging
import sys
import tarfile
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deployment import settings, smoke
from deployment.settings import Test
from mlops_platform import REPOSITORY
from mlops_platform.pipeline import image_environments
from mlops_platform.pipeline.image_environments import ImageEnvironmentError
from mlops_platform.project import summary
from mlops_platform.project.settings_file import SettingsError
from mlops_platform.release import DeploymentError
from mlops_platform.serving import local_endpoint
from mlops_platform.serving.local_endpoint import LocalEndpoint, ServingError
from mlops_platform.serving.variables import SERVING

IMAGE, GROUP = "sagemaker-xgboost:3.2-0", "xgboost-image"
"""The image that serves, and the dependency group of this folder's pyproject.toml with its packages."""
NAME = "the model"

logger = logging.getLogger(__name__)


class LocalRuntime:
    """Stand for the client of SageMaker's runtime: ask a container of this machine, and refuse as SageMaker does.

    Source: API reference, "InvokeEndpoint", ModelError.
    """

    def __init__(self, endpoint: LocalEndpoint) -> None:
        self._endpoint = endpoint

    def invoke_endpoint(
        self,
        *,
        EndpointName: str,  # noqa: N803 - boto3's names
        ContentType: str,  # noqa: N803
        Accept: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        InferenceId: str,  # noqa: N803
    ) -> dict[str, Any]:
        """Send a request to the container.

        Raises:
            ClientError: the container answers with an error.
        """
        del EndpointName, InferenceId  # the container gets neither
        answer = self._endpoint.invoke(Body, {"Content-Type": ContentType, "Accept": Accept})
        if answer.status != HTTPStatus.OK:
            response: Any = {
                "Error": {"Code": "ModelError", "Message": f"Received status {answer.status} from the container"},
                "ResponseMetadata": {"HTTPStatusCode": HTTPStatus.FAILED_DEPENDENCY},
                "OriginalStatusCode": answer.status,
                "OriginalMessage": answer.body.decode(errors="replace"),
            }
            raise ClientError(response, "InvokeEndpoint")
        return {"Body": io.BytesIO(answer.body), "ContentType": answer.content_type}


def main(arguments: list[str]) -> None:
    """Serve and test a model; exits with 1 and a message if that fails for a reason that its user can act on."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(prog="python -m local_run", description="Serve a model on this machine.")
    parser.add_argument("--model", type=Path, help="archive of a model, as training writes it")
    model: Path | None = parser.parse_args(arguments).model
    try:
        configured = settings.read(REPOSITORY / "settings.toml")
        logger.info("Serving %s as %s does", require_archive(model), IMAGE)
        python = image_environments.interpreter(GROUP, Path(__file__).resolve().parent)
        with (
            tempfile.TemporaryDirectory() as folder,
            local_endpoint.serve(
                python, Path(folder), image_uri=IMAGE, archive=require_archive(model), environment=SERVING
            ) as endpoint,
        ):
            ask(endpoint, configured.test)
    except (DeploymentError, ImageEnvironmentError, ServingError, SettingsError) as error:
        sys.exit(f"error: {error}")


def require_archive(model: Path | None) -> Path:
    """Return the archive of the model.

    Raises:
        ServingError: none is given, or it is no archive.
    """
    if model is None:
        raise ServingError(
            "which model? make local-run MODEL=model.tar.gz: for example the archive that `make local-run FOLDER=…` "
            "of the training repository leaves in that folder"
        )
    if not model.is_file() or not tarfile.is_tarfile(model):
        raise ServingError(f"{model} is {'no archive (model.tar.gz)' if model.exists() else 'not there'}")
    return model


def ask(endpoint: LocalEndpoint, limits: Test) -> None:
    """Ask what the test of a deployment asks, and print the result.

    Raises:
        DeploymentError: an answer is wrong, slow or malformed.
    """
    outcome = smoke.test(smoke.Endpoint(name=NAME, runtime=LocalRuntime(endpoint)), limits)
    summary.publish(smoke.report(NAME, outcome, limits))


if __name__ == "__main__":
    main(sys.argv[1:])
