"""Deploy versions of the model to production, and roll back, as the people of the project do."""

from contextlib import nullcontext
from dataclasses import dataclass, field

from sandbox import commands, environments, paths
from sandbox.demo import models, releases, runs
from sandbox.demo.accounts import Platform
from sandbox.demo.application import Application, Responses
from sandbox.demo.launch import Project
from sandbox.demo.models import RegisteredModel
from sandbox.demo.people import People
from sandbox.demo.progress import Demo, Step
from sandbox.demo.releases import Release
from sandbox.organization import LEAD_DATA_SCIENTIST, RELEASE_MANAGER


@dataclass(frozen=True, kw_only=True)
class Deployments:
    """Deployments of the project's models."""

    demo: Demo
    platform: Platform
    people: People
    project: Project
    done: list[Release] = field(default_factory=list[Release])
    """Deployments of this run of the demo; those of earlier runs are not among them."""

    def deploy(self, model: RegisteredModel, *, number: int, application: Application | None = None) -> None:
        """Approve a version and follow it to production.

        Args:
            model: the version.
            number: the number of deployments once this one is finished.
            application: an application that keeps calling the endpoint while production changes.
        """
        finished = self._count() >= number
        approver, reviewer = LEAD_DATA_SCIENTIST.login, RELEASE_MANAGER.login
        release = Release(f"Version {model.version}, approved by {approver}", model.arn)
        run = 0
        with self.demo.step(f"Approve version {model.version} as {approver}: deployed to preprod, tested") as step:
            if finished:
                step.report("tested already")
            else:
                step.changed = True
                earlier = self._resume(model, step)
                if earlier is None:
                    earlier = self._runs()
                    models.approve(self.people.lead, model.arn, reason=f"MSE {model.mse:.2f} on held-out data")
                run = self._to_preprod(release, earlier, step)
                step.report(f"preprod serves it; production waits for {reviewer}'s release: {release.page}")
        with self.demo.step(f"Release version {model.version} to production as {reviewer}, release manager") as step:
            if finished:
                step.report("released already")
            else:
                step.changed = True
                with application.calling(model.features(1)[0]) if application else nullcontext() as responses:
                    self._to_production(release, run, step)
                self.done.append(release)
                step.report(release.in_production() + (f" · {_meanwhile(responses)}" if responses else ""))

    def roll_back(self, to: RegisteredModel, *, number: int, step: Step) -> None:
        """Run the deployment repository's own command in a clone of it, and follow its run to production.

        Args:
            to: the version that production serves afterwards.
            number: the number of deployments once this one is finished.
            step: reports the progress.
        """
        if self._count() >= number:
            return
        step.changed = True
        found = self.platform.servers
        token = found.tokens[LEAD_DATA_SCIENTIST.login]
        as_developer = environments.developer(found.github.url, found.trust, token=token)
        clone = paths.SANDBOX / "clones" / self.project.deployment
        if not clone.is_dir():
            commands.run(
                ["git", "clone", "--quiet", f"{found.github.url}/{self.project.deployment}.git", clone],
                log="clone-deployment",
                environment=as_developer,
            )
        release = Release(
            f"Rollback to version {to.version}, started by {LEAD_DATA_SCIENTIST.login}, released by {RELEASE_MANAGER.login}",
            to.arn,
        )
        earlier = self._resume(to, step)
        if earlier is None:
            earlier = self._runs()
            commands.run(
                ["make", "rollback", f"VERSION={to.version}"], log="rollback", environment=as_developer, folder=clone
            )
        self._to_production(release, self._to_preprod(release, earlier, step), step)
        self.done.append(release)

    def _resume(self, model: RegisteredModel, step: Step) -> set[int] | None:
        """Try a deployment of an earlier run of the demo again; return the ids of all others, None if there is none."""
        run = releases.unfinished(self.people.developer, self.project, model.arn)
        if run is None:
            return None
        if runs.failed(run):
            step.report("trying the deployment that failed again")
            runs.retry(self.people.developer, self.project.deployment, run)
        return self._runs() - {int(run["id"])}

    def _count(self) -> int:
        return len(releases.finished(self.people.developer, self.project))

    def _runs(self) -> set[int]:
        return {int(run["id"]) for run in self.people.developer.runs(self.project.deployment, releases.WORKFLOW)}

    def _to_preprod(self, release: Release, earlier: set[int], step: Step) -> int:
        return releases.to_preprod(release, self.people.developer, self.project, earlier, on_status=step.report)

    def _to_production(self, release: Release, run: int, step: Step) -> None:
        releases.to_production(release, self.people.reviewer, self.project, run, on_status=step.report)


def _meanwhile(responses: Responses) -> str:
    counts = ", ".join(f"{count} times {rings:.2f} rings" for rings, count in responses.rings.items())
    return f"called meanwhile, production answered {counts}; {len(responses.failures)} requests failed"
