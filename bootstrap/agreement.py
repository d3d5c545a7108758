"""Agreement of the stacks of a business unit: what several files of settings say has to be the same in all of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bootstrap import settings_file

Settings = Mapping[str, object]

SHARED = ("region", "github.organization", "github.organizationId", "github.serverUrl")
"""Settings that a project's repository, and the names of what it has in each account, have from development alone."""
ACCOUNTS = {"preprod": "development.projects.preprodAccountId", "prod": "development.projects.prodAccountId"}
"""Settings of development that name the account of another environment."""


def disagreements(folder: Path, unit: str) -> Iterator[str]:
    """Yield what the stacks of a unit whose settings are in `folder` say differently."""
    stacks = settings_file.of_unit(unit, folder)
    development = next((name for name, settings in stacks.items() if "development" in settings), None)
    if development is None:
        return
    dev = stacks.pop(development)
    for name, settings in stacks.items():
        pairs = [(key, key) for key in SHARED]
        if name in ACCOUNTS and _at(dev, ACCOUNTS[name]) is not None:
            pairs.append((ACCOUNTS[name], "accountId"))
        if "workload" in settings and (_at(settings, "workload.developmentEnvironment") or "dev") == development:
            pairs.append(("accountId", "workload.developmentAccountId"))
        for ours, theirs in pairs:
            here, there = _at(dev, ours), _at(settings, theirs)
            if here != there:
                yield f"{ours} of {development} is {_shown(here)}, and {theirs} of {name} is {_shown(there)}"


def _at(settings: Settings, path: str) -> object:
    """Return the setting at a path such as `github.organization`; None if there is none."""
    section, _, rest = path.partition(".")
    return _at(settings_file.section(settings, section), rest) if rest else settings.get(section)


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)
