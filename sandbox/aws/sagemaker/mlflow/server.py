"""MLflow's own server, a process for each app (`sandbox/mlflow`).

It is installed and started by the first request to an app: nothing of it is there where nobody uses one.
"""

import http.client
import socket
import threading
import time
from urllib.parse import urlencode

from sandbox import image_environments, paths
from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack.gateway import Request, Response
from sandbox.aws.sagemaker import containers

ENVIRONMENT = paths.CHECKOUT / "sandbox" / "mlflow"
STARTED_WITHIN_SECONDS = 180
"""The very first start compiles what the server imports."""
ANSWERED_WITHIN_SECONDS = 30
PAUSE_SECONDS = 0.1
PASSED_ON = ("accept", "content-type", "user-agent")
"""Headers that are MLflow's; the others are those of the connection and of the signature."""

_installing = threading.Lock()


class MlflowServer:
    """The server of an app."""

    def __init__(self, app: str, artifacts: str) -> None:
        """Make a server that does not run yet.

        Args:
            app: Identifier of the app.
            artifacts: URI below which runs keep their artifacts.
        """
        self._app, self._artifacts = app, artifacts
        self._starting = threading.Lock()
        self._container: containers.Container | None = None
        self._port = 0
        self._ready = False

    @property
    def used(self) -> bool:
        """Whether the server was started."""
        return self._container is not None

    def send(self, request: Request) -> Response:
        """Pass a request on to the server, and return its answer.

        Raises:
            ServiceError: there is no answer.
        """
        self._start()
        query = urlencode(request.query, doseq=True)
        headers = {name: value for name, value in request.headers.items() if name in PASSED_ON}
        try:
            return self._ask(
                request.method, f"{request.path}?{query}" if query else request.path, headers, request.body
            )
        except (OSError, http.client.HTTPException) as error:
            raise ServiceError("InternalFailure", f"MLflow's server does not answer: {error}", 500) from error

    def stop(self) -> None:
        """Stop the server for good."""
        if self._container is not None:
            self._container.stop()

    def _start(self) -> None:
        with self._starting:
            if not self._ready:
                _install()
                self._container = containers.container(self._app, "mlflow")
                self._launch(self._container)
                self._wait(self._container)
                self._ready = True

    def _launch(self, container: containers.Container) -> None:
        folder = container.base.parent
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        container.start(
            [str(ENVIRONMENT / ".venv" / "bin" / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(self._port)]
            # Clients write artifacts themselves: an address of the server's own would be none that they can reach.
            + ["--workers", "1", "--no-serve-artifacts", "--default-artifact-root", self._artifacts]
            + ["--backend-store-uri", f"sqlite:///{folder}/runs.db"],
            containers.bare_environment()
            # With jobs it starts workers, which outlive it.
            | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true", "HOME": str(folder)},
            folder,
        )

    def _wait(self, container: containers.Container) -> None:
        """Wait until the server answers; after one that does not, the next request starts another.

        Raises:
            ServiceError: it does not.
        """
        deadline = time.monotonic() + STARTED_WITHIN_SECONDS
        while not self._healthy():
            ended = container.process is None or container.process.poll() is not None
            if ended or time.monotonic() > deadline:
                container.stop()
                said = container.log.read_text(errors="replace")[-1000:]
                container.remove()
                self._container = None
                raise ServiceError("InternalFailure", f"MLflow's server does not start: {said}", 500)
            time.sleep(PAUSE_SECONDS)

    def _healthy(self) -> bool:
        try:
            return self._ask("GET", "/health", {}, b"")[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def _ask(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWERED_WITHIN_SECONDS)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            content_type = answer.getheader("Content-Type", "application/json")
            return answer.status, {"Content-Type": content_type}, answer.read()
        finally:
            connection.close()


def _install() -> None:
    with _installing:
        try:
            image_environments.sync(
                ENVIRONMENT, containers.images().machine.install_environment, "--no-python-downloads"
            )
        except image_environments.InstallationError as error:
            raise ServiceError("InternalFailure", f"MLflow's server cannot be installed: {error}", 500) from None
