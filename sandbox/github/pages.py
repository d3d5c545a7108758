"""Web pages: a repository with its files, commits and runs; a run with its log."""

import html
import re
from pathlib import Path

from sandbox.github import markdown
from sandbox.github.actions import deployments, logs
from sandbox.github.state import Environment, Job, PullRequest, Repository, Run
from sandbox.github.store import Store
from sandbox.github.transport import Request, Response, text_response

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1f2328 }
a { color: #0969da; text-decoration: none } a:hover { text-decoration: underline }
pre { background: #f6f8fa; padding: 1rem; overflow: auto; border-radius: 6px; font-size: 13px }
table { border-collapse: collapse; width: 100% } td { border-top: 1px solid #d1d9e0; padding: .3rem .6rem .3rem 0 }
.muted { color: #59636e }
.markdown { border: 1px solid #d1d9e0; border-radius: 6px; padding: 0 1rem } .markdown table { width: auto }
.markdown th { text-align: left; padding: .3rem .6rem .3rem 0 } .markdown img { max-width: 100% }
.markdown code { background: #818b981f; border-radius: 6px; padding: .1rem .3rem } .markdown pre code { padding: 0; background: none }
@media (prefers-color-scheme: dark) {
  body { background: #0d1117; color: #f0f6fc } a { color: #4493f8 } pre { background: #151b23 }
  td, .markdown { border-color: #3d444d } .muted { color: #9198a1 }
}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; base-uri 'none'; form-action 'none'"
"""Pages have no scripts: should some text of a repository or of a run ever become one, the browser does not run it."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_REPOSITORY = re.compile(r"/(?P<owner>[^/]+)/(?P<repo>[^/]+)(?P<rest>/.*)?")


def answer(store: Store, request: Request) -> Response:
    """Answer the request of a browser."""
    with store.lock:
        body = _body(store, request.path.rstrip("/"))
    if body is None:
        return text_response(404, _page("Not found", "<p>There is nothing here.</p>"), "text/html")
    return text_response(200, body, "text/html", {"content-security-policy": _POLICY})


def _body(store: Store, path: str) -> str | None:
    if path in ("", f"/{store.organization.login}"):
        return _organization(store)
    match = _REPOSITORY.fullmatch(path)
    repository = store.find_repository(match["owner"], match["repo"]) if match else None
    if match is None or repository is None:
        return None
    rest = match["rest"] or ""
    if rest in ("", "/actions"):
        return _repository(store, repository)
    if found := re.fullmatch(r"/actions/runs/(\d+)(?:/job/(\d+))?", rest):
        run = store.state.runs.get(int(found[1]))
        return _run(store, repository, run, found[2]) if run and run.repository_id == repository.id else None
    if found := re.fullmatch(r"/pull/(\d+)", rest):
        pull = next((one for one in repository.pulls if str(one.number) == found[1]), None)
        return _pull(store, repository, pull) if pull else None
    if found := re.fullmatch(r"/blob/([^/]+)/(.+)", rest):
        return _file(store, repository, found[1], found[2])
    return None


def _page(title: str, body: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style><h1>{html.escape(title)}</h1>{body}</html>"
    )


def _link(path: str, text: str) -> str:
    return f"<a href='{html.escape(path, quote=True)}'>{html.escape(text)}</a>"


def _table(rows: list[list[str]]) -> str:
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{lines}</table>" if rows else "<p class=muted>None.</p>"


def _organization(store: Store) -> str:
    rows = [
        [_link(f"/{one.full_name}", one.name), html.escape(one.description or ""), _labels(one)]
        for one in store.state.repositories.values()
    ]
    return _page(store.organization.login, _table(rows))


def _labels(repository: Repository) -> str:
    labels = ["private" if repository.private else "public"]
    labels += ["template"] if repository.is_template else []
    labels += ["archived"] if repository.archived else []
    return f"<span class=muted>{', '.join(labels)}</span>"


def _repository(store: Store, repository: Repository) -> str:
    git = store.git(repository)
    commit = git.branches().get(repository.default_branch)
    runs = sorted(
        (run for run in store.state.runs.values() if run.repository_id == repository.id),
        key=lambda run: run.id,
        reverse=True,
    )
    parts = [
        f"<p>{html.escape(repository.description or '')} {_labels(repository)}</p>",
        "<h2>Runs</h2>",
        _table([_run_row(repository, run) for run in runs]),
    ]
    if commit is not None:
        branch = repository.default_branch
        files = [entry.path for entry in git.entries(commit, recursive=True) if entry.type == "blob"]
        history = [git.commit(sha) for sha in git.log(commit, limit=20)]
        readme = git.file(commit, "README.md") or b""
        parts += [
            "<h2>Commits</h2>",
            _table(
                [
                    [
                        f"<code>{one.sha[:7]}</code>",
                        html.escape(one.message.partition("\n")[0]),
                        html.escape(one.author.name),
                    ]
                    for one in history
                ]
            ),
            "<h2>Files</h2>",
            _table([[_link(f"/{repository.full_name}/blob/{branch}/{path}", path)] for path in files]),
            f"<h2>README</h2><pre>{html.escape(readme.decode(errors='replace'))}</pre>" if readme else "",
        ]
    return _page(repository.full_name, "".join(parts))


def _run_row(repository: Repository, run: Run) -> list[str]:
    return [
        _link(f"/{repository.full_name}/actions/runs/{run.id}", f"{run.name} #{run.number}"),
        html.escape(run.title),
        html.escape(run.event),
        html.escape((run.conclusion or run.status).replace("_", " ")),
    ]


def _run(store: Store, repository: Repository, run: Run, opened: str | None) -> str:
    folder = store.run_folder(run.id)
    log = folder / "log.txt"
    state = (run.conclusion or run.status).replace("_", " ")
    facts = [html.escape(fact) for fact in (run.title, run.head_sha[:7], run.event, f"by {run.actor}", state)]
    if run.attempt > 1:
        facts.append(f"attempt {run.attempt}, by {html.escape(run.triggering_actor)}")
    parts = [f"<p>{_link(f'/{repository.full_name}', repository.full_name)} · {' · '.join(facts)}</p>"]
    parts += [_waiting(store, run, environment) for environment in deployments.pending(store, run)]
    parts += ["<h2>Jobs</h2>", *(_job(folder, job, opened) for job in run.jobs)]
    parts += [_summary(folder, job) for job in run.jobs if logs.summary(folder, job).exists()]
    if log.exists():
        parts.append(f"<h2>Log</h2>{_text(log)}")
    return _page(f"{run.name} #{run.number}", "".join(parts))


def _summary(folder: Path, job: Job) -> str:
    rendered = markdown.rendered(logs.summary(folder, job).read_text())
    return f"<h2>{html.escape(job.name)} summary</h2><div class=markdown>{rendered}</div>"


def _waiting(store: Store, run: Run, environment: Environment) -> str:
    accounts = {user.id: user.login for user in store.state.users.values()}
    teams = {team.id: f"team {team.slug}" for team in store.state.teams.values()}
    names = [
        (accounts if one.type == "User" else teams).get(one.id, "a deleted reviewer") for one in environment.reviewers
    ]
    but = f", but not {run.triggering_actor}" if environment.prevent_self_review else ""
    sentence = f"{environment.name} waits for a review by {' or '.join(names)}{but}."
    answering = f" To answer as one of them: <code>.venv/bin/python -m sandbox release {run.id}</code>"
    return f"<p><strong>{html.escape(sentence)}</strong>{answering}</p>"


def _job(folder: Path, job: Job, opened: str | None) -> str:
    state = (job.conclusion or job.status).replace("_", " ")
    steps = _table([[html.escape(step.name), html.escape(step.conclusion or step.status)] for step in job.steps])
    log = folder / f"{job.id}.txt"
    shown = " open" if opened == str(job.id) else ""
    inner = (steps if job.steps else "") + (_text(log) if log.exists() else "<p class=muted>No log yet.</p>")
    title = f"{html.escape(job.name)} <span class=muted>{html.escape(state)}</span>"
    return f"<details id=job-{job.id}{shown}><summary>{title}</summary>{inner}</details>"


def _text(file: Path) -> str:
    return f"<pre>{html.escape(_COLOURS.sub('', file.read_text()))}</pre>"


def _pull(store: Store, repository: Repository, pull: PullRequest) -> str:
    state = "merged" if pull.merged_at else pull.state
    facts = [html.escape(fact) for fact in (f"{pull.head} into {pull.base}", f"by {pull.author}", state)]
    runs = [
        run
        for run in store.state.runs.values()
        if run.repository_id == repository.id and run.pull_number == pull.number
    ]
    parts = [
        f"<p>{_link(f'/{repository.full_name}', repository.full_name)} · {' · '.join(facts)}</p>",
        f"<pre>{html.escape(pull.body or '')}</pre>",
        "<h2>Runs</h2>",
        _table([_run_row(repository, run) for run in runs]),
    ]
    return _page(f"{pull.title} #{pull.number}", "".join(parts))


def _file(store: Store, repository: Repository, ref: str, path: str) -> str | None:
    git = store.git(repository)
    commit = git.resolve(ref)
    content = git.file(commit, path) if commit else None
    if content is None:
        return None
    return _page(f"{repository.full_name}/{path}", f"<pre>{html.escape(content.decode(errors='replace'))}</pre>")
