"""Which job may execute now: what it needs is done, its groups are free, its reviewers agree, a runner is free."""

import threading
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from sandbox.github import errors
from sandbox.github.actions import patterns, plan
from sandbox.github.actions.runner import Runner
from sandbox.github.actions.workflow import Document, WorkflowError, parse
from sandbox.github.state import (
    Approval,
    Demand,
    Deployment,
    DeploymentStatus,
    Environment,
    Job,
    Repository,
    Result,
    Run,
    User,
    now,
)

if TYPE_CHECKING:
    from sandbox.github.actions.queue import Actions
    from sandbox.github.service import GitHub


class Scheduler:
    """Executes the jobs of all runs, some at once."""

    def __init__(self, github: "GitHub", actions: "Actions") -> None:
        self._github = github
        self._actions = actions
        self._executing: dict[tuple[int, str], Runner] = {}
        self._documents: dict[int, Document] = {}
        self._closed = False
        for run in self._unfinished():
            if run.status == "in_progress":
                # Whoever executed it died with the server's last life.
                self._complete(run, "cancelled")

    # Runs

    def start(self, run: Run) -> None:
        """Let a new run, or a new attempt, wait for its turn.

        Raises:
            WorkflowError: its jobs cannot be put in order.
        """
        document = self._document(run)
        for key in plan.needs(document):
            if key not in run.results:
                job = document["jobs"][key]
                for leaf in plan.leaves(lambda path: self._read(run, path), run.workflow, key, job):
                    number = self._github.state.next_id()
                    run.jobs.append(Job(id=number, caller=key, key=leaf.key, name=leaf.name, attempt=run.attempt))
        self._make_room(run)
        self.schedule()

    def cancel(self, run: Run) -> None:
        """Cancel a run: what executes is stopped, what waits never starts."""
        self._cancel(run)
        self.schedule()

    def _cancel(self, run: Run) -> None:
        for key in self._order(run):
            runner = self._executing.get((run.id, key))
            if runner is not None:
                runner.cancel()
            elif key not in run.results:
                self._finish(run, key, Result(result="cancelled"))
        self._refresh(run)

    def rerun(self, run: Run, actor: User, *, only_failed: bool) -> None:
        """Start another attempt of a run that is over.

        Raises:
            ApiError: 403, it is not over, it never began, or nothing in it failed.
        """
        if run.status != "completed":
            raise errors.forbidden("This workflow is already running")
        if run.conclusion == "startup_failure":
            raise errors.forbidden("This workflow run cannot be retried")
        graph = plan.needs(self._document(run))
        again = set(graph)
        if only_failed:
            failed = {key for key, result in run.results.items() if result.result in ("failure", "cancelled")}
            if not failed:
                raise errors.forbidden("This workflow run cannot be retried")
            again = failed | plan.descendants(graph, failed)
        run.attempt += 1
        run.triggering_actor = actor.login
        run.status, run.conclusion, run.started_at, run.admitted = "queued", None, None, False
        run.earlier_jobs += [job for job in run.jobs if job.caller in again]
        run.jobs = [job for job in run.jobs if job.caller not in again]
        run.results = {key: result for key, result in run.results.items() if key not in again}
        run.demands = {}
        run.approved = []
        self.start(run)

    def forget(self, repository: Repository) -> None:
        """Cancel and remove the runs of a repository that is being deleted."""
        self.stop(repository)
        for run in self._of(repository):
            if run.status == "completed":
                del self._github.state.runs[run.id]

    def stop(self, repository: Repository) -> None:
        """Cancel what runs or waits in a repository."""
        for run in self._of(repository):
            if run.status != "completed":
                self.cancel(run)

    def close(self) -> None:
        """Stop every job."""
        with self._github.lock:
            self._closed = True
            runners = list(self._executing.values())
        for runner in runners:
            runner.kill()

    # Reviews

    def pending(self, run: Run) -> list[Environment]:
        """Return the environments whose reviewers a run waits for."""
        environments = self._github.state.repositories[run.repository_id].environments
        names = [name for waited in run.waiting.values() for name in waited]
        return [environments[name] for name in dict.fromkeys(names) if name in environments]

    def may_review(self, run: Run, environment: Environment, user: User) -> bool:
        """Whether somebody may let a run's jobs enter an environment."""
        if environment.prevent_self_review and user.login == run.triggering_actor:
            return False
        teams = self._github.state.teams
        return any(
            one.id == user.id if one.type == "User" else one.id in teams and user.login in teams[one.id].members
            for one in environment.reviewers
        )

    def review(self, run: Run, approval: Approval) -> None:
        """Let the jobs that wait for some environments go on, or end them."""
        run.approvals.append(approval)
        for key, names in list(run.waiting.items()):
            if not set(names).intersection(approval.environments):
                continue
            if approval.state == "rejected":
                self._finish(run, key, Result(result="failure"))
                continue
            run.waiting[key] = [name for name in names if name not in approval.environments]
            if not run.waiting[key]:
                del run.waiting[key]
                run.approved.append(key)
                self._show(run, key, "queued")
        self._refresh(run)
        self.schedule()

    # Jobs

    def schedule(self) -> None:
        """Start every job that may execute now."""
        with self._github.lock:
            for run in list(self._unfinished()):
                self._admit(run)
                if run.admitted:
                    self._advance(run)

    def _admit(self, run: Run) -> None:
        if not run.admitted:
            run.admitted = run.group is None or run.group.name not in self._held(run)
            self._refresh(run)

    def _make_room(self, run: Run) -> None:
        """Cancel what a new run replaces in its group: the one that waits, or everything."""
        if run.group is None:
            return
        for other in list(self._unfinished()):
            if other.id == run.id or other.group is None or other.group.name != run.group.name:
                continue
            replaced = not other.admitted and run.group.queue == "single"
            if replaced or run.group.cancel_in_progress:
                self._cancel(other)

    def _advance(self, run: Run) -> None:
        graph = plan.needs(self._document(run))
        for key, wanted in graph.items():
            if self._closed or len(self._executing) >= self._github.seed.runners:
                break
            if key in run.results or (run.id, key) in self._executing or run.waiting.get(key):
                continue
            blocked = key in run.pending and self._busy(run, key, run.demands[key])
            if not blocked and all(need in run.results for need in wanted):
                runner = self._executing[run.id, key] = Runner(self._github, self._actions, run, key)
                threading.Thread(target=self._work, args=(run, key, runner), daemon=True).start()
        self._refresh(run)

    def _work(self, run: Run, key: str, runner: Runner) -> None:
        result: Result | None = Result(result="failure")
        try:
            result = self._perform(run, key, runner)
        except WorkflowError as error:
            runner.logs.fail(str(error))
        except Exception as error:
            # A defect here must not leave the run in progress for ever.
            traceback.print_exc()
            runner.logs.fail(f"The local GitHub failed: {error!r}")
        with self._github.lock:
            del self._executing[run.id, key]
            if result is not None:
                self._finish(run, key, Result(result="cancelled") if runner.cancelled else result)
            self._refresh(run)
            if run.repository_id not in self._github.state.repositories and run.status == "completed":
                # Its repository was deleted meanwhile.
                self._github.state.runs.pop(run.id, None)
            self._github.save()
        self.schedule()

    def _perform(self, run: Run, key: str, runner: Runner) -> Result | None:
        """Execute a job; None: it has to wait."""
        demand = run.demands.get(key)
        if demand is None:
            demand = runner.demand()
            if demand is None:
                return Result(result="skipped")
        with self._github.lock:
            if runner.cancelled:
                return Result(result="cancelled")
            run.demands[key] = demand
            refusals = [reason for name in demand.environments.values() if (reason := self._refusal(run, name))]
            if refusals:
                raise WorkflowError(refusals[0])
            if not self._enters(run, key, demand):
                return None
        return runner.execute(demand)

    def _enters(self, run: Run, key: str, demand: Demand) -> bool:
        """Take a job's groups and ask its reviewers; False: it has to wait for one or the other."""
        if self._busy(run, key, demand):
            self._replace(run, key, demand)
            return False
        if key in run.pending:
            run.pending.remove(key)
        if demand.groups and key not in run.holding:
            run.holding.append(key)
        environments = self._github.state.repositories[run.repository_id].environments
        names = [name for name in dict.fromkeys(demand.environments.values()) if name in environments]
        asked = [name for name in names if environments[name].reviewers]
        if asked and key not in run.approved:
            run.waiting[key] = asked
            self._show(run, key, "waiting")
            self._deploys(run, key, "waiting")
            return False
        self._deploys(run, key, "in_progress")
        return True

    def _replace(self, run: Run, key: str, demand: Demand) -> None:
        """Wait for a group instead of whoever waited for it before; who holds it is cancelled if the job says so."""
        for group in demand.groups:
            rivals: list[tuple[Run, str]] = []
            if group.queue == "single":
                rivals += self._claims(group.name, lambda other: other.pending)
            if group.cancel_in_progress:
                rivals += self._claims(group.name, lambda other: other.holding)
            for other, rival in rivals:
                if (other.id, rival) == (run.id, key):
                    continue
                runner = self._executing.get((other.id, rival))
                if runner is not None:
                    runner.cancel()
                else:
                    self._finish(other, rival, Result(result="cancelled"))
                    self._refresh(other)
        if key not in run.pending:
            run.pending.append(key)
        self._show(run, key, "pending")

    def _busy(self, run: Run, key: str, demand: Demand) -> bool:
        """Whether somebody else holds one of the groups that a job wants."""
        for group in demand.groups:
            holders = [(other.id, rival) for other, rival in self._claims(group.name, lambda other: other.holding)]
            if any(holder != (run.id, key) for holder in holders) or group.name in self._held(apart_from=run):
                return True
        return False

    def _claims(self, group: str, claims: Callable[[Run], list[str]]) -> list[tuple[Run, str]]:
        """Return the jobs that hold a group, or wait for it."""
        return [
            (run, key)
            for run in self._unfinished()
            for key in claims(run)
            if group in [one.name for one in run.demands[key].groups]
        ]

    def _held(self, apart_from: Run) -> set[str]:
        """Return the groups that other runs hold as a whole."""
        others = [run for run in self._unfinished() if run is not apart_from]
        return {run.group.name for run in others if run.admitted and run.group is not None}

    def _refusal(self, run: Run, name: str) -> str | None:
        """Return why no job of a run may enter an environment; None: it may, perhaps after a review."""
        repository = self._github.state.repositories[run.repository_id]
        environment = repository.environments.get(name)
        policy = environment.deployment_branch_policy if environment else None
        if environment is None or policy is None:
            return None
        if policy.protected_branches:
            # No repository here has a branch protection rule, which rulesets are not: "If no branch protection rules
            # are defined for any branch in the repository, then all branches can deploy."
            # Source: GitHub Docs, "Deployments and environments".
            return None
        kind = "tag" if run.ref.startswith("refs/tags/") else "branch"
        ref = run.ref.removeprefix("refs/tags/").removeprefix("refs/heads/")
        if any(one.type == kind and patterns.fnmatch(one.name, ref) for one in environment.name_policies):
            return None
        rules = "due to environment protection rules."
        return f"{kind.capitalize()} {run.branch!r} is not allowed to deploy to {name} {rules}"

    # State

    def _unfinished(self) -> Iterator[Run]:
        return (run for run in list(self._github.state.runs.values()) if run.status != "completed")

    def _of(self, repository: Repository) -> list[Run]:
        return [run for run in self._github.state.runs.values() if run.repository_id == repository.id]

    def _read(self, run: Run, path: str) -> Document:
        repository = self._github.state.repositories[run.repository_id]
        text = self._github.git(repository).file(run.sha, path)
        if text is None:
            raise WorkflowError(f"error parsing called workflow {path!r}: workflow was not found")
        return parse(text)

    def _document(self, run: Run) -> Document:
        if run.id not in self._documents:
            self._documents[run.id] = self._read(run, run.workflow)
        return self._documents[run.id]

    def _order(self, run: Run) -> list[str]:
        return list(self._document(run)["jobs"])

    def _show(self, run: Run, key: str, status: str) -> None:
        for job in run.jobs:
            if job.caller == key and job.status != "completed":
                job.status = status

    def _deploys(self, run: Run, key: str, state: Literal["waiting", "in_progress", "success", "failure"]) -> None:
        """Say how a job's deployments stand; the first time makes them."""
        repository = self._github.state.repositories.get(run.repository_id)
        demand = run.demands.get(key)
        if repository is None or demand is None:
            return
        for name in dict.fromkeys(demand.environments.values()):
            mine = [
                one
                for one in repository.deployments
                if (one.run_id, one.caller, one.environment) == (run.id, key, name)
                and one.statuses[-1].state in ("waiting", "in_progress")
            ]
            if not mine:
                mine = [
                    Deployment(
                        id=self._github.state.next_id(),
                        environment=name,
                        run_id=run.id,
                        caller=key,
                        sha=run.sha,
                        ref=run.branch,
                        creator=run.triggering_actor,
                    )
                ]
                repository.deployments += mine
            mine[0].statuses.append(DeploymentStatus(id=self._github.state.next_id(), state=state))

    def _finish(self, run: Run, key: str, result: Result) -> None:
        run.results[key] = result
        if result.result != "skipped":
            self._deploys(run, key, "success" if result.result == "success" else "failure")
        run.waiting.pop(key, None)
        run.pending = [one for one in run.pending if one != key]
        run.holding = [one for one in run.holding if one != key]
        jobs = [job for job in run.jobs if job.caller == key]
        started = any(job.status in ("in_progress", "completed") for job in jobs)
        for job in jobs:
            if job.status != "completed":
                # Of the jobs of a called workflow, those that never started were skipped.
                ended = result.result if job.status == "in_progress" or not started else "skipped"
                job.status, job.conclusion, job.completed_at = "completed", ended, now()

    def _refresh(self, run: Run) -> None:
        """Derive the run's state from that of its jobs."""
        if run.status == "completed":
            return
        executing = any(number == run.id for number, _ in self._executing)
        if executing and run.started_at is None:
            run.started_at = now()
        keys = self._order(run)
        if all(key in run.results for key in keys) and not executing:
            results = {run.results[key].result for key in keys}
            order = ("failure", "cancelled", "success", "skipped")
            self._complete(run, next(result for result in order if result in results))
        elif run.waiting and not executing:
            run.status = "waiting"
        elif not run.admitted or (run.pending and not executing):
            run.status = "pending"
        else:
            run.status = "queued" if run.started_at is None else "in_progress"

    def _complete(self, run: Run, conclusion: str) -> None:
        run.status, run.conclusion, run.updated_at = "completed", conclusion, now()
        for job in run.jobs:
            if job.status != "completed":
                job.status, job.conclusion, job.completed_at = "completed", conclusion, now()
        run.waiting, run.pending, run.holding = {}, [], []
        self._documents.pop(run.id, None)
