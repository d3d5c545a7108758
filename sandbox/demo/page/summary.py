"""Print the summary at the end of the demo: what exists, the models' quality, and where to look next."""

from rich.console import Console
from rich.table import Table

from sandbox.architecture.components import components
from sandbox.demo.outcome import Outcome
from sandbox.organization import USERS


def print_people(console: Console) -> None:
    """Introduce the people of the demo, before the first of them does anything."""
    console.print("The people of the demo, who have accounts on this machine only:")
    for user in USERS:
        console.print(f"  {user.login:<18} {user.part}", soft_wrap=True, highlight=False)
    console.print()


def print_summary(console: Console, outcome: Outcome, *, closing: str) -> None:
    """Print the summary of a run; `closing` is its last line."""
    exists = Table(title="What exists", title_justify="left")
    exists.add_column("account")
    exists.add_column("resources", justify="right")
    exists.add_column("Pulumi's entries", justify="right")
    exists.add_column("components")
    for account in outcome.accounts:
        parts = components(account.state)
        listed = ", ".join(f"{part.kind} ({part.resources.total()})" for part in parts)
        exists.add_row(f"{account.name} {account.id}", str(account.resources), str(len(account.state)), listed)
    console.print(exists)
    console.print(
        "Resources are what AWS or GitHub have. Pulumi's entries, which the steps above count, are these and some of its "
        "own: the stack, its providers, and the components that group resources.",
        highlight=False,
    )
    console.print("\nThe models on data that they were not trained on")
    for model in outcome.models:
        quality = ", ".join(f"{name} {value:.2f}" for name, value in model.metrics.items())
        console.print(f"  version {model.version}, {model.approval}: {quality}", soft_wrap=True)
    if outcome.releases:
        console.print("\nThe ways to production, with the seconds until each event since the one before it")
    for release in outcome.releases:
        console.print(f"  {release.title}: {release}", soft_wrap=True, highlight=False)
    console.print("\nPredictions of production for abalones that the model was not trained on")
    for counted, predicted in outcome.predictions:
        console.print(f"  {predicted:5.2f} rings predicted, {counted:2.0f} counted")
    console.print()
    width = max(len(name) for name, _ in outcome.places)
    for name, place in outcome.places:
        console.print(f"{name:<{width}}  {place}", soft_wrap=True, highlight=False)
    console.print(f"\n[bold]{closing}[/bold]", soft_wrap=True)
