"""Test a deployed batch: score rows whose truth is known by the deployed pipeline, in an area that nobody else reads."""

import csv
import io
import tempfile
from pathlib import Path

from batch.definition import TESTS
from deployment.executions import Executions, Finished
from deployment.runs import MINUTES, attempt, executions
from deployment.settings import Settings
from mlops_platform import REPOSITORY
from mlops_platform.pipeline import upload
from mlops_platform.project import aws, summary
from mlops_platform.release import DeploymentError, known_rows
from mlops_platform.release.project import Environment, Project
from mlops_platform.scheduled.code import data_key

ROWS = REPOSITORY / "smoke" / "abalone.csv"
OBJECT = "rows.csv"


def command(owner: Project, environment: Environment, configured: Settings) -> None:
    """Test the batch of an environment, and publish the result.

    Raises:
        DeploymentError: the run fails, or an answer is wrong or missing.
    """
    made = executions(owner, environment, configured)
    try:
        test(made, configured)
    except DeploymentError as error:
        raise DeploymentError(
            f"{error}\n  {environment.name} scores with this version all the same: "
            "`make rollback VERSION=N` deploys version N again"
        ) from error


def test(made: Executions, configured: Settings) -> None:
    """Score the rows, and compare the answers with the limits.

    Raises:
        DeploymentError: the run fails, or an answer is wrong or missing.
    """
    rows, truth = known_rows.read_rows(ROWS)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "rows")
        folder.mkdir()
        (folder / OBJECT).write_bytes(known_rows.to_csv(rows))
        s3 = aws.client("s3", made.names.project.region)
        uri = upload.upload(s3, folder, made.names.uri("code"), data_key(made.names))
    which = attempt()
    finished = made.run(f"test-{which}", input_uri=f"{uri}/", area=TESTS, attempt=which, minutes=MINUTES)
    predictions = _predictions(made, finished, len(rows))
    error = known_rows.require_good(made.names.pipeline, rows, truth, predictions, configured.test)
    examples = "".join(f"| {p:.1f} | {t:g} |\n" for p, t in list(zip(predictions, truth, strict=True))[:5])
    summary.publish(
        f"## {made.names.environment.name} scores the test\n\n"
        f"{len(rows)} rows, off by {error:.2f} on average (allowed {configured.test.mean_absolute_error:g}), "
        f"in {finished.seconds / 60:.1f} minutes for {finished.usd:.3f} USD at most.\n\n"
        f"| predicted | true |\n|---:|---:|\n{examples}\n"
    )


def _predictions(made: Executions, finished: Finished, expected: int) -> list[float]:
    counted = finished.manifest["rows"]
    if counted["out"] != expected:
        raise DeploymentError(
            f"{made.names.pipeline} put {counted['quarantined']} of the {counted['in']} rows in smoke/ aside, all of which are "
            "good: the model has other columns, see smoke/README.md"
        )
    [scored] = finished.manifest["objects"]
    content = made.read(f"{TESTS}/{finished.manifest['results']}{scored['predictions']['name']}")
    if content is None:
        raise DeploymentError(f"{made.names.pipeline} has no results where its manifest says: run the test again")
    lines = csv.reader(io.StringIO(content.decode(), newline=""))
    return [known_rows.number(made.names.pipeline, answer) for _, *answer in lines]
