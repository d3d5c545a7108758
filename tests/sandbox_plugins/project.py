"""A Pulumi project that the real engine deploys."""

import json
import subprocess
import sysconfig
import textwrap
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREAMBLE = """
import json
import pulumi
import pulumi_aws as aws

provider = aws.Provider("aws", region="eu-west-1", allowed_account_ids=["111111111111"])
opts = pulumi.ResourceOptions(provider=provider)
trust = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Sid": "T", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
"""


@dataclass
class Project:
    """A Pulumi project with one stack, whose state is in the same folder."""

    folder: Path
    environment: dict[str, str]

    def program(self, text: str) -> None:
        """Write the program."""
        (self.folder / "__main__.py").write_text(PREAMBLE + textwrap.dedent(text))

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the engine."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the engine and return its output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=240)
        assert (process.returncode != 0) == fails, output
        return output

    def up(self, *, fails: bool = False) -> str:
        """Deploy."""
        return self.run("up", "--yes", "--skip-preview", fails=fails)

    def unchanged(self) -> None:
        """Expect that neither preview nor refresh finds a change."""
        self.run("preview", "--expect-no-changes")
        self.run("refresh", "--preview-only", "--expect-no-changes")

    def state(self) -> dict[str, Any]:
        """Return the stack's state; secrets stay encrypted.

        Read from the file that the engine keeps it in: `pulumi stack export` starts a whole engine.
        """
        (path,) = self.folder.glob(".pulumi/stacks/*/test.json")
        return json.loads(path.read_text())["checkpoint"]["latest"]

    def resource(self, name: str) -> dict[str, Any]:
        """Return a resource of the state."""
        return next(each for each in self.state()["resources"] if each["urn"].endswith(f"::{name}"))


def with_own_environment(project: Project) -> str:
    """Give a program a Python environment of its own, and return its path.

    It holds what the checkout's holds; a deployment repository installs the same from its own lock file.
    """
    folder = project.folder / ".venv"
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "checkout.pth").write_text(sysconfig.get_path("purelib"))
    del project.environment["VIRTUAL_ENV"]
    return str(folder)
