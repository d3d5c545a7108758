"""Prints the end of the story on the terminal: what exists, how good the models are, where to look around."""

from rich.console import Console
from rich.table import Table

from sandbox.demo.models import RegisteredModel
from sandbox.demo.page import architecture
from sandbox.demo.page.render import Account
from sandbox.demo.releases import Release


def print_summary(
    console: Console,
    *,
    accounts: list[Account],
    models: list[RegisteredModel],
    releases: list[Release],
    answers: list[tuple[float, float]],
    places: list[tuple[str, str]],
    closing: str,
) -> None:
    """Print the summary; `closing` is its last line."""
    exists = Table(title="What exists", title_justify="left")
    exists.add_column("account")
    exists.add_column("resources", justify="right")
    exists.add_column("components")
    for account in accounts:
        parts = architecture.components(account.state)
        listed = ", ".join(f"{part.kind} ({part.resources.total()})" for part in parts)
        exists.add_row(f"{account.name} {account.id}", str(account.resources), listed)
    console.print(exists)
    console.print("\nThe models on data that they were not trained on")
    for model in models:
        quality = ", ".join(f"{name} {value:.2f}" for name, value in model.metrics.items())
        console.print(f"  version {model.version}, {model.approval}: {quality}", soft_wrap=True)
    for release in releases:
        phases = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in (*release.phases, *release.durations))
        console.print(f"  {release.arn.rpartition(':')[2]} to production: {phases}", soft_wrap=True)
    console.print("\nWhat production says of abalone that it has not seen")
    for counted, predicted in answers:
        console.print(f"  {predicted:5.2f} rings predicted, {counted:2.0f} counted")
    console.print()
    for what, where in places:
        console.print(f"{what:<28} {where}", soft_wrap=True, highlight=False)
    console.print(f"\n[bold]{closing}[/bold]", soft_wrap=True)
