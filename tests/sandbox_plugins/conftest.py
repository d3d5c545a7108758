"""A local AWS, a local GitHub, and plugins connected to them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.provide import engine_folder
from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.github.provider import GitHubProvider
from sandbox.plugins.install import install
from sandbox.plugins.resource import Provider
from sandbox.plugins.server import start
from tests.installed import require_local_aws
from tests.sandbox_plugins.plugin import Plugin
from tests.sandbox_plugins.project import Project

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


@pytest.fixture(scope="module")
def engine() -> Path:
    """The folder of the engine, built if there is none, which `make test` does first."""
    return engine_folder()


@pytest.fixture
def project(tmp_path: Path, clouds: Clouds, engine: Path) -> Callable[[str], Project]:
    """A factory of projects by their names."""

    def create(name: str) -> Project:
        folder = tmp_path / name
        folder.mkdir()
        home = tmp_path / "pulumi-home"
        install(home)
        (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_", "GITHUB_"))},
            **clouds.environment(),
            "PATH": f"{engine}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "VIRTUAL_ENV": sys.prefix,
        }
        created = Project(folder, environment)
        created.run("stack", "init", "test")
        return created

    return create
