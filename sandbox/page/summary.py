"""Prints the end of the story on the terminal: what exists, how good the model is, where to look around."""

from rich.console import Console
from rich.table import Table

from sandbox.models import RegisteredModel
from sandbox.page import architecture
from sandbox.page.render import Account


def print_summary(
    console: Console, *, accounts: list[Account], model: RegisteredModel, places: list[tuple[str, str]], closing: str
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
    quality = ", ".join(f"{name} {value:.2f}" for name, value in model.metrics.items())
    console.print(f"\nThe model on data that it was not trained on: {quality}", soft_wrap=True)
    console.print(f"{model.arn} is {model.approval}.\n", soft_wrap=True)
    for what, where in places:
        console.print(f"{what:<28} {where}", soft_wrap=True, highlight=False)
    console.print(f"\n[bold]{closing}[/bold]", soft_wrap=True)
