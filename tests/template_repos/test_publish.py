"""Publishing, to repositories in a folder of this machine, and the list of templates."""

import base64
import os
import shutil
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import lookups
from tests.template_repos.conftest import PUBLISH, run

TEMPLATES = PUBLISH.with_name("templates.toml")
TOKEN = "secret-token"
REPOSITORY = "acme/mlops-template-model-training.git"


def test_the_list_of_templates_has_every_folder_and_no_other() -> None:
    listed = tomllib.loads(TEMPLATES.read_text())
    folders = {path.parent.name for path in TEMPLATES.parent.glob("*/pyproject.toml")}
    assert set(listed) == folders
    for kind, template in listed.items():
        assert set(template) - {"shared"} == {"check", "description", "parts"}, kind
        assert f"| `{kind}/` | {template['description']} |" in (TEMPLATES.parent / "README.md").read_text()


def test_every_part_is_a_package_that_some_template_carries() -> None:
    parts = [part for template in tomllib.loads(TEMPLATES.read_text()).values() for part in template["parts"]]
    assert {Path(part).parts[0] for part in parts} == {
        file.parent.name for file in TEMPLATES.parent.glob("mlops_platform/*/__init__.py")
    }


def test_the_platform_creates_the_repositories_that_are_listed() -> None:
    assert list(lookups.template_checks()) == list(tomllib.loads(TEMPLATES.read_text()))


def test_a_template_carries_the_whole_of_its_parts_and_of_no_other(templates: Path) -> None:
    for kind, template in tomllib.loads(TEMPLATES.read_text()).items():
        shared = templates / kind / "mlops_platform"
        assert sorted(path.name for path in shared.iterdir()) == sorted(
            {"README.md", "__init__.py", *(Path(part).parts[0] for part in template["parts"])}
        )
        carried = {path.relative_to(shared) for path in shared.rglob("*.py") if path.parent != shared}
        source = TEMPLATES.parent / "mlops_platform"
        listed = [source / part for part in template["parts"]]
        assert carried == {
            path.relative_to(source) for part in listed for path in ([part] if part.is_file() else part.rglob("*.py"))
        }


