"""The stand-ins for actions."""

import json
import os
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.github.actions.stand_in_actions import STAND_INS
from tests.sandbox_github.client import encoded, repository, seed, start, wait_until

ROLE = "arn:aws:iam::111111111111:role/deploy"
PULUMI = "pulumi/actions@8e5e406f4007fca908480587cb9893c07090f58d"
ANSWER = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>KEY</AccessKeyId><SecretAccessKey>hidden</SecretAccessKey>
<SessionToken>session</SessionToken></Credentials><AssumedRoleUser><AssumedRoleId>AROA:run</AssumedRoleId></AssumedRoleUser>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


class Services:
    """GitHub's issuer and STS, as far as the action calls them."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        services = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = dict(urllib.parse.parse_qsl(self.path.partition("?")[2]))
                services.asked.append({**query, "bearer": self.headers["authorization"]})
                self._answer(200, json.dumps({"value": "the-token"}))

            def do_POST(self) -> None:
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
                services.asked.append(form)
                allowed = form["RoleArn"] == ROLE
                self._answer(200 if allowed else 403, ANSWER if allowed else "<Message>Not authorized</Message>")

            def _answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def services() -> Iterator[Services]:
    found = Services()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def assume(services: Services, folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    action = STAND_INS / "aws-actions" / "configure-aws-credentials" / "assume.py"
    environment = {
        "PATH": os.environ["PATH"],
        "ROLE": ROLE,
        "REGION": "eu-west-1",
        "SESSION": "run",
        "DURATION": "3600",
        "AUDIENCE": "sts.amazonaws.com",
        "ACCOUNTS": "",
        "MASK": "false",
        "AWS_ENDPOINT_URL": services.url,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{services.url}/?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer",
        "GITHUB_ENV": str(folder / "environment"),
        "GITHUB_OUTPUT": str(folder / "output"),
        **changes,
    }
    known = {name: value for name, value in environment.items() if value != "unset"}
    return subprocess.run(
        [sys.executable, str(action)], env=known, capture_output=True, text=True, check=False, timeout=30
    )


def test_the_job_assumes_its_role_with_its_token_and_masks_the_secrets(services: Services, tmp_path: Path) -> None:
    done = assume(services, tmp_path)
    assert done.returncode == 0, done.stderr
    assert services.asked[0] == {"api-version": "2.0", "audience": "sts.amazonaws.com", "bearer": "Bearer bearer"}
    assert services.asked[1]["WebIdentityToken"] == "the-token"
    assert services.asked[1]["RoleArn"] == ROLE
    assert (tmp_path / "environment").read_text().splitlines() == [
        "AWS_ACCESS_KEY_ID=KEY",
        "AWS_SECRET_ACCESS_KEY=hidden",
        "AWS_SESSION_TOKEN=session",
        "AWS_REGION=eu-west-1",
        "AWS_DEFAULT_REGION=eu-west-1",
    ]
    assert (tmp_path / "output").read_text() == "account=111111111111\n"
    assert [line for line in done.stdout.splitlines() if "hidden" in line or "session" in line] == [
        "::add-mask::hidden",
        "::add-mask::session",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ROLE": "arn:aws:iam::111111111111:role/other"}, "Could not assume role with OIDC: <Message>Not authorized"),
        ({"ROLE": "deploy"}, "'deploy' is no ARN of a role"),
        ({"ACCOUNTS": "222222222222"}, "none of the allowed ones: 222222222222"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": "unset"}, "Did you mean to set the `id-token` permission?"),
    ],
)
def test_a_job_that_may_not_assume_the_role_fails_with_the_reason(
    services: Services, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    done = assume(services, tmp_path, **changes)
    assert done.returncode == 1
    assert message in done.stderr
    assert not (tmp_path / "environment").exists()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("3.259.0", "a: Pulumi 3.259.0"), ("3.1.0", "Pulumi 3.1.0 is asked for; the sandbox's runners have 3.259.0")],
)
def test_pulumi_is_found_on_the_runners_path_and_its_version_is_checked(tmp_path: Path, wanted: str, said: str) -> None:
    pulumi = tmp_path / "engine" / "pulumi"
    pulumi.parent.mkdir()
    pulumi.write_text("#!/bin/sh\necho v3.259.0\n")
    pulumi.chmod(0o755)
    log = steps(tmp_path, f"{{uses: {PULUMI}, with: {{pulumi-version: {wanted}}}}}, {{run: echo $COLOUR}}")
    assert said in log
    assert ("a: blue" in log) is (wanted == "3.259.0")


def test_a_stand_in_refuses_inputs_that_it_would_ignore(tmp_path: Path) -> None:
    assert "does not know the inputs ['command']" in steps(tmp_path, f"{{uses: {PULUMI}, with: {{command: up}}}}")


def steps(folder: Path, text: str) -> str:
    """Run steps in a GitHub of their own and return the log."""
    (folder / "none.pem").touch()
    path = os.pathsep.join((str(folder / "engine"), os.environ["PATH"]))
    call = start(folder, seed(runner_environment={"PATH": path, "COLOUR": "blue"}))
    made = repository(call, "pulumi")
    workflow = f"on: push\njobs: {{a: {{runs-on: ubuntu-latest, steps: [{text}]}}}}\n"
    body = {"message": "Workflow", "content": encoded(workflow)}
    assert call("PUT", f"{made}/contents/.github/workflows/build.yml", body).status == 201
    run = wait_until(lambda: call("GET", f"{made}/actions/runs?status=completed").json["workflow_runs"])[0]
    call.github.close()
    return (folder / "runs" / str(run["id"]) / "log.txt").read_text()
