"""Deployments of runs: the environments that their jobs enter, and the reviewers who let them."""

from typing import Literal

from sandbox.github.actions import patterns
from sandbox.github.state import Deployment, DeploymentStatus, Environment, Repository, Requirements, Run, User
from sandbox.github.store import Store


def refusal(store: Store, run: Run, name: str) -> str | None:
    """Return why no job of a run may enter an environment; None: it may, perhaps after a review."""
    environment = store.state.repositories[run.repository_id].environment(name)
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


def reviewed_environments(store: Store, run: Run, key: str) -> list[str]:
    """Return the environments of a job that have reviewers."""
    repository = store.state.repositories[run.repository_id]
    found = (repository.environment(name) for name in run.requirements[key].environments.values())
    return list(dict.fromkeys(one.name for one in found if one is not None and one.reviewers))


def pending(store: Store, run: Run) -> list[Environment]:
    """Return the environments whose reviewers a run waits for."""
    environments = store.state.repositories[run.repository_id].environments
    names = [name for waited in run.waiting.values() for name in waited]
    return [environments[name] for name in dict.fromkeys(names) if name in environments]


def may_review(store: Store, run: Run, environment: Environment, user: User) -> bool:
    """Whether an account may let a run's jobs enter an environment."""
    if environment.prevent_self_review and user.login == run.triggering_actor:
        return False
    teams = store.state.teams
    return any(
        one.id == user.id if one.type == "User" else one.id in teams and user.login in teams[one.id].members
        for one in environment.reviewers
    )


def create_environments(store: Store, run: Run, key: str) -> None:
    """Create the environments of a job that do not exist when it starts."""
    repository = store.state.repositories.get(run.repository_id)
    if repository is None:
        return
    for name in run.requirements[key].environments.values():
        if repository.environment(name) is None:
            # Protection rules take the three ids that follow.
            repository.environments[name] = Environment(id=store.state.next_id() * 10, name=name)


def record(store: Store, run: Run, key: str, state: Literal["waiting", "in_progress", "success", "failure"]) -> None:
    """Add a status to each deployment of a job, and create the deployments that do not exist yet."""
    repository = store.state.repositories.get(run.repository_id)
    requirements = run.requirements.get(key)
    if repository is None or requirements is None:
        return
    for name in _names(repository, requirements):
        unfinished = (
            one
            for one in repository.deployments
            if (one.run_id, one.caller, one.environment) == (run.id, key, name)
            and one.statuses[-1].state in ("waiting", "in_progress")
        )
        deployment = next(unfinished, None)
        if deployment is None:
            deployment = Deployment(
                id=store.state.next_id(),
                environment=name,
                run_id=run.id,
                caller=key,
                sha=run.sha,
                ref=run.branch,
                creator=run.triggering_actor,
            )
            repository.deployments.append(deployment)
        deployment.statuses.append(DeploymentStatus(id=store.state.next_id(), state=state))


def _names(repository: Repository, requirements: Requirements) -> list[str]:
    """Return the names of a job's environments as the environments themselves have them, if they exist."""
    written = requirements.environments.values()
    found = (environment.name if (environment := repository.environment(name)) else name for name in written)
    return list(dict.fromkeys(found))
