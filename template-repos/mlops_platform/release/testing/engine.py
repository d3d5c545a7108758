"""A fake of Pulumi's engine, which records the commands that it gets."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class FakeEngine:
    """The engine for the stack preprod; a repository's own fake overrides `update` and the outputs."""

    program: str
    folder: Path
    state: dict[str, Any] = field(default_factory=lambda: {"version": 3, "deployment": {"resources": list[Any]()}})
    calls: list[list[str]] = field(default_factory=list[list[str]])
    environments: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    imported: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    exit_code: int = 0
    """Exit code of updates and deletions."""
    changes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Operations and types of resources that a preview reports."""
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: dict[str, str],
        input: str = "",  # noqa: A002 - subprocess's name
        **_: object,
    ) -> subprocess.CompletedProcess[str]:
        """Answer a command of Pulumi, in the place of `subprocess.run`."""
        assert cwd == self.folder
        assert command[0] == "pulumi"
        assert command[-5:] == ["--stack", "preprod", "--non-interactive", "--color", "never"]
        arguments = list(command[1:-5])
        self.calls.append(arguments)
        self.environments.append(env)
        output = ""
        match arguments[:2]:
            case ["stack", "export"]:
                output = json.dumps(self.state)
            case ["stack", "import"]:
                self.imported.append(json.loads(input))
            case ["stack", "output"]:
                output = json.dumps(self.outputs)
            case ["preview", _]:
                prefix = f"urn:pulumi:preprod::{self.program}::mlops:index:Component"
                steps = [{"op": op, "urn": f"{prefix}${kind}::name"} for op, kind in self.changes]
                output = json.dumps({"config": {}, "steps": steps})
            case ["up" | "destroy" as change, _]:
                self.update() if change == "up" else self.destroy()
                return subprocess.CompletedProcess(command, self.exit_code)
            case _:
                assert arguments[0] in ("stack", "import")
        return subprocess.CompletedProcess(command, 0, output, "")

    def update(self) -> None:
        """Do what an update does to AWS: nothing."""

    def destroy(self) -> None:
        """Do what the deletion of a stack's resources does to AWS: nothing."""

    def configuration(self) -> dict[str, Any]:
        """Return the program's configuration in the stack file."""
        content = json.loads((self.folder / "Pulumi.preprod.yaml").read_text())
        return {key.removeprefix(f"{self.program}:"): value for key, value in content["config"].items()}

    def commands(self, name: str) -> list[list[str]]:
        """Return the recorded commands with a name, such as `import`."""
        return [call for call in self.calls if call[0] == name]
