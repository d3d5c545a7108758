"""Git over HTTPS: git's own backend behind GitHub's permissions and rules.

Source: git-http-backend(1), gitprotocol-http(5).
"""

import base64
import binascii
import re
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

from sandbox.github import errors
from sandbox.github.accounts import Caller, caller_role, reaches
from sandbox.github.git import NO_COMMIT, environment
from sandbox.github.refs import Refs
from sandbox.github.rules import RefChange
from sandbox.github.state import Repository
from sandbox.github.store import Store
from sandbox.github.transport import Request, Response, text_response

_PATH = re.compile(r"/(?P<owner>[^/]+)/(?P<repo>[^/]+?)(?:\.git)?/(?P<what>info/refs|git-upload-pack|git-receive-pack)")
_COMMAND = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) (refs/[^\0\n]+)")
_HOOKS = Path(__file__).parent / "hooks"


class GitHttp:
    """Handles the requests of git clients."""

    def __init__(self, store: Store, refs: Refs) -> None:
        self._store = store
        self._refs = refs
        self._locks = _Locks()

    def answers(self, request: Request) -> bool:
        """Whether a request comes from a git client."""
        return _PATH.fullmatch(request.path) is not None

    def answer(self, request: Request) -> tuple[Response, str | None]:
        """Return the response, and the login of the caller."""
        match = _PATH.fullmatch(request.path)
        if match is None:
            return text_response(404, "Not Found\n"), None
        caller = self._caller(request)
        login = caller.user.login if caller else None
        writes = "git-receive-pack" in (match["what"], request.query.get("service"))
        repository = self._store.find_repository(match["owner"], match["repo"])
        if caller is None and (repository is None or repository.private or writes):
            challenge = {"www-authenticate": 'Basic realm="GitHub"'}
            return text_response(401, "Authentication required\n", headers=challenge), login
        if repository is None or not self._may(caller, repository, writes=False):
            return text_response(404, "Repository not found.\n"), login
        if writes and caller is not None:
            if repository.archived:
                return text_response(403, "This repository was archived so it is read-only.\n"), login
            if not self._may(caller, repository, writes=True):
                denied = f"Permission to {repository.full_name}.git denied to {login}.\n"
                return text_response(403, denied), login
            if match["what"] == "git-receive-pack":
                return self._receive(request, repository, caller), login
        return self._backend(request, repository, match["what"], {}), login

    def _caller(self, request: Request) -> Caller | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                _, _, token = base64.b64decode(value).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
        else:
            token = value.strip()
        try:
            return self._store.tokens.caller(token, self._store.state) if token else None
        except errors.ApiError:
            return None

    def _may(self, caller: Caller | None, repository: Repository, *, writes: bool) -> bool:
        if caller is None:
            return not repository.private
        if caller.is_job and caller.job_repository_id == repository.id:
            return caller.job_may("contents:write" if writes else "contents:read")
        return reaches(caller_role(caller, repository, self._store.state), "push" if writes else "pull")

    def _receive(self, request: Request, repository: Repository, caller: Caller) -> Response:
        """Store the pushed objects, check the rules for each ref, then announce the refs that moved."""
        git = self._store.git(repository)
        commands, separator, pack = request.body.partition(b"0000PACK")
        with self._locks.of(repository.id):
            if separator:
                git.store_pack(b"PACK" + pack)
            before = git.refs()
            changes = [
                RefChange(ref=match[3].decode(), old=before.get(match[3].decode(), NO_COMMIT), new=match[2].decode())
                for match in _COMMAND.finditer(commands)
            ]
            with self._store.lock:
                refusal = self._refusal(repository, changes, caller)
            configuration = {
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": "core.hooksPath",
                "GIT_CONFIG_VALUE_0": str(_HOOKS),
                # Refs of pull requests: git refuses to update them in GitHub's own words.
                "GIT_CONFIG_KEY_1": "receive.hideRefs",
                "GIT_CONFIG_VALUE_1": "refs/pull",
                "REFUSAL": refusal,
            }
            response = self._backend(request, repository, "git-receive-pack", configuration)
            after = git.refs()
            with self._store.lock:
                for change in changes:
                    new = after.get(change.ref, NO_COMMIT)
                    if change.old != new:
                        self._refs.moved(repository, replace(change, new=new), caller)
                self._store.save()
        return response

    def _refusal(self, repository: Repository, changes: list[RefChange], caller: Caller) -> str:
        lines: list[str] = []
        for change in changes:
            broken = self._refs.violations(repository, change, caller)
            if broken and not change.ref.startswith("refs/pull/"):
                lines.append(f"error: GH013: Repository rule violations found for {change.ref}.")
                lines += ["", *(f"- {reason}" for reason in broken), ""]
        return "\n".join(lines)

    def _backend(self, request: Request, repository: Repository, what: str, variables: dict[str, str]) -> Response:
        path = self._store.git(repository).path
        done = subprocess.run(
            ["git", "http-backend"],
            input=request.body,
            env={
                **environment(),
                "GIT_PROJECT_ROOT": str(path.parent),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": f"/{path.name}/{what}",
                "QUERY_STRING": request.query_string,
                "REQUEST_METHOD": request.method,
                "CONTENT_TYPE": request.headers.get("content-type", ""),
                "CONTENT_LENGTH": str(len(request.body)),
                "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
                "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
                "REMOTE_USER": "git",
                **variables,
            },
            capture_output=True,
            check=False,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200").split()[0])
        return Response(status=status if done.returncode == 0 else 500, headers=headers, body=body)


class _Locks:
    """One lock per repository, so that a push and the events after it are one step."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[int, threading.Lock] = {}

    def of(self, repository_id: int) -> threading.Lock:
        """Return the lock of one repository."""
        with self._guard:
            return self._locks.setdefault(repository_id, threading.Lock())
