"""Containers of SageMaker's XGBoost and scikit-learn images without Docker: a folder, and processes over it.

The image is a Python environment with the image's packages; `finish` completes it as the image's Dockerfile does. A
container is a folder: `ml` in it stands for `/opt/ml`, and `layer` is what the container itself installs. It serves as
on SageMaker: `python -m pip install .` of the model's code, then gunicorn with gevent workers and Flask, all from AWS's
`sagemaker-containers`. To serve `<folder>/ml/model`, which is an unpacked model.tar.gz:

    port = container.reserve_port()
    command = container.command(python, folder, container.serving_module(image_uri))
    environment = container.environment(folder, port.getsockname()[1], isolated=True) | {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": f"{folder}/ml/model/code",
        **environment_of_the_model,
    }
    process = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.PIPE)
    ...  # GET /ping answers 200 when the model is loaded, POST /invocations predicts
    container.end(process, seconds=5)

Keep `port` open as long as the container may be started (again), and the process's standard input as long as it
serves: the container ends with whoever holds that pipe.

Different from SageMaker: no nginx in front, which only passes requests on; one worker unless the model's environment
sets SAGEMAKER_MODEL_SERVER_WORKERS, where the toolkit starts one for each processor; the port is open to this machine
only; without network isolation pip uses the machine's network.

Sources: aws/deep-learning-containers, `docker/xgboost/Dockerfile` and `docker/sklearn/1.9-0/Dockerfile`;
aws/sagemaker-containers 2.8.6.post2, `_server.py`, `_modules.py`, `_env.py`.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
from pathlib import Path

IMAGES = Path(__file__).parent / "images"
"""Folder of the modules that the images have and no package index does."""

SERVING_MODULES = {
    "sagemaker-xgboost": "sagemaker_xgboost_container.serving",
    "sagemaker-scikit-learn": "sagemaker_sklearn_container.serving",
}
"""Module that an image's `serve` program runs, by the image's repository."""

CLOSED_INDEX = "http://127.0.0.1:9"
"""Package index for containers without network: the discard port, where nothing answers."""

_GUNICORN = """\
#!/bin/sh
# The toolkit binds to every address; this container's port is for this machine alone. It is reserved (--reuse-port).
for argument; do
    shift
    case $argument in 0.0.0.0:*) argument=127.0.0.1:${argument#*:} ;; esac
    set -- "$@" "$argument"
done
exec PYTHON -m gunicorn --reuse-port "$@"
"""


def serving_module(image_uri: str) -> str:
    """Return the module that an image serves with.

    Raises:
        ValueError: it is neither SageMaker's XGBoost image nor its scikit-learn image.
    """
    repository = image_uri.rpartition("/")[2].partition(":")[0]
    if repository not in SERVING_MODULES:
        raise ValueError(f"{image_uri} is not served here, only images of {' and '.join(SERVING_MODULES)}")
    return SERVING_MODULES[repository]


def finish(python: Path) -> None:
    """Complete an environment with the image's packages, as the image's Dockerfile does; a second time does nothing.

    `sagemaker-containers` needs a name that Python 3.10 removed from `collections`, and `gethostname`, a C extension for
    MPI that it imports in any case. The environment has it without a compiler: as an empty module.
    """
    packages = _site_packages(python)
    mapping = packages / "sagemaker_containers" / "_mapping.py"
    text = mapping.read_text()
    patched = re.sub(r"\bcollections\.Mapping\b", "collections.abc.Mapping", text)
    patched = re.sub(r"^import collections$", "import collections.abc", patched, flags=re.MULTILINE)
    if patched != text:
        # A new file: the old one may be a hard link into the package manager's cache.
        changed = mapping.with_suffix(".new")
        changed.write_text(patched)
        changed.replace(mapping)
    if not list(packages.glob("gethostname.*")):
        (packages / "gethostname.py").write_text('"""Stands for the C extension that MPI jobs preload."""\n')


def reserve_port() -> socket.socket:
    """Return a socket that keeps a free port of this machine for a container, and never listens."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


def command(python: Path, folder: Path, module: str, *modules: Path) -> list[str]:
    """Return the command that serves, after preparing the container's folder.

    Args:
        python: The interpreter in the image's environment.
        folder: The container's folder.
        module: The image's serving module.
        modules: Folders with modules of the image that are not in its environment.
    """
    layer = folder / "layer"
    if not layer.exists():
        (folder / "tmp").mkdir(parents=True)
        _make_layer(layer, python, [IMAGES, *modules])
    return [str(layer / "bin" / "python"), "-P", "-m", "supervised", module]


def environment(folder: Path, port: int, *, isolated: bool) -> dict[str, str]:
    """Return the variables that a container has besides those of its model.

    Args:
        folder: The container's folder.
        port: Port of this machine to serve at.
        isolated: Whether the model has EnableNetworkIsolation: then no package can be downloaded.
    """
    base = folder / "ml"
    no_network = {"PIP_INDEX_URL": CLOSED_INDEX, "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    return {
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join((str(folder / "layer" / "bin"), os.environ["PATH"])),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        "SAGEMAKER_USE_NGINX": "false",
        "SM_MODEL_DIR": str(base / "model"),
        "TEMP": str(folder / "tmp"),
        **(no_network if isolated else {}),
    }


def end(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """End a container: SIGTERM, which lets requests finish, then SIGKILL for all that is left of it."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    # Before it runs Python code of ours, the process is not yet the leader of a group.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _make_layer(layer: Path, python: Path, modules: list[Path]) -> None:
    """Write a virtual environment over the image's: what is installed into it hides what the image has."""
    image = python.parent.parent
    packages = layer / _site_packages(python).relative_to(image)
    packages.mkdir(parents=True)
    (layer / "bin").mkdir()
    shutil.copy(image / "pyvenv.cfg", layer)
    (layer / "bin" / "python").symlink_to(python)
    gunicorn = layer / "bin" / "gunicorn"
    gunicorn.write_text(_GUNICORN.replace("PYTHON", shlex.quote(str(layer / "bin" / "python"))))
    gunicorn.chmod(0o755)
    # addsitedir also reads the image's own .pth files, such as that of setuptools, which provides distutils.
    lines = [f"import site; site.addsitedir({str(_site_packages(python))!r})", *map(str, modules)]
    (packages / "image.pth").write_text("\n".join(lines))


def _site_packages(python: Path) -> Path:
    [packages] = (python.parent.parent / "lib").glob("python3.*/site-packages")
    return packages
