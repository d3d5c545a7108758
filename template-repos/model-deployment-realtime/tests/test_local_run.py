"""The test of a model on this machine: what its container answers counts as what an endpoint answers."""

import csv
import io
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deployment import settings, smoke
from local_run import __main__ as local_run
from mlops_platform import REPOSITORY
from mlops_platform.release import DeploymentError, known_rows
from mlops_platform.serving.local_endpoint import LocalEndpoint, ServingError

LIMITS = settings.read(REPOSITORY / "settings.toml").test
ROWS, TRUTH = known_rows.read_rows(smoke.ROWS)
KNOWN = {tuple(row): truth for row, truth in zip(ROWS, TRUTH, strict=True)}


@contextmanager
def container(*, wrong_rows: int = 400) -> Generator[LocalEndpoint]:
    """Answer rows of smoke/ with the truth, and any other request with an error."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            rows = [tuple(row) for row in csv.reader(io.StringIO(body.decode(), newline=""))]
            if self.headers["Content-Type"] != "text/csv":
                self._answer(415, "not CSV")
            elif not set(rows) <= set(KNOWN):
                self._answer(wrong_rows, "other columns")
            else:
                self._answer(200, "".join(f"{KNOWN[row]}\n" for row in rows))

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/csv")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield LocalEndpoint(port=server.server_port)
        server.shutdown()
        thread.join()


def test_a_good_model_is_reported_as_a_good_endpoint_is(capsys: pytest.CaptureFixture[str]) -> None:
    with container() as endpoint:
        local_run.ask(endpoint, LIMITS)
    said = capsys.readouterr().out
    assert said.startswith(f"## the model answers\n\n{len(ROWS)} rows, off by 0.00 on average ")


def test_a_model_that_fails_at_a_mistake_of_a_caller_is_refused_as_in_preprod() -> None:
    with container(wrong_rows=500) as endpoint, pytest.raises(DeploymentError, match="with 500, expected 400 to 499"):
        local_run.ask(endpoint, LIMITS)


def test_what_is_no_archive_of_a_model_is_said_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "model.txt"
    text.write_text("no archive")
    for given, reason in ((None, "which model"), (tmp_path / "none", "is not there"), (text, "is no archive")):
        with pytest.raises(ServingError, match=reason):
            local_run.require_archive(given)


def test_a_run_without_a_model_ends_with_the_command_that_has_one() -> None:
    with pytest.raises(SystemExit, match=r"^error: which model\? make local-run MODEL=model.tar.gz"):
        local_run.main([])
