"""Print the summary at the end of the demo: what exists, the models' quality, and where to look next."""

from rich.console import Console
from rich.table import Table

from sandbox.architecture.components import components
from sandbox.demo.outcome import Outcome


def print_summary(console: Console, outcome: Outcome, *, closing: str) -> None:
    """Print the summary of a run; `closing` is its last line."""
    exists = Table(title="What exists", title_justify="left")
    exists.add_column("account")
    exists.add_column("resources", justify="right")
    exists.add_column("components")
    for account in outcome.accounts:
        parts = components(account.state)
        listed = ", ".join(f"{part.kind} ({part.resources.total()})" for part in parts)
        exists.add_row(f"{account.name} {account.id}", str(account.resources), listed)
    console.print(exists)
    console.print("\nThe models on data that they were not trained on")
    for model in outcome.models:
        quality = ", ".join(f"{name} {value:.2f}" for name, value in model.metrics.items())
        console.print(f"  version {model.version}, {model.approval}: {quality}", soft_wrap=True)
    for release in outcome.releases:
        phases = ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in (*release.phases, *release.durations))
        console.print(f"  {release.arn.rpartition(':')[2]} to production: {phases}", soft_wrap=True)
    console.print("\nPredictions of production for abalones that the model was not trained on")
    for counted, predicted in outcome.predictions:
        console.print(f"  {predicted:5.2f} rings predicted, {counted:2.0f} counted")
    console.print()
    for name, place in outcome.places:
        console.print(f"{name:<28} {place}", soft_wrap=True, highlight=False)
    console.print(f"\n[bold]{closing}[/bold]", soft_wrap=True)
