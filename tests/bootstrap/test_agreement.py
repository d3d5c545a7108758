"""Stacks of one unit, whose settings have to say the same about what they share."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap import agreement

ROOT = Path(__file__).parents[2]


def different(folder: Path, stack: str, key: str, value: object, unit: str = "analytics") -> list[str]:
    """Return the disagreements of the checked-in stacks once a setting of one is another."""
    for file in ROOT.glob("Pulumi.*.yaml"):
        content: dict[str, Any] = yaml.safe_load(file.read_text())
        if file.name == f"Pulumi.{stack}.yaml":
            section, *rest = key.split(".")
            place, last = content["config"], f"mlops-platform:{section}"
            for name in rest:
                place, last = place[last], name
            place[last] = value
        (folder / file.name).write_text(yaml.safe_dump(content))
    return list(agreement.disagreements(folder, unit))


@pytest.mark.parametrize(
    ("stack", "key", "value", "said"),
    [
        ("prod", "region", "us-east-1", "region of dev is eu-west-1, and region of prod is us-east-1"),
        (
            "preprod",
            "github.organization",
            "other",
            "github.organization of dev is acme, and github.organization of preprod is other",
        ),
        (
            "prod",
            "github.serverUrl",
            "https://github.example.com",
            "github.serverUrl of dev is not set, and github.serverUrl of prod is https://github.example.com",
        ),
        (
            "prod",
            "accountId",
            "444444444444",
            "development.projects.prodAccountId of dev is 333333333333, and accountId of prod is 444444444444",
        ),
        (
            "preprod",
            "workload.developmentAccountId",
            "444444444444",
            "accountId of dev is 111111111111, and workload.developmentAccountId of preprod is 444444444444",
        ),
    ],
)
def test_what_stacks_say_differently_is_told_with_both_values(
    tmp_path: Path, stack: str, key: str, value: str, said: str
) -> None:
    assert different(tmp_path, stack, key, value) == [said]


def test_the_checked_in_stacks_agree_and_those_of_another_unit_do_not_count(tmp_path: Path) -> None:
    assert list(agreement.disagreements(ROOT, "analytics")) == []
    assert different(tmp_path, "prod", "unit", "payments") == []
