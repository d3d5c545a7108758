"""Containers of SageMaker's images for tests: the image's environment, and the program that serves."""

import os
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from sandbox import environments, image_environments

REPOSITORY = Path(__file__).parents[2]

WITHIN_SECONDS = 120
"""Time limit for a container to start, on a machine that is busy with other tests."""

CAN_INSTALL = {"PIP_NO_BUILD_ISOLATION": "0"}
"""Variable by which an isolated container can install code: pip reads it inverted."""


@dataclass(frozen=True)
class ImageContainer:
    """A container that serves, or has ended."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, bytes]:
        """Return status, content type and body of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_SECONDS)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        answer = response.status, response.getheader("Content-Type", ""), response.read()
        connection.close()
        return answer

    def invoke(self, body: str, **headers: str) -> tuple[int, str, bytes]:
        """Return the answer to an invocation with a CSV body, unless the headers say otherwise."""
        return self.request("POST", "/invocations", body.encode(), **({"Content_Type": "text/csv"} | headers))

    def ping(self) -> int:
        """Return the status of the first health check that is answered; 0 if the container ends before."""
        deadline = time.monotonic() + WITHIN_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                return self.request("GET", "/ping")[0]
            except OSError:
                time.sleep(0.1)
        return 0


def install(image: str) -> Path:
    """Install the environment of an image; return its interpreter."""
    folder = REPOSITORY / "sandbox" / "images" / image
    image_environments.install(folder, environments.machine())
    return image_environments.python(folder)


@contextmanager
def serving(
    python: Path, image: str, folder: Path, code: str, environment: Mapping[str, str] = CAN_INSTALL
) -> Generator[ImageContainer]:
    """Serve code with an image, with network isolation and in a folder of its own."""
    model = folder / "ml" / "model"
    (model / "code").mkdir(parents=True)
    (model / "code" / "inference.py").write_text(code)
    with socket.socket() as held, (folder / "log.txt").open("wb") as log:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        process = subprocess.Popen(
            [
                python,
                image_environments.CONTAINER,
                "serve",
                f"1.dkr.ecr.eu-west-1.amazonaws.com/{image}:1",
                "--isolated",
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={
                "PATH": os.environ["PATH"],
                "SM_BASE": str(folder / "ml"),
                "SAGEMAKER_BIND_TO_PORT": str(port),
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                **environment,
            },
        )
        try:
            yield ImageContainer(process, port, folder / "log.txt")
        finally:
            process.communicate(timeout=WITHIN_SECONDS)
