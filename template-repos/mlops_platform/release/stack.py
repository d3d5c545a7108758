"""The program's state, and the engine that runs the program: one stack per environment, in that account's bucket.

A checkout is fresh each time and holds no stack file. The one written here names the key that protects the state's
secrets and what is deployed; the engine finds the rest in the state.
"""

import json
import logging
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_platform.project import aws
from mlops_platform.release import DeploymentError
from mlops_platform.release.plan import Plan
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.steps import step

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The stack of an environment."""

    program: str
    """Name of the Pulumi project: part of the path of its state."""
    folder: Path
    """The folder of the program."""
    project: Project
    environment: Environment
    s3: Any
    say: Callable[[str], None]

    @classmethod
    def of(cls, program: str, folder: Path, project: Project, environment: Environment) -> "Stack":
        """Return the stack of an environment, with the credentials of this process."""
        return cls(
            program=program,
            folder=folder,
            project=project,
            environment=environment,
            s3=aws.client("s3", project.region),
            say=logger.info,
        )

    def configure(self, values: Mapping[str, Any]) -> None:
        """Write the stack file of this update, with the program's configuration."""
        content = {
            "secretsprovider": self._secrets_provider,
            "config": {f"{self.program}:{key}": value for key, value in values.items()},
        }
        # JSON is YAML, too.
        (self.folder / f"Pulumi.{self.environment.name}.yaml").write_text(json.dumps(content, indent=2) + "\n")

    def select(self) -> None:
        """Log in to the account's state, and create the stack if this is the first deployment."""
        self._pulumi(["stack", "select", "--create", "--secrets-provider", self._secrets_provider])

    def release_lock(self) -> None:
        """Remove the lock of a run that was killed.

        No other run can hold it: only this repository's workflow may become the role that reaches the state, and its
        concurrency group lets one run at a time get this far.
        """
        prefix = f"projects/{self.project.id}/.pulumi/locks/organization/{self.program}/{self.environment.name}/"
        bucket = self.environment.state_bucket
        for entry in self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            self.s3.delete_object(Bucket=bucket, Key=entry["Key"])
            self.say(f"released the lock that a killed run left at {entry['LastModified']:%Y-%m-%d %H:%M:%S}")

    def recover(self, existing: Mapping[str, str]) -> set[str]:
        """Clear the operations that a killed run left pending, so that the next update converges.

        A resource that the run was changing or deleting is read by the update's refresh. One that it was creating may
        or may not exist: with a fixed name it is adopted, all others are created again.

        Args:
            existing: resources with fixed names that exist: names by types. Everything else must have random names or
                be overwritten by the call that creates it, or its creation would fail.

        Returns:
            The types of the resources that the state knows.
        """
        exported = json.loads(self._pulumi(["stack", "export"]))
        deployment = exported["deployment"]
        resources: list[dict[str, Any]] = deployment.get("resources") or []
        types = {resource["type"] for resource in resources}
        pending: list[dict[str, Any]] = deployment.pop("pending_operations", None) or []
        if not pending:
            return types
        self.say(f"a killed run left {len(pending)} operation(s) half-done: taking them up")
        self._pulumi(["stack", "import"], json.dumps(exported))
        known = {resource["urn"] for resource in resources}
        for operation in pending:
            resource = operation["resource"]
            unknown = operation["type"] == "creating" and resource["urn"] not in known
            if unknown and resource["type"] in existing:
                self._adopt(resource, existing[resource["type"]])
        return types

    def preview(self) -> Plan:
        """Return what an update with this stack file would do, after what AWS has now."""
        return Plan.parse(self._pulumi(["preview", "--refresh", "--json"]))

    def up(self) -> int:
        """Update the account to what the program declares; returns the engine's exit code."""
        return self._change("up")

    def destroy(self) -> int:
        """Delete what the state knows and the account still has; returns the engine's exit code."""
        return self._change("destroy")

    def retire(self, existing: Mapping[str, str]) -> None:
        """Delete what the state knows, also after a run that was killed; `existing` is that of `recover`.

        Raises:
            DeploymentError: something cannot be deleted.
        """
        with step("prepare the state"):
            self.configure({})
            self.select()
            self.release_lock()
            self.recover(existing)
        with step("pulumi destroy"):
            code = self.destroy()
        if code:
            raise DeploymentError(
                f"pulumi destroy failed in {self.environment.name}; its messages are above: run this again"
            )

    def outputs(self) -> dict[str, Any]:
        """Return what the program exports."""
        return json.loads(self._pulumi(["stack", "output", "--json"]))

    def _change(self, command: str) -> int:
        arguments = [command, "--yes", "--refresh", "--skip-preview", "--suppress-outputs", "--suppress-progress"]
        return subprocess.run(self._command(arguments), cwd=self.folder, env=self._variables, check=False).returncode

    def _adopt(self, resource: Mapping[str, Any], physical_name: str) -> None:
        name = resource["urn"].rpartition("::")[2]
        self.say(f"{physical_name} exists: adopting it")
        self._pulumi(
            [
                *("import", resource["type"], name, physical_name),
                *("--parent", f"parent={resource['parent']}"),
                # A provider is referred to by its URN and its id.
                *("--provider", f"provider={resource['provider'].rpartition('::')[0]}"),
                *("--yes", "--skip-preview", "--generate-code=false", "--protect=false"),
            ]
        )

    @property
    def _secrets_provider(self) -> str:
        place = f"region={self.project.region}&context_project={self.project.id}"
        return f"awskms://{self.environment.state_key_alias}?{place}"

    @property
    def _variables(self) -> dict[str, str]:
        backend = f"s3://{self.environment.state_bucket}/projects/{self.project.id}?region={self.project.region}"
        # AWS resolves BUCKET.s3.amazonaws.com; the host of a custom S3 endpoint has no such subdomains.
        if os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
            backend += "&use_path_style=true"
        return {
            **os.environ,
            "AWS_REGION": self.project.region,
            "PULUMI_BACKEND_URL": backend,
            "PULUMI_DIY_BACKEND_GZIP": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return ["pulumi", *arguments, "--stack", self.environment.name, "--non-interactive", "--color", "never"]

    def _pulumi(self, arguments: Sequence[str], text: str = "") -> str:
        try:
            done = subprocess.run(
                self._command(arguments),
                cwd=self.folder,
                env=self._variables,
                input=text,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise DeploymentError("pulumi is not on PATH") from None
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-15:]
            raise DeploymentError("\n".join([f"pulumi {' '.join(arguments[:2])} failed:", *said]))
        return done.stdout