def test_a_template_has_the_files_that_it_shares_as_the_other_has_them(templates: Path) -> None:
    shared = {kind: each["shared"] for kind, each in tomllib.loads(TEMPLATES.read_text()).items() if "shared" in each}
    assert shared
    for kind, others in shared.items():
        for other, paths in others.items():
            for path in paths:
                assert not (TEMPLATES.parent / kind / path).exists(), f"{path} would hide what is shared"
                original = templates / other / path
                files = [original] if original.is_file() else [file for file in original.rglob("*") if file.is_file()]
                assert files, path
                for file in files:
                    copy = templates / kind / file.relative_to(templates / other)
                    assert copy.read_bytes() == file.read_bytes()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables of a shell whose git has no configuration, and writes every command to a file."""
    home, tools = tmp_path / "home", tmp_path / "tools"
    home.mkdir()
    tools.mkdir()
    git = tools / "git"
    real = next(Path(folder, "git") for folder in os.environ["PATH"].split(os.pathsep) if Path(folder, "git").is_file())
    git.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/commands\nexec {real} "$@"\n')
    git.chmod(0o755)
    return {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "GITHUB_TOKEN": TOKEN}


@pytest.fixture
def server(tmp_path: Path, created: Path) -> Path:
    """A folder laid out as a git server, with the template's repository as the platform creates it."""
    shutil.copytree(created, tmp_path / "server")
    return tmp_path / "server"


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server before anything was published to it."""
    folder = tmp_path_factory.mktemp("created")
    bare, seed = folder / "server" / REPOSITORY, folder / "seed"
    bare.mkdir(parents=True)
    seed.mkdir()
    (seed / "README.md").write_text("# mlops-template-model-training\n")
    (seed / "outdated.txt").write_text("from an older version\n")
    author = ("-c", "user.name=GitHub", "-c", "user.email=noreply@github.com")
    for place, *command in (
        (bare, "init", "--quiet", "--bare", "--initial-branch", "main"),
        (seed, "init", "--quiet", "--initial-branch", "main"),
        (seed, "add", "--all"),
        (seed, *author, "commit", "--quiet", "--message", "Initial commit"),
        (seed, "push", "--quiet", str(bare), "main"),
    ):
        done = run("git", *command, folder=place, environment={"PATH": os.environ["PATH"], "HOME": str(folder)})
        assert done.returncode == 0, done.stderr
    return folder / "server"


def publish(
    server: Path, environment: dict[str, str], *more: str, kind: str = "model-training"
) -> tuple[int, str, str]:
    arguments = (kind, "--organization", "acme", "--github-url", f"file://{server}", *more)
    done = run(sys.executable, str(PUBLISH), *arguments, folder=server, environment=environment)
    return done.returncode, done.stdout, done.stderr


def commits(server: Path) -> list[str]:
    return run("git", "log", "--format=%s", "main", folder=server / REPOSITORY).stdout.splitlines()


def test_the_repository_then_holds_the_template_in_one_commit(
    server: Path, environment: dict[str, str], model_training: Path
) -> None:
    code, out, error = publish(server, environment)
    assert (code, error) == (0, "")
    assert out.startswith("mlops-template-model-training: published version ")
    version = out.strip().rpartition(" ")[2]
    assert commits(server) == [f"Template model-training {version}", "Initial commit"]
    listed = run("git", "ls-tree", "-r", "--name-only", "main", folder=server / REPOSITORY).stdout.splitlines()
    expected = [path.relative_to(model_training).as_posix() for path in model_training.rglob("*") if path.is_file()]
    assert sorted(listed) == sorted(expected)


def test_an_unchanged_template_makes_no_commit_and_says_so(server: Path, environment: dict[str, str]) -> None:
    publish(server, environment)
    code, out, _ = publish(server, environment)
    assert code == 0
    assert out.startswith("mlops-template-model-training: unchanged, version ")
    assert len(commits(server)) == 2


def test_the_token_is_in_no_argument_no_output_and_no_file(
    server: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    _, out, error = publish(server, environment)
    commands = (tmp_path / "commands").read_text()
    assert "clone" in commands
    assert "push" in commands
    assert TOKEN not in commands + out + error
    for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
        assert TOKEN.encode() not in file.read_bytes(), file


def test_a_hooks_own_repository_is_left_alone(server: Path, environment: dict[str, str], tmp_path: Path) -> None:
    # git exports these to its hooks; every git that a hook starts would then work on the hook's repository.
    hooked = tmp_path / "hooked"
    run("git", "init", "--quiet", str(hooked), folder=tmp_path)
    before = (hooked / ".git" / "config").read_text()
    variables = {"GIT_DIR": str(hooked / ".git"), "GIT_INDEX_FILE": "index", "GIT_WORK_TREE": str(hooked)}
    code, out, _ = publish(server, {**environment, **variables})
    assert (code, out.count("published version")) == (0, 1)
    assert (hooked / ".git" / "config").read_text() == before


@dataclass
class Answers:
    """A server without repositories, whose REST API gives one answer; it records its requests."""

    status: int = 404
    scopes: str | None = None
    url: str = ""
    seen: list[tuple[str, str | None]] = field(default_factory=list[tuple[str, str | None]])
    renames: Callable[[], int] = lambda: 404
    """Renames the default branch and returns the status of the answer."""


@pytest.fixture
def github() -> Iterator[Answers]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(answers.status if self.path.startswith("/api/v3/") else 404)
            if answers.scopes is not None:
                self.send_header("X-OAuth-Scopes", answers.scopes)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answers.seen.append((f"{self.path} {body.decode()}", self.headers.get("Authorization")))
            self.send_response(answers.renames())
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives it
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        answers.url = f"http://127.0.0.1:{listening.server_port}/"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield answers
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [
        ("repo", "`workflow` to write files in .github/workflows;"),
        ("workflow, read:org", "`repo` to write to the template repositories;"),
        ("gist", "`repo` to write to the template repositories and `workflow` to write files in .github/workflows;"),
    ],
)
def test_a_scope_that_the_token_lacks_is_named_before_anything_is_published(
    server: Path, environment: dict[str, str], tmp_path: Path, github: Answers, scopes: str, lacking: str
) -> None:
    github.status, github.scopes = 200, scopes
    code, out, error = publish(server, environment, "--github-url", github.url)
    assert (code, out) == (1, "")
    assert f"error: the token in GITHUB_TOKEN lacks {lacking}" in error
    assert error.endswith("--scopes repo,workflow\n")
    assert github.seen == [("/api/v3/user", f"Bearer {TOKEN}")]
    assert not (tmp_path / "commands").exists()
    assert TOKEN not in error


@pytest.mark.parametrize(("status", "scopes"), [(200, "repo, workflow"), (200, None), (200, ""), (403, None)])
def test_a_token_with_the_scopes_or_with_permissions_instead_is_used(
    server: Path, environment: dict[str, str], github: Answers, status: int, scopes: str | None
) -> None:
    github.status, github.scopes = status, scopes
    _, _, error = publish(server, environment, "--github-url", github.url)
    assert "git clone failed" in error
    assert len(github.seen) > 1


def test_a_token_that_the_server_rejects_is_not_given_to_git(
    server: Path, environment: dict[str, str], tmp_path: Path, github: Answers
) -> None:
    github.status = 401
    code, _, error = publish(server, environment, "--github-url", github.url)
    assert (code, "rejects the token in GITHUB_TOKEN" in error) == (1, True)
    assert not (tmp_path / "commands").exists()


@pytest.fixture
def on_master(server: Path) -> Path:
    """The repository of a template in an organization whose default branch is master."""
    done = run("git", "branch", "--move", "main", "master", folder=server / REPOSITORY)
    assert done.returncode == 0, done.stderr
    return server


def test_a_default_branch_that_is_not_main_is_renamed_before_anything_is_pushed(
    on_master: Path, environment: dict[str, str], github: Answers
) -> None:
    def rename() -> int:
        run("git", "branch", "--move", "master", "main", folder=on_master / REPOSITORY)
        github.status = 200
        return 201

    github.renames = rename
    code, out, error = publish(on_master, environment, "--github-api-url", f"{github.url}api/v3/")
    assert (code, error) == (0, "")
    assert "published version" in out
    repository = f"/api/v3/repos/{REPOSITORY.removesuffix('.git')}"
    assert github.seen == [
        (f'{repository}/branches/master/rename {{"new_name": "main"}}', f"Bearer {TOKEN}"),
        (f"{repository}/branches/main", f"Bearer {TOKEN}"),
    ]
    head = run("git", "symbolic-ref", "HEAD", folder=on_master / REPOSITORY).stdout.strip()
    assert (head, len(commits(on_master))) == ("refs/heads/main", 2)


def test_a_default_branch_that_cannot_be_renamed_is_refused_and_nothing_is_pushed(
    on_master: Path, environment: dict[str, str], github: Answers
) -> None:
    github.renames = lambda: 403
    code, out, error = publish(on_master, environment, "--github-api-url", f"{github.url}api/v3")
    assert (code, out) == (1, "")
    assert "is master, projects need main, and the server does not rename it (403)" in error
    branches = run("git", "branch", "--format=%(refname:short)", folder=on_master / REPOSITORY).stdout.split()
    assert branches == ["master"]


def test_the_server_gets_the_token_as_the_password_of_its_git_requests(
    server: Path, environment: dict[str, str], github: Answers
) -> None:
    code, _, error = publish(server, environment, "--github-url", github.url)
    credentials = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert github.seen == [
        ("/api/v3/user", f"Bearer {TOKEN}"),
        (f"/{REPOSITORY}/info/refs?service=git-upload-pack", f"Basic {credentials}"),
    ]
    assert code == 1
    assert TOKEN not in error
    assert credentials not in error


def test_without_a_token_no_request_is_sent(server: Path, environment: dict[str, str], tmp_path: Path) -> None:
    del environment["GITHUB_TOKEN"]
    code, _, error = publish(server, environment)
    assert code == 1
    assert "set GITHUB_TOKEN" in error
    assert not (tmp_path / "commands").exists()


def test_an_unknown_kind_is_refused_with_those_that_exist(server: Path, environment: dict[str, str]) -> None:
    code, _, error = publish(server, environment, kind="model-trainign")
    assert code == 2
    assert "there is no template model-trainign; there are model-deployment-batch, model-deployment-realtime, " in error


def test_a_push_that_the_rules_refuse_says_whose_token_is_let_past(server: Path, environment: dict[str, str]) -> None:
    hook = server / REPOSITORY / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\necho 'error: GH013: Repository rule violations found for refs/heads/main.' >&2\nexit 1\n"
    )
    hook.chmod(0o755)
    code, _, error = publish(server, environment)
    assert code == 1
    assert "rules let only the platform's own account past: use its token" in error


@pytest.mark.parametrize(
    "refusal",
    [
        "fatal: unable to access 'https://github.com/acme/x.git/': The requested URL returned error: 403",
        "refusing to allow a GitHub App to create or update workflow `.github/workflows/a.yml` without `workflows` permission",
    ],
)
def test_a_push_that_the_token_may_not_make_says_which_permissions_it_lacks(
    server: Path, environment: dict[str, str], refusal: str
) -> None:
    hook = server / REPOSITORY / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{refusal}\nEND\nexit 1\n")
    hook.chmod(0o755)
    code, _, error = publish(server, environment)
    assert code == 1
    assert "the permissions Contents and Workflows (read and write) of the template repositories" in error


def test_a_refused_push_fails_with_the_servers_message(server: Path, environment: dict[str, str]) -> None:
    hook = server / REPOSITORY / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    code, out, error = publish(server, environment)
    assert (code, out) == (1, "")
    assert "git push failed" in error
    assert "main is protected" in error
    assert commits(server) == ["Initial commit"]


def test_a_missing_repository_is_named(server: Path, environment: dict[str, str]) -> None:
    code, _, error = publish(server, environment, "--organization", "unknown")
    assert code == 1
    assert "git clone failed" in error
    assert "unknown/mlops-template-model-training.git" in error
