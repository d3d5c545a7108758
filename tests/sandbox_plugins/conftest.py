"""A local AWS, a local GitHub, and plugins connected to them."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.github.provider import GitHubProvider
from sandbox.plugins.resource import Provider
from sandbox.plugins.server import start
from tests.installed import require_local_aws
from tests.sandbox_plugins.plugin import Plugin

ACCOUNT = "111111111111"
REGION = "eu-west-1"
CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Clouds:
    """The addresses of the servers, and the certificates to trust."""

    aws: str
    github: str
    trust: str
    token: str
    """GitHub token of an owner of the organization."""

    def environment(self) -> dict[str, str]:
        """Return the environment of a client of both; the access key stands for the account's root."""
        return {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_CA_BUNDLE": self.trust,
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_REGION": REGION,
            "AWS_SECRET_ACCESS_KEY": "root",
            "GITHUB_TOKEN": self.token,
            "SSL_CERT_FILE": self.trust,
        }


def _servers(call: str, folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", f"from sandbox import servers; servers.{call}()"],
        cwd=CHECKOUT,
        env={**os.environ, "MLOPS_SANDBOX_FOLDER": str(folder)},
        check=True,
    )


@pytest.fixture(scope="package")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    """The sandbox's servers, in a folder of their own."""
    require_local_aws()
    folder = tmp_path_factory.mktemp("sandbox")
    _servers("start", folder)
    try:
        state = json.loads((folder / "sandbox.json").read_text())
        yield Clouds(
            aws=state["aws"]["url"],
            github=state["github"]["url"],
            trust=state["trust"],
            token=state["tokens"]["platform-engineer"],
        )
    finally:
        _servers("stop", folder)


@pytest.fixture(scope="package")
def environment(clouds: Clouds) -> Iterator[None]:
    """Connect this process to the servers while the tests of this folder run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        for name, value in clouds.environment().items():
            patch.setenv(name, value)
        yield


def _serving(provider: Provider[Any]) -> Generator[Plugin]:
    server, port = start(provider)
    plugin = Plugin(port)
    yield plugin
    plugin.close()
    server.stop(None).wait()


@pytest.fixture
def unconfigured_aws() -> Iterator[Plugin]:
    """The aws plugin before the engine configures it."""
    yield from _serving(AwsProvider())


@pytest.fixture(scope="package")
def aws(environment: None) -> Iterator[Plugin]:
    """The aws plugin, configured for one account."""
    for plugin in _serving(AwsProvider()):
        plugin.configure(
            region=REGION,
            allowedAccountIds=json.dumps([ACCOUNT]),
            defaultTags=json.dumps({"tags": {"unit": "analytics"}}),
        )
        yield plugin


@pytest.fixture(scope="package")
def github(clouds: Clouds, environment: None) -> Iterator[Plugin]:
    """The github plugin, configured for the organization."""
    for plugin in _serving(GitHubProvider()):
        plugin.configure(owner="acme", baseUrl=f"{clouds.github}/api/v3/")
        yield plugin
