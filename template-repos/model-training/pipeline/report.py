"""The results of a run as Markdown, for the terminal and the summary of a workflow run."""

from mlops_platform.pipeline.expressions import Json

UNITS = {"mse": "squared rings", "rmse": "rings", "mae": "rings", "r2": "1 is perfect"}


def metrics_table(evaluation: Json, threshold: float) -> str:
    """Return the model's quality on the test rows, as a Markdown table."""
    rows = [
        f"| {name} | {metric['value']:.3f} | {UNITS.get(name, '')} |"
        for name, metric in evaluation["regression_metrics"].items()
    ]
    rows.append(
        f"| mse of always predicting the mean | {evaluation['baseline']['mse']['value']:.3f} | {UNITS['mse']} |"
    )
    if "mse" in evaluation["champion"]:
        version, mse = evaluation["champion"]["version"], evaluation["champion"]["mse"]["value"]
        rows.append(f"| mse of version {version} on the same rows | {mse:.3f} | {UNITS['mse']} |")
    rows.append(f"| mse allowed | {threshold:.3f} | {UNITS['mse']} |")
    heading = f"Quality on {evaluation['rows']} rows that training has not seen:"
    table = "\n".join([heading, "", "| metric | value | |", "|---|---:|---|", *rows])
    return f"{table}\n\nChampion: {evaluation['champion']['outcome']}.\n"


def steps_table(rows: list[tuple[str, str, float | None]]) -> str:
    """Return name, state and duration of each step, as a Markdown table."""
    lines = [f"| {name} | {state} | {_duration(seconds)} |" for name, state, seconds in rows]
    return "\n".join(["| step | state | seconds |", "|---|---|---:|", *lines]) + "\n"


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
