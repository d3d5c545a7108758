"""A GitHub, launch records and stacks in memory, with a clock that only waiting moves."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import ExplainedError
from functions.template_cloner.deletion_guard import DeletionGuard
from functions.template_cloner.first_run import RunStarter
from functions.template_cloner.github import File, Repository
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.github_rules import BranchRules
from functions.template_cloner.github_users import User
from functions.template_cloner.launch import ReviewRules
from functions.template_cloner.launch_records import Record
from functions.template_cloner.launcher import Launcher
from functions.template_cloner.onboarding import OnboardingFunction
from functions.template_cloner.releases import Release
from functions.template_cloner.resources import DeletionCheck, DeploymentRoles, ProjectRepository
from functions.template_cloner.roles_provisioner import RolesProvisioner
from functions.template_cloner.routing import Workers
from tests.functions.project_onboarding.fake_account import FUNCTION, LAUNCH, Crash, MemoryAccount
from tests.functions.shared.clock import Clock
from tests.functions.template_cloner.fake_function import MemoryFunction

ORGANIZATION = "acme"
MAIN = frozenset({("branch", "main")})
TEMPLATE = "acme/mlops-template-model-training"
DEPLOYMENT_TEMPLATE = "acme/mlops-template-model-deployment-realtime"
TEMPLATE_COMMIT = "7e3a1c0"

PROJECT = ProjectRepository(
    organization=ORGANIZATION,
    project_name="abalone",
    project_id="p-abcdefghijkl",
    kind="model-training",
    users=("ada", "mary"),
    environments=("dev",),
    settings={"pipeline": {"name": "abalone-p-abcdefghijkl", "subnet_ids": ["subnet-1", "subnet-2"]}},
)

DEPLOYING = replace(PROJECT, kind="model-deployment-realtime", environments=("preprod", "prod"), released=("prod",))


PROTECTED = BranchRules(approvals=1, dismisses_stale=True, last_push=True, resolved_threads=True, stays=True)

UNPROTECTED = BranchRules()

PEOPLE_PUSH, OPEN_PRODUCTION = 31, 32
"""Ids of the rulesets that close all branches to jobs, and `production` to people as well."""
ORDINARY = BranchRules(closing=frozenset({PEOPLE_PUSH}))


@dataclass
class Repo:
    """A repository in memory."""

    repository: Repository
    commits: dict[str, str] = field(default_factory=dict[str, str])
    files: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    environments: dict[str, Environment] = field(default_factory=dict[str, Environment])
    collaborators: set[str] = field(default_factory=set[str])
    pull_requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    earlier: set[str] = field(default_factory=set[str])
    """Commits of main before the last one."""
    merged: set[str] = field(default_factory=set[str])
    """Commits by which pull requests to other branches were merged."""
    dispatches: list[str] = field(default_factory=list[str])
    filled_at: float = 0.0
    """Time at which its first commit appears."""


@dataclass
class MemoryGitHub:
    """GitHub in memory; records the writes, and may stop the process after a number of them."""

    clock: Clock
    users: dict[str, User] = field(
        default_factory=lambda: {
            "ada": User(user_id=1, kind="User"),
            "grace": User(user_id=2, kind="User"),
            "hedy": User(user_id=3, kind="User"),
            "acme": User(user_id=4, kind="Organization"),
            "mary": User(user_id=6, kind="User"),
        }
    )
    members: set[str] = field(default_factory=lambda: {"ada", "grace", "hedy", "mary"})
    readers: set[str] = field(default_factory=lambda: {"ada", "grace", "hedy", "mary"})
    """Users who may read every repository of the organization."""
    owners: set[str] = field(default_factory=set[str])
    """Users who administer every repository, whether they are collaborators or not."""
    writers: set[str] = field(default_factory=set[str])
    """Users who may write to every repository, through a team."""
    repositories: dict[str, Repo] = field(default_factory=dict[str, Repo])
    writes: list[str] = field(default_factory=list[str])
    crash_after: int | None = None
    before_write: Callable[[str], None] = lambda what: None
    after_write: Callable[[str], None] = lambda what: None
    seconds_to_fill: float = 0.0
    rules: BranchRules = PROTECTED
    rules_of_projects: BranchRules | None = None
    """The rules of repositories that are no templates, if they are others."""
    rules_of_releases: BranchRules = UNPROTECTED
    """The rules of every branch that is called production."""
    rules_of_others: BranchRules = ORDINARY
    """The rules of every branch but that and the default one."""
    teams: dict[int, dict[str, bool]] = field(default_factory=dict[int, dict[str, bool]])
    """Members of the teams, and whether they add others."""
    plan_name: str | None = "enterprise"
    workflow_known_at: float = 0.0
    token_owner: int | None = 5
    granted: Callable[[Environment], Environment] = lambda wanted: wanted
    """The environment that GitHub sets up for a requested one."""

    def _write(self, what: str) -> None:
        self.before_write(what)
        self.writes.append(what)

    def _written(self, what: str) -> None:
        self.after_write(what)
        if self.crash_after is not None and len(self.writes) == self.crash_after:
            raise Crash

    def user(self, login: str) -> User | None:
        return self.users.get(login)

    def credential_owner(self) -> int | None:
        return self.token_owner

    def is_member(self, organization: str, login: str) -> bool:
        assert organization == ORGANIZATION
        return login in self.members

    def repository(self, full_name: str) -> Repository | None:
        repo = self.repositories.get(full_name)
        return repo.repository if repo else None

    def generate(self, template: str, organization: str, name: str, description: str) -> bool:
        full_name = f"{organization}/{name}"
        if full_name in self.repositories:
            return False
        self._write("generate")
        self.repositories[full_name] = Repo(
            repository=a_repository(full_name, description=description, template=template),
            commits={"main": "first"},
            filled_at=self.clock.now + self.seconds_to_fill,
        )
        self._written("generate")
        return True

    def branch_commit(self, full_name: str, branch: str) -> str | None:
        repo = self.repositories[full_name]
        return repo.commits.get(branch) if self.clock.now >= repo.filled_at else None

    def file(self, full_name: str, path: str, branch: str) -> File | None:
        text = self.repositories[full_name].files.get((branch, path))
        return None if text is None else File(text=text, sha=f"sha of {text}")

    def write_file(self, full_name: str, path: str, branch: str, text: str, message: str, sha: str | None) -> bool:
        self._write("write_file")
        current = self.file(full_name, path, branch)
        if (current.sha if current else None) != sha:
            return False
        self.repositories[full_name].files[branch, path] = text
        self._written("write_file")
        return True

    def environment(self, full_name: str, name: str) -> Environment | None:
        return self.repositories[full_name].environments.get(name)

    def write_environment(self, full_name: str, name: str, wanted: Environment) -> None:
        self._write("write_environment")
        environments = self.repositories[full_name].environments
        admits = environments[name].admits if name in environments else None
        environments[name] = replace(wanted, admits=admits or frozenset())
        self._written("write_environment")

    def admit(self, full_name: str, name: str, admits: frozenset[tuple[str, str]]) -> None:
        environments = self.repositories[full_name].environments
        if environments[name].admits != admits:
            self._write("admit")
            environments[name] = replace(environments[name], admits=admits)
            self._written("admit")
        environments[name] = self.granted(environments[name])

    def may_read(self, full_name: str, login: str) -> bool:
        return login in self.readers

    def may_push(self, full_name: str, login: str) -> bool:
        return login in self.owners | self.writers | self.repositories[full_name].collaborators

    def may_administer(self, full_name: str, login: str) -> bool:
        return login in self.owners

    def add_collaborator(self, full_name: str, login: str) -> None:
        self._write("add_collaborator")
        self.repositories[full_name].collaborators.add(login)
        self._written("add_collaborator")

    def remove_collaborator(self, full_name: str, login: str) -> None:
        self._write("remove_collaborator")
        self.repositories[full_name].collaborators.discard(login)
        self._written("remove_collaborator")

    def team_members(self, organization_id: int, team_id: int) -> dict[str, bool]:
        assert organization_id == 1001
        return self.teams[team_id]

    def let_team_push(self, organization_id: int, team_id: int, full_name: str) -> None:
        assert organization_id == 1001
        self._write("let_team_push")
        self.repositories[full_name].collaborators |= set(self.teams[team_id])
        self._written("let_team_push")

    def plan(self, organization: str) -> str | None:
        assert organization == ORGANIZATION
        return self.plan_name

    def branch_rules(self, full_name: str, branch: str) -> BranchRules:
        if branch == "production":
            return self.rules_of_releases
        repository = self.repositories[full_name].repository
        if branch != repository.default_branch:
            return self.rules_of_others
        return self.rules if repository.is_template or self.rules_of_projects is None else self.rules_of_projects

    def delete_repository(self, full_name: str) -> None:
        self._write("delete_repository")
        self.repositories.pop(full_name, None)

    def archive_repository(self, full_name: str) -> None:
        self._write("archive_repository")
        repo = self.repositories[full_name]
        repo.repository = replace(repo.repository, archived=True)

    def create_branch(self, full_name: str, branch: str, commit: str) -> None:
        self._write("create_branch")
        repo = self.repositories[full_name]
        repo.commits[branch] = commit
        if "main" in repo.commits and (text := repo.files.get(("main", "project.toml"))) is not None:
            repo.files[branch, "project.toml"] = text
        self._written("create_branch")

    def delete_branch(self, full_name: str, branch: str) -> None:
        self._write("delete_branch")
        repo = self.repositories[full_name]
        repo.commits.pop(branch, None)
        repo.files = {key: text for key, text in repo.files.items() if key[0] != branch}
        self._written("delete_branch")

    def open_pull_request(self, full_name: str, branch: str, base: str, title: str, body: str) -> None:
        repo = self.repositories[full_name]
        if (branch, base) not in repo.pull_requests:
            self._write("open_pull_request")
            repo.pull_requests.append((branch, base))
            self._written("open_pull_request")

    def open_pull_requests(self, full_name: str, base: str) -> dict[str, int]:
        found = enumerate(self.repositories[full_name].pull_requests)
        return {branch: number for number, (branch, into) in found if into == base}

    def close_pull_request(self, full_name: str, number: int) -> None:
        self._write("close_pull_request")
        self.repositories[full_name].pull_requests.pop(number)
        self._written("close_pull_request")

    def merge_commits(self, full_name: str, base: str) -> set[str]:
        assert base != "main"
        return self.repositories[full_name].merged

    def is_part(self, full_name: str, commit: str, branch: str) -> bool:
        repo = self.repositories[full_name]
        assert branch == "main"
        return commit in repo.earlier | {repo.commits[branch]}

    def was_dispatched(self, full_name: str, workflow: str) -> bool:
        return workflow in self.repositories[full_name].dispatches

    def dispatch(self, full_name: str, workflow: str, branch: str) -> str | None:
        if self.clock.now < self.workflow_known_at:
            return None
        self._write("dispatch")
        self.repositories[full_name].dispatches.append(workflow)
        self._written("dispatch")
        return f"https://github.com/{full_name}/actions/runs/{len(self.repositories[full_name].dispatches)}"


@dataclass
class MemoryRecords:
    """Launch records in memory."""

    records: dict[str, Record] = field(default_factory=dict[str, Record])
    before_begin: Callable[[], None] = lambda: None

    def read(self, key: str) -> Record | None:
        return self.records.get(key)

    def begin(self, key: str, record: Record) -> bool:
        self.before_begin()
        return self.records.setdefault(key, record) is record

    def write(self, key: str, record: Record) -> None:
        self.records[key] = record

    def delete(self, key: str) -> None:
        self.records.pop(key, None)


@dataclass
class MemoryStacks:
    """A stack in memory."""

    current: str = "CREATE_IN_PROGRESS"
    protected: bool = False
    refuses: Exception | None = None
    """The error with which CloudFormation answers a change of the protection."""
    after_change: Callable[[], None] = lambda: None

    def status(self, stack_id: str) -> str:
        return self.current

    def is_protected(self, stack_id: str) -> bool:
        return self.protected

    def protect(self, stack_id: str, *, on: bool) -> None:
        # Source: CloudFormation User Guide, "Protect CloudFormation stacks from being deleted".
        assert self.current not in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE")
        if self.refuses is not None:
            raise self.refuses
        self.protected = on
        self.after_change()


class Fakes:
    """Everything outside the function, in memory, with published templates."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.github = MemoryGitHub(self.clock)
        self.records = MemoryRecords()
        self.stacks = MemoryStacks()
        self.account = MemoryAccount(self.clock)
        self.rules = ReviewRules(required_approvals=1, leads=("lise",))
        self.releases = {"prod": Release(managers=("hedy",))}
        self.github.repositories[TEMPLATE] = Repo(
            repository=a_repository(TEMPLATE, is_template=True), commits={"main": TEMPLATE_COMMIT}
        )
        self.github.repositories[DEPLOYMENT_TEMPLATE] = Repo(
            repository=a_repository(DEPLOYMENT_TEMPLATE, is_template=True), commits={"main": TEMPLATE_COMMIT}
        )

    def launcher(self, seconds: float = 280.0, stack_id: str = LAUNCH) -> Launcher:
        """Return a launcher with that much time, for one stack."""
        return Launcher(
            github=self.github,
            records=self.records,
            stacks=self.stacks,
            deadline=Deadline(at=self.clock.now + seconds, now=self.clock, sleep=self.clock.sleep),
            stack_id=stack_id,
            rules=self.rules,
            release=self.releases.__getitem__,
            wall_clock=self.clock,
        )

    def run_starter(self, seconds: float = 280.0) -> RunStarter:
        """Return a starter of first runs with that much time."""
        deadline = Deadline(at=self.clock.now + seconds, now=self.clock, sleep=self.clock.sleep)
        return RunStarter(github=self.github, deadline=deadline)

    def roles_provisioner(self, roles: DeploymentRoles) -> RolesProvisioner:
        """Return a provisioner of roles in the account."""
        return RolesProvisioner(
            roles=roles,
            account=OnboardingFunction(roles, FUNCTION, LAUNCH, MemoryFunction(self.account)),
            stacks=self.stacks,
            deadline=Deadline(at=self.clock.now + 280, now=self.clock, sleep=self.clock.sleep),
            stack_id=LAUNCH,
        )

    def deletion_guard(self, check: DeletionCheck) -> DeletionGuard:
        """Return the guard of the launch's stack."""
        return DeletionGuard(check=check, account=self.roles_provisioner, stacks=self.stacks, stack_id=LAUNCH)

    @property
    def workers(self) -> Workers:
        """Return the factories of all of these."""
        return Workers(
            launcher=self.launcher,
            run_starter=self.run_starter,
            roles_provisioner=self.roles_provisioner,
            deletion_guard=self.deletion_guard,
        )

    @property
    def repo(self) -> Repo:
        """Return the project's repository."""
        return self.github.repositories[PROJECT.full_name]

    @property
    def launched(self) -> bool:
        """Whether the project's repository exists."""
        return PROJECT.full_name in self.github.repositories

    def roll_back(self) -> None:
        """Roll back, as CloudFormation does after a failed Create."""
        self.stacks.current = "ROLLBACK_IN_PROGRESS"
        self.launcher().delete(PROJECT)

    def left(self) -> tuple[set[str], dict[str, Record]]:
        """Repositories besides the templates, and launch records."""
        return set(self.github.repositories) - {TEMPLATE, DEPLOYMENT_TEMPLATE}, self.records.records


def a_repository(
    full_name: str, *, description: str = "", template: str | None = None, is_template: bool = False
) -> Repository:
    """A repository of the organization."""
    return Repository(
        full_name=full_name,
        repository_id=2005,
        owner_id=1001,
        description=description,
        default_branch="main",
        is_template=is_template,
        archived=False,
        template=template,
    )


def refused(fakes: Fakes, project: ProjectRepository = PROJECT) -> str:
    """Return the reason for which a launch is refused."""
    with pytest.raises(ExplainedError) as error:
        fakes.launcher().create(project)
    return str(error.value)
