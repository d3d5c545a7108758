"""The platform's own repository on the local GitHub: this checkout, set up as the README asks for."""

import base64
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from nacl.public import PublicKey, SealedBox

from sandbox import environments, http_client
from sandbox.demo import reviews
from sandbox.demo.member import Member
from sandbox.organization import COLLEAGUE, ORGANIZATION, PLATFORM_ENGINEER, RELEASE_MANAGER, REPOSITORY
from sandbox.stacks import NAMESPACE
from tests.e2e.actors import Actors
from tests.e2e.sandbox import CHECKOUT, ENVIRONMENTS
from tests.e2e.wait import wait_until

PATH = f"/repos/{ORGANIZATION.login}/{REPOSITORY.name}"
TESTS = ("__init__.py", "conftest.py", "rendering.py", "workflows")
"""The tests that the repository has: `make test` of a pull request would otherwise run this very test again."""


class PlatformRepository:
    """A clone with the checkout's files and the sandbox's settings, and its pull requests and runs."""

    def __init__(self, actors: Actors, folder: Path) -> None:
        self._actors = actors
        self._folder = folder
        self.engineer, self.reviewer = actors.owner, actors.reviewer
        self._copy()

    def _copy(self) -> None:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            kept = not name.startswith("tests/") or name.split("/")[1] in TESTS
            if kept and (CHECKOUT / name).is_file():
                (self._folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CHECKOUT / name, self._folder / name)
        for environment, stack in self._actors.stacks.items():
            # What the engine wrote besides, no fresh checkout has.
            settings = {"config": yaml.safe_load(stack.path.read_text())["config"]}
            (self._folder / f"Pulumi.{environment}.yaml").write_text(yaml.safe_dump(settings))

    # Set up

    def publish(self) -> None:
        """Push everything to main, without a run."""
        for arguments in (
            ("init", "--quiet", "--initial-branch", "main"),
            ("remote", "add", "origin", f"{self._actors.servers.github.url}/{ORGANIZATION.login}/{REPOSITORY.name}"),
        ):
            self._git(*arguments)
        self._push("main", "The platform [skip ci]")

    def protect(self) -> None:
        """Create the environments, each for main only, the last with a reviewer, and the secret of the first."""
        reviewers = [{"type": "User", "id": RELEASE_MANAGER.id}]
        for environment in ENVIRONMENTS:
            by_name = {"protected_branches": False, "custom_branch_policies": True}
            body: dict[str, Any] = {"deployment_branch_policy": by_name}
            if environment == "prod":
                body["reviewers"] = reviewers
            place = f"{PATH}/environments/{environment}"
            self.engineer.send("PUT", place, body)
            self.engineer.send("POST", f"{place}/deployment-branch-policies", {"name": "main"})
        secrets = f"{PATH}/environments/{ENVIRONMENTS[0]}/secrets"
        key = self.engineer.get(f"{secrets}/public-key")
        token = self._actors.servers.tokens[PLATFORM_ENGINEER.login]
        sealed = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(token.encode())
        body = {"key_id": key["key_id"], "encrypted_value": base64.b64encode(sealed).decode()}
        self.engineer.send("PUT", f"{secrets}/ORGANIZATION_TOKEN", body)

    # Pull requests and runs

    def propose(self, title: str, section: str, values: Mapping[str, object]) -> int:
        """Open a pull request that adds a section to the settings of every stack, and return its number."""
        for environment in ENVIRONMENTS:
            file = self._folder / f"Pulumi.{environment}.yaml"
            settings = yaml.safe_load(file.read_text())
            settings["config"][f"{NAMESPACE}:{section}"] = dict(values)
            file.write_text(yaml.safe_dump(settings))
        self._git("switch", "--quiet", "--create", "change")
        self._push("change", title)
        made = self.engineer.send("POST", f"{PATH}/pulls", {"title": title, "head": "change", "base": "main"})
        return int(made["number"])

    def merge_alone(self, number: int) -> str:
        """Merge a pull request without an approval, and return the commit on main."""
        return str(self.engineer.send("PUT", f"{PATH}/pulls/{number}/merge", {})["sha"])

    def merge(self, number: int) -> str:
        """Merge a pull request that a colleague approves, and return the commit on main."""
        return reviews.merge(
            self.engineer, Member(self._actors.servers, COLLEAGUE), PATH.removeprefix("/repos/"), number
        )

    def run(self, workflow: str) -> dict[str, Any]:
        """Return the newest run of a workflow once it has ended or waits for a reviewer."""

        def rests() -> dict[str, Any] | None:
            run = self.engineer.runs(PATH.removeprefix("/repos/"), workflow)[-1]
            return run if run["status"] in ("completed", "waiting") else None

        return wait_until(rests, f"the end of {workflow}")

    def dispatch(self, workflow: str) -> None:
        """Start a workflow by hand, on main."""
        self.engineer.send("POST", f"{PATH}/actions/workflows/{workflow}/dispatches", {"ref": "main"})

    def issues(self) -> list[dict[str, Any]]:
        """Return the open issues."""
        return [each for each in self.engineer.listed(f"{PATH}/issues") if "pull_request" not in each]

    def release(self, run: Mapping[str, Any]) -> None:
        """Let a run enter the environment whose reviewer it waits for, as that reviewer."""
        place = f"{PATH}/actions/runs/{run['id']}/pending_deployments"
        (pending,) = self.reviewer.listed(place)
        body = {"environment_ids": [pending["environment"]["id"]], "state": "approved", "comment": "Reviewed"}
        self.reviewer.send("POST", place, body)
        while self.engineer.get(f"{PATH}/actions/runs/{run['id']}")["status"] == "waiting":
            time.sleep(0.1)

    def jobs(self, run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the jobs of a run by name."""
        found = self.engineer.get(f"{PATH}/actions/runs/{run['id']}/jobs?per_page=100")["jobs"]
        return {job["name"]: job for job in found}

    def log(self, job: Mapping[str, Any]) -> str:
        """Return the log of a job."""
        return self.engineer.text(f"{PATH}/actions/jobs/{job['id']}/logs")

    def page(self, run: Mapping[str, Any]) -> str:
        """Return the web page of a run."""
        return http_client.text(self._actors.servers, "GET", str(run["html_url"]), {})

    def role(self, job: Mapping[str, Any]) -> str | None:
        """Return the name of the role that a job has assumed, in any of the accounts."""
        found = re.search(r"Authenticated as assumedRoleId (\w+):", self.log(job))
        for environment in ENVIRONMENTS:
            for page in self._actors.root(environment, "iam").get_paginator("list_roles").paginate():
                for role in page["Roles"]:
                    if found is not None and role["RoleId"] == found[1]:
                        return str(role["RoleName"])
        return None

    def _push(self, branch: str, message: str) -> None:
        self._git("add", "--all", "--force")
        self._git("commit", "--quiet", "--message", message)
        self._git("push", "--quiet", "origin", f"HEAD:{branch}")

    def _git(self, *arguments: str) -> None:
        servers = self._actors.servers
        token = servers.tokens[PLATFORM_ENGINEER.login]
        person = {
            f"GIT_{role}_{what}": PLATFORM_ENGINEER.login
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        subprocess.run(
            ["git", *arguments],
            cwd=self._folder,
            env=environments.developer(servers.github.url, servers.trust, token=token) | person,
            check=True,
        )
