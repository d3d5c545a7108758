"""Check runs: each job of a run is one, under the name of the job.

Source: GitHub Docs, "About status checks" and "Available rules for rulesets".
"""

from sandbox.github.state import Job, Repository, Run, State

APP_ID = 15368
"""Id of the app GitHub Actions, whose jobs are check runs."""
_PASSES = ("success", "skipped", "neutral")


def of_commit(state: State, repository: Repository, commit: str) -> list[tuple[Run, Job]]:
    """Return the jobs of a commit's runs, without those that were run again; the newest run comes last."""
    return [
        (run, job)
        for run in sorted(state.runs.values(), key=lambda run: run.id)
        if run.repository_id == repository.id and run.head_sha == commit
        for job in run.jobs
    ]


def missing(state: State, repository: Repository, commit: str, required: list[str]) -> list[str]:
    """Return messages about the required checks that a commit lacks; of several with one name, the newest counts."""
    jobs = {job.name: job for _, job in of_commit(state, repository, commit)}
    return [
        f'Required status check "{name}" is {"expected" if name not in jobs or jobs[name].conclusion is None else "failing"}.'
        for name in required
        if name not in jobs or jobs[name].conclusion not in _PASSES
    ]
