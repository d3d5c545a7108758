"""Git repositories, by git's own commands; what `git init` and `git clone` write is written here, which is faster."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
CONFIGURATION = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
[uploadpack]
\tallowAnySHA1InWant = true
[http]
\treceivepack = true
"""
"""The configuration of a new repository; jobs fetch the exact commit that they run for."""
NO_COMMIT = "0" * 40
"""The id that stands for "no commit" when a branch is created or deleted."""


class GitError(Exception):
    """A git command failed."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """The author or committer of a commit, with the date (ISO 8601, UTC; None: now)."""

    name: str
    email: str
    date: str | None = None


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of a tree."""

    path: str
    mode: str
    type: str
    sha: str
    size: int | None


def environment() -> dict[str, str]:
    """Return the environment of git, without the configuration of the user and the system."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }


@dataclass(frozen=True)
class GitRepository:
    """One bare repository."""

    path: Path

    def create(self, default_branch: str) -> None:
        """Create the repository, without a commit."""
        for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
            (self.path / folder).mkdir(parents=True)
        (self.path / "HEAD").write_text(f"ref: refs/heads/{default_branch}\n", encoding="utf-8")
        (self.path / "config").write_text(CONFIGURATION, encoding="utf-8")

    def run(self, *arguments: str, input_: bytes | None = None, variables: Mapping[str, str] | None = None) -> bytes:
        """Run git in the repository and return its output.

        Raises:
            GitError: it failed.
        """
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=input_ if input_ is not None else b"",
            env={**environment(), **(variables or {})},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise GitError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def _try(self, *arguments: str) -> str | None:
        try:
            return self.run(*arguments).decode().strip()
        except GitError:
            return None

    def set_default_branch(self, branch: str) -> None:
        """Point HEAD at a branch."""
        self.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Return the objects of all refs below `prefix` by full name, as git stores them.

        Source: gitrepository-layout(5). Most requests begin with this, so no process is started for it.
        """
        found: dict[str, str] = {}
        packed = self.path / "packed-refs"
        for line in packed.read_text(encoding="utf-8").splitlines() if packed.exists() else []:
            sha, _, name = line.partition(" ")
            if not line.startswith(("#", "^")) and name.startswith(prefix):
                found[name] = sha
        for folder, _, files in os.walk(self.path / prefix):
            for file in files:
                # Another request may move a ref by way of a lock file, or delete it.
                if not file.endswith(".lock"):
                    with contextlib.suppress(FileNotFoundError):
                        path = Path(folder, file)
                        found[path.relative_to(self.path).as_posix()] = path.read_text(encoding="utf-8").strip()
        return dict(sorted(found.items()))

    def branches(self) -> dict[str, str]:
        """Return the commits of all branches by name."""
        return {name.removeprefix("refs/heads/"): sha for name, sha in self.refs("refs/heads/").items()}

    def resolve(self, name: str) -> str | None:
        """Return the commit that a branch, tag, full ref or commit id stands for."""
        for candidate in (name, f"refs/heads/{name}", f"refs/tags/{name}"):
            if candidate == name and not (name.startswith("refs/") or _looks_like_commit(name)):
                continue
            found = self._try("rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}")
            if found:
                return found
        return None

    def type_of(self, sha: str) -> str | None:
        """Return blob, tree, commit or tag; None if the object does not exist."""
        return self._try("cat-file", "-t", sha)

    def commit(self, sha: str) -> Commit:
        """Read a commit; by its full id it is read once, for it never changes."""
        return _commit(self, sha) if len(sha) == len(NO_COMMIT) else _commit.__wrapped__(self, sha)

    def log(self, start: str, *, path: str | None = None, limit: int = 1000) -> list[str]:
        """Return commit ids from `start` backwards, only those that touch `path` if it is given."""
        chosen = ["--", path] if path else []
        return self.run("rev-list", f"--max-count={limit}", start, *chosen).decode().split()

    def count(self, without: str, of: str) -> int:
        """Return how many commits of one history another one lacks."""
        return int(self.run("rev-list", "--count", of, f"^{without}"))

    def entries(self, tree: str, *, path: str = "", recursive: bool = False) -> list[Entry]:
        """Return the entries of a folder (with a trailing slash), or the one entry of a file's path."""
        options = ["-r", "-t"] if recursive else []
        chosen = ["--", path] if path else []
        raw = self.run("ls-tree", "--long", "-z", "--full-tree", *options, tree, *chosen).decode()
        found: list[Entry] = []
        for record in filter(None, raw.split("\0")):
            description, name = record.split("\t", 1)
            mode, kind, sha, size = description.split()
            found.append(Entry(path=name, mode=mode, type=kind, sha=sha, size=None if size == "-" else int(size)))
        return found

    def entry(self, tree: str, path: str) -> Entry | None:
        """Return the entry of a path, if there is one."""
        found = self.entries(tree, path=path.strip("/"))
        return found[0] if found else None

    def blob(self, sha: str) -> bytes:
        """Read a file's contents."""
        return self.run("cat-file", "blob", sha)

    def file(self, commit: str, path: str) -> bytes | None:
        """Read a file as it is in a commit; None if it is not there."""
        try:
            return self.run("cat-file", "blob", f"{commit}:{path}")
        except GitError:
            return None

    def write_blob(self, content: bytes) -> str:
        """Store a file's contents."""
        return self.run("hash-object", "-w", "--stdin", input_=content).decode().strip()

    def write_tree(self, base: str | None, changes: Sequence[tuple[str, str, str | None]]) -> str:
        """Store a tree, or that of a commit, with changes: (path, mode, object; None removes the path)."""
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if base:
                self.run("read-tree", base, variables=index)
            lines = [
                f"{mode if sha else 0} {sha or NO_COMMIT}\t{path}\0" for path, mode, sha in changes if mode != "040000"
            ]
            self.run("update-index", "-z", "--index-info", input_="".join(lines).encode(), variables=index)
            for path, mode, sha in changes:
                if mode == "040000" and sha:
                    self.run("read-tree", f"--prefix={path}/", sha, variables=index)
            return self.run("write-tree", variables=index).decode().strip()

    def write_commit(
        self, tree: str, parents: Sequence[str], message: str, author: Person, committer: Person | None = None
    ) -> str:
        """Store a commit; no branch changes."""
        chosen = [option for parent in parents for option in ("-p", parent)]
        variables: dict[str, str] = {}
        for role, person in (("AUTHOR", author), ("COMMITTER", committer or author)):
            variables |= {f"GIT_{role}_NAME": person.name, f"GIT_{role}_EMAIL": person.email}
            if person.date is not None:
                variables[f"GIT_{role}_DATE"] = person.date
        return self.run("commit-tree", tree, *chosen, input_=message.encode(), variables=variables).decode().strip()

    def update_ref(self, ref: str, new: str, old: str = "") -> None:
        """Move a ref from `old` to `new`; an all-zero `old` creates it.

        Raises:
            GitError: the ref is no longer at `old`.
        """
        self.run("update-ref", ref, new, *([old] if old else []))

    def delete_ref(self, ref: str) -> None:
        """Remove a ref."""
        self.run("update-ref", "-d", ref)

    def changed_paths(self, before: str, after: str) -> list[str]:
        """Return the paths that differ between two commits."""
        start = EMPTY_TREE if before == NO_COMMIT else before
        return list(filter(None, self.run("diff", "--name-only", "-z", start, after).decode().split("\0")))

    def pushed_paths(self, default_branch: str, before: str, after: str) -> list[str]:
        """Return the paths that a push changes; a new branch is compared with where it left the default branch."""
        if before == NO_COMMIT:
            main = self.branches().get(default_branch)
            before = (self.merge_base(main, after) if main and main != after else None) or EMPTY_TREE
        return self.changed_paths(before, after)

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether a commit is another one, or one of its ancestors."""
        return self._try("merge-base", "--is-ancestor", older, newer) is not None

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits."""
        return self._try("merge-base", one, other)

    def merged_tree(self, base: str, head: str) -> str | None:
        """Merge `head` into `base` and return the tree; None if they conflict."""
        return self._try("merge-tree", "--write-tree", base, head)

    def fetch(self, other: "GitRepository", source: str, target: str) -> None:
        """Copy a ref of another repository."""
        self.run("fetch", "--quiet", "--no-tags", str(other.path), f"+{source}:{target}")

    def store_pack(self, pack: bytes) -> None:
        """Store the objects of a pack; no ref changes."""
        self.run("index-pack", "--stdin", "--fix-thin", input_=pack)

    def checkout(self, commit: str, folder: Path) -> None:
        """Check a commit out into an empty folder, as a clone that shares the objects of this repository."""
        for part in ("objects/info", "refs"):
            (folder / ".git" / part).mkdir(parents=True)
        for name, text in (
            ("HEAD", commit),
            ("objects/info/alternates", str(self.path / "objects")),
            ("config", f'[core]\n\trepositoryformatversion = 0\n[remote "origin"]\n\turl = {self.path}\n'),
        ):
            (folder / ".git" / name).write_text(f"{text}\n", encoding="utf-8")
        GitRepository(folder).run("reset", "--quiet", "--hard")


@lru_cache(maxsize=1024)
def _commit(repository: GitRepository, sha: str) -> Commit:
    # NUL cannot occur in any of these fields.
    form = "%H%x00%T%x00%P%x00%an%x00%ae%x00%ad%x00%cn%x00%ce%x00%cd%x00%B"
    options = ("--no-patch", f"--format={form}", "--date=format-local:%Y-%m-%dT%H:%M:%SZ")
    fields = repository.run("show", *options, sha, variables={"TZ": "UTC"}).decode(errors="replace").split("\0")
    return Commit(
        sha=fields[0],
        tree=fields[1],
        parents=tuple(fields[2].split()),
        author=Person(name=fields[3], email=fields[4], date=fields[5]),
        committer=Person(name=fields[6], email=fields[7], date=fields[8]),
        message=fields[9].rstrip("\n"),
    )


def _looks_like_commit(name: str) -> bool:
    return len(name) >= 7 and all(character in "0123456789abcdef" for character in name)
