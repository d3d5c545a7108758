"""Provides the Pulumi engine: from PATH, else the official download, else a build from source.

Calls may overlap: a second one waits for the first and uses its result.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

VERSION = "3.259.0"
"""Equal to the SDK's in pyproject.toml and to go.mod's; a test compares them."""

_HERE = Path(__file__).parent
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_DOWNLOAD = "https://get.pulumi.com/install.sh"
_LANGUAGE_HOST_FILES = ("pulumi-language-python", "language_host.py")
_SECONDS_BETWEEN_REPORTS = 5.0
_FIRST_ESTIMATE = "about 5 minutes on two cores, once"


class EngineError(Exception):
    """No engine is available; the message says what to do."""


def cache_folder() -> Path:
    """Return the folder of a downloaded or built engine, outside of any checkout."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "mlops-platform" / "engine" / f"v{VERSION}"


def engine_folder() -> Path:
    """Return the folder with `pulumi` and its Python language host, after a download or build if there is none.

    Raises:
        EngineError: there is none, and it can be neither downloaded nor built.
    """
    existing = existing_engine_folder()
    if existing is not None:
        return existing
    with _alone():
        existing = existing_engine_folder()
        if existing is not None:
            return existing
        if not _downloaded():
            _build()
        made = existing_engine_folder()
    if made is None:
        raise EngineError(f"the engine in {cache_folder()} does not run; remove that folder and try again")
    return made


def existing_engine_folder() -> Path | None:
    """Return the folder of an engine that is already on this machine, or None; never downloads or builds."""
    on_path = shutil.which("pulumi")
    if on_path is not None and Path(on_path).parent != cache_folder() / "bin" and _usable(Path(on_path)):
        return Path(on_path).parent
    cached = cache_folder() / "bin"
    if not (cached / "pulumi").exists():
        return None
    if not (cached / "official").exists():
        _add_language_host(cached)
    return cached if _usable(cached / "pulumi") else None


def _usable(program: Path) -> bool:
    """Return whether an engine runs, is recent enough, and finds a language host for Python."""
    version = _version(program)
    if version is None:
        return False
    wanted = tuple(int(part) for part in VERSION.split("."))
    if version[0] != wanted[0] or version < wanted:
        _say(f"{program} is version {'.'.join(map(str, version))}; this project needs {VERSION} or a newer 3.x")
        return False
    beside = program.resolve().parent / "pulumi-language-python"
    if not beside.exists() and not (program.parent / "pulumi-language-python").exists():
        _say(f"{program} comes without pulumi-language-python, so it cannot run a Python program")
        return False
    return True


def _version(program: Path) -> tuple[int, ...] | None:
    try:
        answer = subprocess.run(
            [program, "version"],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+).*", answer.stdout.strip())
    return tuple(int(part) for part in match.groups()) if match else None


@contextmanager
def _alone() -> Generator[None]:
    """Let one process at a time download or build the engine."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another process is building the engine; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _downloaded() -> bool:
    """Install the official release, if its server can be reached."""
    try:
        with urllib.request.urlopen(_DOWNLOAD, timeout=5):
            pass
    except OSError:
        return False
    _say(f"downloading Pulumi {VERSION}")
    # Imported here: the SDK takes half a second to load, and only this branch needs it.
    from pulumi.automation import PulumiCommand
    from semver import VersionInfo

    try:
        PulumiCommand.install(root=str(cache_folder()), version=VersionInfo.parse(VERSION))
    except (OSError, subprocess.SubprocessError) as error:
        _say(f"the official download failed: {error}")
        return False
    (cache_folder() / "bin" / "official").touch()
    return True


def _build() -> None:
    """Compile the command line from the modules that go.sum pins.

    Raises:
        EngineError: there is no Go, or it fails.
    """
    go = shutil.which("go")
    if go is None:
        raise EngineError(
            f"no Pulumi {VERSION} on PATH, {_DOWNLOAD} cannot be reached, and there is no Go to build it with: "
            "install Pulumi (https://www.pulumi.com/docs/install/) or Go 1.25 or newer (https://go.dev/dl/)"
        )
    _say(f"building Pulumi {VERSION} from source ({_FIRST_ESTIMATE})")
    began = time.monotonic()
    flags = ["-trimpath", "-ldflags", f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"]
    stale = _run_go(go, ["list", "-deps", *flags, "-f", "{{if .Stale}}x{{end}}", _PACKAGE], progress=_Downloads())
    packages = stale.count("x")
    bin_folder = cache_folder() / "bin"
    bin_folder.mkdir(parents=True, exist_ok=True)
    unfinished = bin_folder / f"pulumi.{os.getpid()}"
    try:
        _run_go(go, ["build", "-v", *flags, "-o", str(unfinished), _PACKAGE], progress=_Compilation(packages))
        unfinished.replace(bin_folder / "pulumi")
    finally:
        unfinished.unlink(missing_ok=True)
    _say(f"built Pulumi {VERSION} in {time.monotonic() - began:.0f} s")


class _Downloads:
    """Reports the modules that Go fetches."""

    def __init__(self) -> None:
        self._fetched = 0

    def __call__(self, line: str) -> str | None:
        if not line.startswith("go: downloading "):
            return None
        self._fetched += 1
        return f"fetched {self._fetched} modules"


class _Compilation:
    """Reports the packages that Go compiles, and an estimate of the remaining time."""

    def __init__(self, packages: int) -> None:
        self._packages = packages
        self._compiled = 0
        self._began = time.monotonic()

    def __call__(self, line: str) -> str | None:
        if line.startswith("go: "):
            return None
        self._compiled += 1
        left = max(self._packages - self._compiled, 0)
        seconds = (time.monotonic() - self._began) / self._compiled * left
        return f"compiled {self._compiled} of {self._packages} packages, about {seconds:.0f} s left, then linking"


def _run_go(go: str, arguments: list[str], *, progress: _Downloads | _Compilation) -> str:
    """Run Go in this folder and return its standard output.

    Raises:
        EngineError: it ended with an error, whose last lines the message carries.
    """
    lines: list[str] = []
    reported = 0.0
    with subprocess.Popen(
        [go, *arguments],
        cwd=_HERE,
        env={**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        # Go reports progress on stderr; its output is short, and waits in the pipe.
        for line in process.stderr or ():
            lines.append(line)
            report = progress(line)
            if report is not None and time.monotonic() - reported >= _SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                _say(report)
        output = process.stdout.read() if process.stdout is not None else ""
    if process.returncode != 0:
        raise EngineError(f"`go {arguments[0]}` failed:\n{''.join(lines[-15:])}")
    return output


def _add_language_host(folder: Path) -> None:
    """Put this checkout's language host beside an engine that was built from source."""
    for name in _LANGUAGE_HOST_FILES:
        content = (_HERE / name).read_bytes()
        target = folder / name
        if target.exists() and target.read_bytes() == content:
            continue
        unfinished = folder / f"{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.chmod(0o755)
        unfinished.replace(target)


def _say(text: str) -> None:
    sys.stderr.write(f"engine: {text}\n")
    sys.stderr.flush()
