"""Install the engine, its plugins, and the Python environments of the sandbox's servers and images."""

import shutil
from collections.abc import Callable
from pathlib import Path

from sandbox import commands, environments, image_environments, paths


def install(say: Callable[[str], None]) -> bool:
    """Install whatever is missing; return whether anything was."""
    # First, because only this can need something that the person has to provide.
    _link_engine(say)
    aws, images = paths.CHECKOUT / "sandbox" / "aws", _images()
    missing = [folder for folder in (aws, *images) if not (folder / ".venv").is_dir()]
    say(f"environment of {aws.relative_to(paths.CHECKOUT)}")
    commands.run(
        environments.uv("sync", "--frozen", "--quiet", "--project", str(aws)),
        log="install-aws",
        environment=environments.machine(),
    )
    for image in images:
        say(f"environment of {image.relative_to(paths.CHECKOUT)}")
        image_environments.install(image, environments.machine())
    paths.PULUMI_HOME.mkdir(parents=True, exist_ok=True)
    commands.run(
        ["python", "-m", "sandbox.plugins", "install", "--home", paths.PULUMI_HOME],
        log="install-plugins",
        environment=environments.machine(),
    )
    version = commands.run(
        [paths.ENGINE / "pulumi", "version"], log="engine-version", environment=environments.machine()
    )
    say(f"Pulumi {version}")
    return bool(missing)


def remove() -> None:
    """Remove everything that the sandbox wrote into the checkout."""
    shutil.rmtree(paths.SANDBOX, ignore_errors=True)


def _link_engine(say: Callable[[str], None]) -> None:
    """Find, download or build the engine, and link to it from the sandbox's folder."""
    printed = commands.run(
        ["python", "-m", "sandbox.engine"], log="install-engine", environment=environments.machine(), on_line=say
    )
    found = Path(printed.splitlines()[-1])
    if not paths.ENGINE.is_symlink() or paths.ENGINE.readlink() != found:
        paths.ENGINE.unlink(missing_ok=True)
        paths.ENGINE.symlink_to(found)


def _images() -> list[Path]:
    """Return the folders of SageMaker's images."""
    return sorted(file.parent for file in (paths.CHECKOUT / "sandbox" / "images").glob("*/pyproject.toml"))
