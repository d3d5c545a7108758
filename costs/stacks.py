"""The program, run on the settings of a stack without an account: it declares everything, and nothing is created."""

import json
import runpy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pulumi
import yaml

from costs import engine
from costs.declared import Declaration, record

ROOT = Path(__file__).parents[1]
Settings = Mapping[str, Any]
"""Settings of one stack, by their keys without the namespace."""


def names() -> Sequence[str]:
    """Return the names of the stacks that have a settings file: development first, production last."""
    found = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("Pulumi.*.yaml")]
    return sorted(found)


def settings_of(stack: str) -> Settings:
    """Return the settings of a stack, from its file."""
    content = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    return {key.removeprefix(f"{engine.PROJECT}:"): value for key, value in content.items()}


class _Previewed(pulumi.runtime.Mocks):
    """An engine that knows no more of a resource than its inputs, as in the preview of a new stack."""

    def __init__(self, region: str, account_id: str) -> None:
        self._answers: Mapping[str, Mapping[str, Any]] = {
            "aws:index/getAvailabilityZones:getAvailabilityZones": {
                "id": region,
                "names": [f"{region}{letter}" for letter in "abcdef"],
                "zoneIds": [f"{region}-az{number}" for number in range(1, 7)],
            },
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "id": account_id,
                "accountId": account_id,
                "arn": f"arn:aws:iam::{account_id}:root",
                "userId": account_id,
            },
        }

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token not in self._answers:
            raise LookupError(f"costs/stacks.py has no answer for {args.token}, which the program asks: add one there")
        return dict(self._answers[args.token]), []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return args.name, cast("dict[str, Any]", args.inputs)


def declared_by(settings: Settings) -> Sequence[Declaration]:
    """Run the program on settings, and return what it declares.

    Raises:
        pulumi.RunError: the settings cannot be used; says why.
    """
    declared: list[Declaration] = []

    def program() -> None:
        recorded = record()
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
        declared.extend(recorded)

    engine.run(
        program,
        engine.Monitor(_Previewed(str(settings.get("region")), str(settings.get("accountId")))),
        stack="costs",
        configuration={
            f"{engine.PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in settings.items()
        },
        preview=True,
    )
    return declared
