"""The scheduler of jobs: a job executes when its needs are done, its groups and a runner free, its reviewers agreed."""

import threading
import traceback

from sandbox.github import errors
from sandbox.github.actions import concurrency, deployments, job_names, plan, progress
from sandbox.github.actions.context import ActionsContext
from sandbox.github.actions.identity import Identities
from sandbox.github.actions.runner import Runner
from sandbox.github.actions.workflow import Document, WorkflowError
from sandbox.github.actions.workflows import read
from sandbox.github.state import Approval, Job, Repository, Requirements, Result, Run, User


class Scheduler:
    """Executes the jobs of all runs, each in a thread of its own."""

    def __init__(self, context: ActionsContext, identities: Identities) -> None:
        self._context = context
        self._store = context.store
        self._identities = identities
        self._executing: dict[tuple[int, str], Runner] = {}
        self._documents: dict[int, Document] = {}
        """Workflow files of unfinished runs."""
        self._closed = False
        for run in concurrency.unfinished(self._store.state):
            if run.status == "in_progress":
                # Its jobs ended with the process that executed them.
                progress.complete(run, "cancelled")

    # Runs

    def start(self, run: Run) -> None:
        """Queue a new run, or a new attempt.

        Raises:
            WorkflowError: its jobs cannot be put in order.
        """
        document = self._document(run)
        for key in plan.needs(document):
            if key not in run.results:
                job = document["jobs"][key]
                for leaf in plan.leaves(lambda path: self._read(run, path), run.workflow, key, job):
                    planned = Job(
                        id=self._store.state.next_id(),
                        caller=key,
                        key=leaf.key,
                        name=job_names.planned(leaf.titles),
                        caller_name=job_names.planned(leaf.titles[:1]),
                        attempt=run.attempt,
                    )
                    run.jobs.append(planned)
        for replaced in concurrency.replaced_runs(self._store.state, run):
            self._cancel(replaced)
        self.schedule()

    def cancel(self, run: Run) -> None:
        """Cancel a run: stop the jobs that execute; those that wait never start."""
        self._cancel(run)
        self.schedule()

    def _cancel(self, run: Run) -> None:
        for key in self._document(run)["jobs"]:
            if key not in run.results:
                self._cancel_job(run, key)
        self._refresh(run)

    def _cancel_job(self, run: Run, key: str) -> None:
        runner = self._executing.get((run.id, key))
        if runner is not None:
            runner.cancel()
        else:
            progress.finish(self._store, run, key, Result(result="cancelled"))

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
        run.requirements = {}
        run.approved = []
        self.start(run)

    def forget(self, repository: Repository) -> None:
        """Cancel and remove the runs of a repository that is being deleted."""
        self.stop(repository)
        for run in self._runs(repository):
            if run.status == "completed":
                del self._store.state.runs[run.id]

    def stop(self, repository: Repository) -> None:
        """Cancel every unfinished run of a repository."""
        for run in self._runs(repository):
            if run.status != "completed":
                self.cancel(run)

    def _runs(self, repository: Repository) -> list[Run]:
        return [run for run in self._store.state.runs.values() if run.repository_id == repository.id]

    def close(self) -> None:
        """Stop every job."""
        with self._store.lock:
            self._closed = True
            runners = list(self._executing.values())
        for runner in runners:
            runner.kill()

    def review(self, run: Run, approval: Approval) -> None:
        """Let the jobs that wait for some environments go on, or end them."""
        run.approvals.append(approval)
        for key, names in list(run.waiting.items()):
            if not set(names).intersection(approval.environments):
                continue
            if approval.state == "rejected":
                progress.finish(self._store, run, key, Result(result="failure"))
                continue
            run.waiting[key] = [name for name in names if name not in approval.environments]
            if not run.waiting[key]:
                del run.waiting[key]
                run.approved.append(key)
                progress.show(run, key, "queued")
        self._refresh(run)
        self.schedule()

    # Jobs

    def schedule(self) -> None:
        """Start every job that may execute now."""
        with self._store.lock:
            for run in list(concurrency.unfinished(self._store.state)):
                if not run.admitted:
                    run.admitted = concurrency.may_hold(self._store.state, run)
                    self._refresh(run)
                if run.admitted:
                    self._advance(run)

    def _advance(self, run: Run) -> None:
        graph = plan.needs(self._document(run))
        for key, needed in graph.items():
            if self._closed or len(self._executing) >= self._store.seed.runners:
                break
            if key in run.results or (run.id, key) in self._executing or run.waiting.get(key):
                continue
            blocked = key in run.pending and concurrency.busy(self._store.state, run, key, run.requirements[key])
            if not blocked and all(need in run.results for need in needed):
                runner = self._executing[run.id, key] = Runner(self._context, self._identities, run, key)
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
        with self._store.lock:
            del self._executing[run.id, key]
            if result is not None:
                ended = Result(result="cancelled") if runner.cancelled else result
                progress.finish(self._store, run, key, ended)
            self._refresh(run)
            if run.repository_id not in self._store.state.repositories and run.status == "completed":
                # Its repository was deleted meanwhile.
                self._store.state.runs.pop(run.id, None)
            self._store.save()
        self.schedule()

    def _perform(self, run: Run, key: str, runner: Runner) -> Result | None:
        """Execute a job; None: it has to wait."""
        requirements = run.requirements.get(key)
        if requirements is None:
            requirements = runner.requirements()
            if requirements is None:
                return Result(result="skipped")
        with self._store.lock:
            if runner.cancelled:
                return Result(result="cancelled")
            run.requirements[key] = requirements
            for name in requirements.environments.values():
                refusal = deployments.refusal(self._store, run, name)
                if refusal is not None:
                    raise WorkflowError(refusal)
            if not self._enter(run, key, requirements):
                return None
        return runner.execute(requirements)

    def _enter(self, run: Run, key: str, requirements: Requirements) -> bool:
        """Take a job's groups and ask its reviewers; False: it has to wait for one or the other."""
        if concurrency.busy(self._store.state, run, key, requirements):
            self._replace(run, key, requirements)
            return False
        if key in run.pending:
            run.pending.remove(key)
        if requirements.groups and key not in run.holding:
            run.holding.append(key)
        reviewed = deployments.reviewed_environments(self._store, run, key)
        if reviewed and key not in run.approved:
            run.waiting[key] = reviewed
            progress.show(run, key, "waiting")
            deployments.record(self._store, run, key, "waiting")
            return False
        deployments.record(self._store, run, key, "in_progress")
        return True

    def _replace(self, run: Run, key: str, requirements: Requirements) -> None:
        """Make a job wait for its groups in place of the jobs that it replaces."""
        for other, rival in concurrency.replaced_jobs(self._store.state, run, key, requirements):
            self._cancel_job(other, rival)
            self._refresh(other)
        if key not in run.pending:
            run.pending.append(key)
        progress.show(run, key, "pending")

    # Workflow files and the status of runs

    def _read(self, run: Run, path: str) -> Document:
        return read(self._store, self._store.state.repositories[run.repository_id], run.sha, path)

    def _document(self, run: Run) -> Document:
        if run.id not in self._documents:
            self._documents[run.id] = self._read(run, run.workflow)
        return self._documents[run.id]

    def _refresh(self, run: Run) -> None:
        if run.status == "completed":
            return
        executing = any(number == run.id for number, _ in self._executing)
        progress.refresh(run, list(self._document(run)["jobs"]), executing=executing)
        if run.status == "completed":
            self._documents.pop(run.id, None)
