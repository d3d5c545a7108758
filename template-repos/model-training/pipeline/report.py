"""The results of a run as Markdown, for the terminal and the summary of a workflow run."""

from collections.abc import Sequence

from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.remote import Step
from pipeline.settings import Quality

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
    champion = evaluation["champion"]
    if "mse" in champion:
        version, mse = champion["version"], champion["mse"]["value"]
        rows.append(f"| mse of version {version} on the same rows | {mse:.3f} | {UNITS['mse']} |")
    rows.append(f"| mse allowed | {threshold:.3f} | {UNITS['mse']} |")
    heading = f"Quality on {evaluation['rows']} rows that training has not seen:"
    table = "\n".join([heading, "", "| metric | value | |", "|---|---:|---|", *rows])
    data = f"Data: {evaluation['data']['rows']} rows of {evaluation['data']['source']}."
    compared = "" if champion["version"] == "none" else f"\nChampion: {champion['outcome']}.\n"
    return f"{table}\n\n{data}\n{compared}"


def execution(
    pipeline: str, steps: Sequence[Step], evaluation: Json | None, *, quality: Quality, registered: str
) -> str:
    """Return the course of an execution as Markdown.

    Args:
        pipeline: name of the pipeline.
        steps: the steps of the execution.
        evaluation: the model's quality, if it was evaluated.
        quality: the quality that a model needs.
        registered: what to say of a model that was registered.
    """
    parts = [f"## Pipeline {pipeline}\n\n"]
    if evaluation is not None:
        parts.append(metrics_table(evaluation, quality.mse_threshold) + "\n")
    parts.append(steps_table([(step.name, step.outcome or step.status, step.seconds) for step in steps]))
    parts.extend(f"\n**{step.name}**: {step.failure_reason}\n" for step in steps if step.failure_reason)
    if any(step.name == "BeatsTheChampion" and step.outcome == "False" for step in steps):
        wanted = quality.least_improvement
        parts.append(
            f"\nNothing was registered: settings.toml asks for {wanted:.1%} less error than the champion has.\n"
        )
    parts.extend(f"\n{registered}: `{step.model_package_arn}`\n" for step in steps if step.model_package_arn)
    return "".join(parts)


def steps_table(rows: list[tuple[str, str, float | None]]) -> str:
    """Return name, state and duration of each step, as a Markdown table."""
    lines = [f"| {name} | {state} | {_duration(seconds)} |" for name, state, seconds in rows]
    return "\n".join(["| step | state | seconds |", "|---|---|---:|", *lines]) + "\n"


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
