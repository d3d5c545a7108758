"""The statistics with the packages of SageMaker's images."""

from pathlib import Path

import pytest

from tests.template_repos.conftest import run

PROGRAM = """
import csv, json, sys
from pathlib import Path
import numpy, sklearn
from mlops_platform.monitoring import baseline, drift, quality, report, rows

data, folder = Path(sys.argv[1]), Path(sys.argv[2])
with data.open(newline="") as stream:
    read = [row[:-1] for row in csv.reader(stream)]
columns = {"sex": "categoric", **{f"m{index}": "numeric" for index in range(7)}}
baseline.write(baseline.of_rows(read[:2924], columns), folder / "baseline.json")
trained = baseline.read(folder / "baseline.json")
compared = drift.Comparison(trained)
compared.add([[*row[:4], *(str(float(value) * 1.25) for value in row[4:])] for row in read[2924:]])
found = compared.result(drift.Limits())
(folder / "drift.json").write_text(json.dumps(found.document(), sort_keys=True))
answers = quality.Answers()
answers.add([float(row[7]) for row in read[2924:]], [float(row[6]) for row in read[2924:]])
measured = answers.result(baseline.Gate(measure="mse", highest=0.01), unknown=0, least_rows=200)
(folder / "report.html").write_text(report.page(trained, found, title="t", period="p", quality=str(measured)))
print(numpy.__version__, sklearn.__version__)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_same_rows_give_the_same_bytes_in_either_image(
    clone: Path, uv_environment: dict[str, str], tmp_path: Path
) -> None:
    versions: set[str] = set()
    for group in ("xgboost-image", "scikit-learn-image"):
        ask = f"from mlops_platform.pipeline.image_environments import interpreter; print(interpreter('{group}'))"
        found = run("uv", "run", "--frozen", "python", "-c", ask, folder=clone, environment=uv_environment)
        assert found.returncode == 0, found.stderr
        (tmp_path / group).mkdir()
        python, data = found.stdout.strip(), str(clone / "data" / "abalone.csv")
        done = run(python, "-c", PROGRAM, data, str(tmp_path / group), folder=clone, environment=uv_environment)
        assert done.returncode == 0, done.stderr
        versions.add(done.stdout)
    assert len(versions) == 2
    for name in ("baseline.json", "drift.json", "report.html"):
        one, other = (tmp_path / group / name for group in ("xgboost-image", "scikit-learn-image"))
        assert one.read_bytes() == other.read_bytes(), name
