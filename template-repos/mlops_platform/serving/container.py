"""Run a container of SageMaker's XGBoost or scikit-learn image without Docker: AWS's own server, over a folder.

The image is a Python environment with the image's packages, whose interpreter runs this program (standard library only):

    <image>/bin/python container.py finish
    <image>/bin/python container.py serve IMAGE_URI [--isolated]

`finish` completes the environment as the image's Dockerfile does, once. `serve` serves a model as on SageMaker: it
installs the model's code by `python -m pip install .`, then gunicorn with gevent workers and Flask answers `/ping` and
`/invocations`, all by AWS's `sagemaker-containers`. It takes from its environment

- `SM_BASE`, a folder that stands for `/opt/ml`: `model` in it is the unpacked model.tar.gz. Its parent is the
  container's own: `layer` (what is installed in the container), `tmp`. Paths below `/opt/ml` in variables are rewritten.
- `SAGEMAKER_BIND_TO_PORT`, the port of this machine to answer at. Another process may hold it by a socket that does not
  listen, with SO_REUSEPORT, so that nobody else takes it meanwhile.
- the variables of the model, such as SAGEMAKER_PROGRAM and SAGEMAKER_SUBMIT_DIRECTORY.

Give it a pipe as standard input, and hold the other end: when that closes, the server and its workers are killed.
SIGTERM ends it after the requests under way. `/ping` answers 200 once the model is loaded. The process ends by itself if
the code cannot be installed. With `--isolated` (EnableNetworkIsolation) pip finds no package index.

Different from SageMaker: no nginx, which only passes requests on and logs them; one worker unless SAGEMAKER_MODEL_SERVER_WORKERS says
otherwise, where the toolkit starts one for each processor; the port is open to this machine only.

Sources: aws/deep-learning-containers e0ecede, `docker/xgboost/Dockerfile` and `docker/sklearn/1.9-0/Dockerfile`;
aws/sagemaker-containers 2.8.6.post2, `_server.py`, `_modules.py`, `_env.py`.
"""

import argparse
import os
import re
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

IMAGES = Path(__file__).parent / "images"
"""Folder of the modules that the images have and no package index does."""

SERVING_MODULES = {
    "sagemaker-xgboost": "sagemaker_xgboost_container.serving",
    "sagemaker-scikit-learn": "sagemaker_sklearn_container.serving",
}
"""Module that an image's `serve` program runs, by the image's repository."""

OPT_ML = "/opt/ml"

NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
"""Settings of pip where there is no network. Nothing answers at the discard port, at any attempt."""

GUNICORN = """\
#!/bin/sh
# The toolkit binds to every address of the machine. This port is for the machine alone, and may be held by a socket.
# The control socket's path below HOME may be too long here; nothing uses it.
for argument; do
    shift
    case $argument in 0.0.0.0:*) argument=127.0.0.1:${argument#*:} ;; esac
    set -- "$@" "$argument"
done
exec PYTHON -m gunicorn --reuse-port --no-control-socket "$@"
"""


def serving_module(image: str) -> str:
    """Return the module that an image serves with.

    Raises:
        ValueError: it is neither SageMaker's XGBoost image nor its scikit-learn image.
    """
    repository = image.rpartition("/")[2].partition(":")[0]
    if repository not in SERVING_MODULES:
        raise ValueError(f"{image} is not served here, only images of {' and '.join(SERVING_MODULES)}")
    return SERVING_MODULES[repository]


def finish(packages: Path) -> None:
    """Complete an environment's packages as the image's Dockerfile does; a second time it changes nothing.

    `sagemaker-containers` uses a name that Python 3.10 removed from `collections`, and imports `gethostname`, a C
    extension for MPI. The environment is installed without a compiler, so an empty module stands for that.
    """
    mapping = packages / "sagemaker_containers" / "_mapping.py"
    text = mapping.read_text()
    patched = re.sub(r"^import collections$", "import collections.abc", text, flags=re.MULTILINE)
    patched = patched.replace("collections.Mapping", "collections.abc.Mapping")
    if patched != text:
        # A new file: the old one may be a hard link into the package manager's cache.
        changed = mapping.with_suffix(".new")
        changed.write_text(patched)
        changed.replace(mapping)
    if not list(packages.glob("gethostname.*")):
        (packages / "gethostname.py").write_text('"""Stands for the C extension that MPI jobs preload."""\n')


def make_layer(layer: Path, packages: Path, *modules: Path) -> None:
    """Write a virtual environment over the image's, for what the container installs.

    Args:
        layer: Folder of the environment.
        packages: Folder of the image's packages.
        modules: Folders of modules that the image has besides.
    """
    within = packages.relative_to(sys.prefix)
    (layer / within).mkdir(parents=True)
    (layer / "bin").mkdir()
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", layer)
    python = layer / "bin" / "python"
    python.symlink_to(sys.executable)
    gunicorn = layer / "bin" / "gunicorn"
    gunicorn.write_text(GUNICORN.replace("PYTHON", shlex.quote(str(python))))
    gunicorn.chmod(0o755)
    # addsitedir also reads the image's own .pth files; that of setuptools provides distutils.
    lines = [f"import site; site.addsitedir({str(packages)!r})", *map(str, modules)]
    (layer / within / "image.pth").write_text("\n".join(lines))


def environment(base: Path, variables: Mapping[str, str], *, isolated: bool) -> dict[str, str]:
    """Return a container's variables: the image's, those given, and those that keep it in its folder.

    Args:
        base: The folder that stands for `/opt/ml`.
        variables: Those of the model.
        isolated: Whether the container has no network.
    """
    of_image = {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        "SM_MODEL_DIR": f"{OPT_ML}/model",
    }
    of_folder = {
        "HOME": str(base.parent),
        "PATH": os.pathsep.join((str(base.parent / "layer" / "bin"), variables["PATH"])),
        "SAGEMAKER_BASE_DIR": OPT_ML,
        "SAGEMAKER_USE_NGINX": "false",
        "TEMP": str(base.parent / "tmp"),
    }
    wanted = of_image | dict(variables) | of_folder | (NO_INDEX if isolated else {})
    below = re.compile(rf"^{OPT_ML}(?=/|$)")
    return {name: below.sub(lambda _: str(base), value) for name, value in wanted.items()}


def serve(module: str, *modules: Path, isolated: bool) -> None:
    """Become the serving program of an image."""
    os.setpgid(0, 0)
    base = Path(os.environ["SM_BASE"])
    layer = base.parent / "layer"
    if not layer.exists():
        (base.parent / "tmp").mkdir(exist_ok=True)
        make_layer(layer, Path(sysconfig.get_path("purelib")), IMAGES, *modules)
    os.chdir(base.parent)
    python = str(layer / "bin" / "python")
    variables = environment(base, os.environ, isolated=isolated)
    os.execve(python, [python, "-P", "-m", "supervised", module], variables)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Run a container of a SageMaker image.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("finish", help="complete the environment as the image's Dockerfile does")
    server = commands.add_parser("serve", help="serve the model in SM_BASE")
    server.add_argument("image", help="URI of the image")
    server.add_argument("--isolated", action="store_true", help="without a package index (EnableNetworkIsolation)")
    server.add_argument("--custom", type=Path, help="folder of an image that is not SageMaker's; has a serving.py")
    given = parser.parse_args(arguments)
    if given.command == "finish":
        finish(Path(sysconfig.get_path("purelib")))
    elif given.custom:
        serve("serving", given.custom, isolated=given.isolated)
    else:
        serve(serving_module(given.image), isolated=given.isolated)


if __name__ == "__main__":
    main()
