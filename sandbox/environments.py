"""Environment variables of servers, workflow runners, and programs that people run in the sandbox.

Every client gets the same three: the address of AWS, the certificates to trust, and its identity.
"""

import os
import shutil
import sys
from pathlib import Path

from sandbox import paths

TRUST_VARIABLES = (
    "AWS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)
"""Variables that name the trusted certificates: of the AWS SDKs, curl, git, Node.js, requests, and OpenSSL or Go."""

_ADDRESSES = ("AWS_ENDPOINT_URL", "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT")
"""Variables that name the address of AWS: for the AWS SDKs, and for SageMaker's plugin of MLflow, since apps have a host of their own."""

_SLOWS_PYTHON = "PYTHONDONTWRITEBYTECODE"
"""Variable that makes every program compile the AWS SDK anew, which takes seconds for each preview."""

_IDENTITY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "GITHUB_TOKEN")


def uv(*arguments: str) -> list[str]:
    """Return a call of uv: the one that runs this program, the one on PATH, or the one that `make` installed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    installed = cache / "mlops-platform" / "uv" / "bin"
    program = os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=str(installed))
    if program is None:
        raise RuntimeError("uv was not found: run the sandbox through `make`, which installs it")
    return [program, *arguments]


def server() -> dict[str, str]:
    """Return the environment of the sandbox's servers: the caller's, without its AWS and trust settings.

    The local AWS passes its environment on to Lambda functions, and sets their trusted certificates itself.
    """
    return _inherited(*TRUST_VARIABLES) | {"PYTHONUNBUFFERED": "1"}


def runner(aws_url: str, trust: Path) -> dict[str, str]:
    """Return the variables of a workflow job besides GitHub's own."""
    return {
        **dict.fromkeys(TRUST_VARIABLES, str(trust)),
        **dict.fromkeys(_ADDRESSES, aws_url),
        "PATH": os.pathsep.join((str(Path(uv()[0]).parent), str(paths.ENGINE), os.environ["PATH"])),
        "PULUMI_HOME": str(paths.PULUMI_HOME),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "UV_CACHE_DIR": _uv_cache(),
    }


def developer(github_url: str, trust: str, *, token: str) -> dict[str, str]:
    """Return the environment of a developer's program in a clone of a repository, with the developer's token."""
    return {
        **_inherited(*TRUST_VARIABLES),
        **dict.fromkeys(TRUST_VARIABLES, trust),
        "GITHUB_TOKEN": token,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{github_url}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {token}",
        "PATH": os.pathsep.join((str(Path(uv()[0]).parent), os.environ["PATH"])),
        "UV_CACHE_DIR": _uv_cache(),
    }


def machine() -> dict[str, str]:
    """Return the environment of a program that installs something: the caller's, with this Python first."""
    return dict(os.environ) | {"PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}


def enter(aws_url: str, trust: str) -> None:
    """Point the AWS clients of this process at the local AWS."""
    os.environ.update({"AWS_ENDPOINT_URL": aws_url, "AWS_CA_BUNDLE": trust})


def client(aws_url: str, trust: str, *, region: str, identity: dict[str, str]) -> dict[str, str]:
    """Return the environment of a program that works in the sandbox as `identity` (see `sandbox.identities`)."""
    return {
        **_inherited(),
        **dict.fromkeys(TRUST_VARIABLES, trust),
        **dict.fromkeys(_ADDRESSES, aws_url),
        **identity,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), str(paths.ENGINE), os.environ["PATH"])),
        "PULUMI_HOME": str(paths.PULUMI_HOME),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _uv_cache() -> str:
    return os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))


def _inherited(*left_out: str) -> dict[str, str]:
    """Return the caller's environment without its identity, its AWS settings, and the variables in `left_out`."""
    gone = {*left_out, *_IDENTITY, _SLOWS_PYTHON}
    return {name: value for name, value in os.environ.items() if name not in gone and not name.startswith("AWS_")}
