"""Run the batch's pipeline on this machine, as its definition says: the same script, arguments, folders and packages."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from batch import PURPOSE
from batch.definition import INPUT, WINDOW, Batch, definition
from batch.window import input_uri
from deployment.settings import Settings
from mlops_platform.pipeline import image_environments, job_code
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.local_run import LocalRun
from mlops_platform.pipeline.upload import target_uri
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.version import Version
from mlops_platform.scheduled.code import IMPORTED, JOB
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.names import Names

HERE = Path(__file__).resolve().parent
DATA = HERE / "abalone.csv"
GROUP = "xgboost-image"
"""Dependency group with the packages of the image."""
ACCOUNT, REGION, PROJECT_ID = "111122223333", "eu-west-1", "p-example00000"
ENVIRONMENT = Environment(
    name="preprod",
    account_id=ACCOUNT,
    deployment_name=f"example-preprod-{PROJECT_ID}",
    deployment_role_arn="arn:aws:iam::111122223333:role/example",
    release_function="example",
    artifacts_bucket="example-bucket",
    state_bucket="example-state",
    state_key_alias="alias/example",
    parameter_path="/example",
)
PROJECT = Project(
    name="example",
    id=PROJECT_ID,
    partition="aws",
    unit="example",
    region=REGION,
    models_account_id=ACCOUNT,
    package_group="example",
    environments={"preprod": ENVIRONMENT},
)
CONTAINER = Container(
    image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:3.2-0",
    environment={"SAGEMAKER_PROGRAM": "inference.py"},
    role_arn="arn:aws:iam::111122223333:role/example-model",
    subnet_ids=["subnet-00000000000000000"],
    security_group_ids=["sg-00000000000000000"],
)


def interpreter(_: str) -> Path:
    """Return the interpreter with the packages of the image, which are installed first."""
    return image_environments.interpreter(GROUP)


def example_model(folder: Path) -> Path:
    """Fit the example's model on every other row of the data, and return its archive."""
    rows, content, archive = folder / "train.csv", folder / "model", folder / "model.tar.gz"
    rows.write_text("".join(DATA.read_text().splitlines(keepends=True)[::2]))
    path = os.pathsep.join(map(str, (HERE.parent, HERE / "code")))
    command = [str(interpreter("")), str(HERE / "train.py"), str(rows), str(content)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True)
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(content.iterdir()):
            tar.add(file, file.name)
    return archive


@dataclass(frozen=True, kw_only=True)
class LocalBatch:
    """A batch on this machine, whose S3 is a folder."""

    folder: Path
    model: Path
    """The model's archive."""
    settings: Settings
    names: Names = Names(project=PROJECT, environment=ENVIRONMENT, purpose=PURPOSE)  # noqa: RUF009 - it is frozen

    def run(self, window: str, objects: Mapping[str, bytes]) -> Json:
        """Score the objects of a window, and return the manifest.

        Raises:
            StepFailedError: the run fails.
        """
        with job_code.assembled(JOB, IMPORTED) as job:
            code_uri = target_uri(job, self.names.uri("code"))
            run = self._execution(window, code_uri)
            run.upload(job, code_uri)
        run.upload(self.model, self._version().artifact_uri)
        given = input_uri(self.names, self.settings.input, window)
        target = run.s3_path(given)
        shutil.rmtree(target, ignore_errors=True)
        for name, content in objects.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)
        run.run()
        return json.loads((self.output / "runs" / window / "manifest.json").read_text())

    @property
    def output(self) -> Path:
        """Folder of what all runs wrote."""
        return self.folder / "s3" / self.names.bucket / self.names.folder / "output"

    def log(self) -> str:
        """Return what the jobs printed."""
        return "".join(file.read_text() for file in sorted(self.folder.glob("jobs/*/log.txt")))

    def _execution(self, window: str, code_uri: str) -> LocalRun:
        batch = Batch(
            names=self.names,
            version=self._version(),
            container=CONTAINER,
            plan=self.settings.plans[ENVIRONMENT.name],
            settings=self.settings,
            kms_key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000",
            code_uri=code_uri,
        )
        chosen = {INPUT: input_uri(self.names, self.settings.input, window), WINDOW: window}
        return LocalRun(definition=definition(batch), folder=self.folder, interpreter=interpreter, parameters=chosen)

    def _version(self) -> Version:
        digest = hashlib.sha256(self.model.read_bytes()).hexdigest()
        return Version(
            package_arn=PROJECT.package_arn(1),
            version=1,
            model_name="example",
            artifact_uri=f"s3://{self.names.bucket}/approved/{PROJECT_ID}/1/model.tar.gz",
            sha256=digest,
        )


Change = Callable[[list[str]], list[str]]


def day(first: int, rows: int = 1000, change: Change = list[str]) -> bytes:
    """Return rows of the data that the model was not fitted on, without the truth, each changed if that is asked for."""
    lines = DATA.read_text().splitlines()[1::2]
    chosen = [lines[(first + index) % len(lines)].split(",")[:-1] for index in range(rows)]
    return "".join(",".join(change(row)) + "\n" for row in chosen).encode()
