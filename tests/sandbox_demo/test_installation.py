"""The installation of the sandbox: what only the person can provide is asked for first."""

import pytest

from sandbox import commands, installation
from sandbox.commands import CommandFailedError


def test_a_missing_engine_is_said_before_anything_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = list[str]()

    def without_an_engine(*_: object, log: str, **__: object) -> str:
        logs.append(log)
        if log == "install-engine":
            raise CommandFailedError("install Go")
        return ""

    monkeypatch.setattr(commands, "run", without_an_engine)
    with pytest.raises(CommandFailedError, match="install Go"):
        installation.install(lambda _: None)
    assert logs == ["install-engine"]
