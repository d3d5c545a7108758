"""Events and the runs that they trigger; no runner executes them here."""

from typing import Any

import pytest

from sandbox.github.actions.patterns import fnmatch, selected
from tests.sandbox_github.client import Client, encoded, repository, wait_until

JOBS = "jobs: {a: {runs-on: ubuntu-latest, steps: [{run: echo}]}}"


@pytest.fixture
def idle(call: Client) -> Client:
    """A GitHub without runners, so that all runs stay queued."""
    call.github.store.seed.runners = 0
    return call


def with_workflow(call: Client, name: str, head: str, **settings: object) -> str:
    path = repository(call, name, **settings)
    body = {"message": "Workflow [skip ci]", "content": encoded(f"{head}\n{JOBS}\n")}
    assert call("PUT", f"{path}/contents/.github/workflows/build.yml", body).status == 201
    return path


def runs(call: Client, path: str, query: str = "") -> list[dict[str, Any]]:
    return call("GET", f"{path}/actions/runs?{query}").json["workflow_runs"]


def test_a_push_triggers_workflows_by_branch_and_path_unless_the_commit_says_skip_ci(idle: Client) -> None:
    path = with_workflow(idle, "pushed", "on: {push: {branches: [main, 'release/**'], paths: ['src/**', '!**.md']}}")
    main = idle("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    for branch in ("feature", "release/1.0"):
        assert idle("POST", f"{path}/git/refs", {"ref": f"refs/heads/{branch}", "sha": main}).status == 201
    for branch, file, message in (
        ("main", "src/skipped.py", "Skip me [skip ci]"),
        ("main", "src/deep/notes.md", "Notes"),
        ("main", "elsewhere.txt", "Elsewhere"),
        ("feature", "src/feature.py", "Feature"),
        ("main", "src/deep/more.py", "Counts"),
        ("release/1.0", "src/release.py", "Counts too"),
    ):
        body = {"message": message, "content": encoded(message), "branch": branch}
        assert idle("PUT", f"{path}/contents/{file}", body).status == 201
    assert [run["display_title"] for run in runs(idle, path)] == ["Counts too", "Counts"]


def test_a_workflow_that_a_schedule_starts_starts_with_other_events_as_well(idle: Client) -> None:
    path = with_workflow(idle, "nightly", "on: {schedule: [{cron: '23 3 * * *'}], push: {branches: [main]}}")
    body = {"message": "Counts", "content": encoded("x"), "branch": "main"}
    assert idle("PUT", f"{path}/contents/file.txt", body).status == 201
    assert [run["display_title"] for run in runs(idle, path)] == ["Counts"]


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        (["main"], "main", True),
        (["main"], "main2", False),
        (["releases/*"], "releases/1", True),
        (["releases/*"], "releases/1/2", False),
        (["releases/**"], "releases/1/2", True),
        (["v[12].[0-9]+"], "v1.10", True),
        (["v[12].[0-9]+"], "v3.1", False),
        (["**/docs/**"], "docs/index.md", True),
        (["**.js"], "src/a.js", True),
        (["*.js"], "src/a.js", False),
        (["a/**", "!a/b"], "a/b", False),
        (["!a/b", "a/**"], "a/b", True),
    ],
)
def test_filter_patterns_match_as_in_githubs_cheat_sheet(patterns: list[str], name: str, expected: bool) -> None:
    assert selected(patterns, name) is expected


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("main", "main", True),
        ("main", "main2", False),
        ("main", "Main", False),
        ("*", "main", True),
        ("*", "release/1", False),
        ("**", "release/1", False),
        ("release/*", "release/1", True),
        ("release/*", "release/1/2", False),
        ("release/*/*", "release/1/2", True),
        ("**/hotfix", "a/b/hotfix", True),
        ("**/hotfix", "hotfix", True),
        ("v?.0", "v1.0", True),
        ("v?.0", "v/.0", False),
        ("v[0-9].0", "v1.0", True),
        ("v[!0-9].0", "v1.0", False),
        ("v[^0-9]x", "v/x", False),
        ("a\\*", "a*", True),
        ("a\\*", "ab", False),
        ("a.b", "axb", False),
    ],
)
def test_name_policies_match_like_rubys_fnmatch(pattern: str, name: str, expected: bool) -> None:
    assert fnmatch(pattern, name) is expected


def test_a_workflow_of_a_new_repository_cannot_be_dispatched_until_it_is_registered(idle: Client) -> None:
    idle.github.store.seed.timing.workflow_registration = 60
    template = with_workflow(idle, "template", "on: workflow_dispatch", is_template=True)
    idle("POST", f"{template}/generate", {"owner": "acme", "name": "fresh", "private": True})
    path = "/repos/acme/fresh"
    wait_until(lambda: idle("GET", f"{path}/branches").json)
    place = f"{path}/actions/workflows/build.yml/dispatches"
    assert idle("POST", place, {"ref": "main"}).status == 404
    assert idle("GET", f"{path}/actions/workflows").json["total_count"] == 0
    registered_at = idle.github.actions.workflows.dispatchable_from
    registered_at.update({repository: moment - 60 for repository, moment in registered_at.items()})
    assert idle("POST", place, {"ref": "main"}).status == 204
    assert [run["event"] for run in runs(idle, path)] == ["workflow_dispatch"]
    listed = idle("GET", f"{path}/actions/workflows").json["workflows"]
    assert [workflow["path"] for workflow in listed] == [".github/workflows/build.yml"]
    assert [run["workflow_id"] for run in runs(idle, path)] == [listed[0]["id"]]


def test_the_first_commit_of_a_generated_repository_is_a_push(idle: Client) -> None:
    template = with_workflow(idle, "template", "on: push", is_template=True)
    idle("POST", f"{template}/generate", {"owner": "acme", "name": "fresh", "private": True})
    started = wait_until(lambda: runs(idle, "/repos/acme/fresh"))
    assert [run["display_title"] for run in started] == ["Initial commit"]


@pytest.mark.parametrize(
    ("head", "body", "message"),
    [
        ("on: push", {}, "Workflow does not have 'workflow_dispatch' trigger"),
        ("on: workflow_dispatch", {"ref": "none"}, "No ref found for: none"),
        ("on: workflow_dispatch", {"inputs": {"x": "1"}}, 'Unexpected inputs provided: ["x"]'),
        ("on: {workflow_dispatch: {inputs: {a: {required: true}}}}", {}, "Required input 'a' not provided"),
        (
            "on: {workflow_dispatch: {inputs: {a: {required: true}}}}",
            {"inputs": {"a": ""}},
            "Required input 'a' not provided",
        ),
        (
            "on: {workflow_dispatch: {inputs: {a: {type: boolean}}}}",
            {"inputs": {"a": "yes"}},
            "Provided value 'yes' for input 'a' not in the list of allowed values",
        ),
        (
            "on: {workflow_dispatch: {inputs: {a: {type: choice, options: [b, c]}}}}",
            {"inputs": {"a": "d"}},
            "Provided value 'd' for input 'a' not in the list of allowed values",
        ),
    ],
)
def test_a_refused_dispatch_gives_the_reason(idle: Client, head: str, body: dict[str, Any], message: str) -> None:
    path = with_workflow(idle, "dispatched", head)
    answer = idle("POST", f"{path}/actions/workflows/build.yml/dispatches", {"ref": "main", **body})
    assert (answer.status, answer.json["message"]) == (422, message)
    assert idle("POST", f"{path}/actions/workflows/none.yml/dispatches", {"ref": "main"}).status == 404
    assert runs(idle, path) == []


def test_inputs_that_are_not_given_have_their_defaults(idle: Client) -> None:
    path = with_workflow(
        idle, "defaults", "on: {workflow_dispatch: {inputs: {a: {default: true, type: boolean}, b: {}}}}"
    )
    body = {"ref": "main", "inputs": {"b": "x"}, "return_run_details": True}
    answer = idle("POST", f"{path}/actions/workflows/build.yml/dispatches", body)
    assert answer.status == 200
    run = idle.github.store.state.runs[answer.json["workflow_run_id"]]
    assert run.payload["inputs"] == {"a": "true", "b": "x"}


def test_only_the_newest_pending_run_of_a_group_is_kept(idle: Client) -> None:
    path = with_workflow(idle, "grouped", "on: workflow_dispatch\nconcurrency: {group: 'one-${{ github.ref }}'}")
    for _ in range(3):
        idle("POST", f"{path}/actions/workflows/build.yml/dispatches", {"ref": "main"})
    assert [run["conclusion"] or run["status"] for run in runs(idle, path)] == ["pending", "cancelled", "queued"]


def test_a_workflow_that_cannot_be_read_becomes_a_failed_run(idle: Client) -> None:
    path = repository(idle, "broken")
    body = {"message": "Broken", "content": encoded("on: [push\n")}
    assert idle("PUT", f"{path}/contents/.github/workflows/build.yml", body).status == 201
    assert [run["conclusion"] for run in runs(idle, path)] == ["startup_failure"]
    page = idle.raw("GET", f"/acme/broken/actions/runs/{runs(idle, path)[0]['id']}")
    assert b"error in your yaml syntax" in page.content


def test_a_pull_request_triggers_workflows_by_its_base_branch(idle: Client) -> None:
    path = with_workflow(idle, "asked", "on: {pull_request: {branches: [main], types: [opened, synchronize]}}")
    main = idle("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    for branch in ("change", "other"):
        assert idle("POST", f"{path}/git/refs", {"ref": f"refs/heads/{branch}", "sha": main}).status == 201
    body = {"message": "m", "content": encoded("a"), "branch": "change"}
    idle("PUT", f"{path}/contents/a", body)
    idle("POST", f"{path}/pulls", {"title": "To another branch", "head": "change", "base": "other"})
    assert runs(idle, path) == []
    idle("POST", f"{path}/pulls", {"title": "To main", "head": "change", "base": "main"})
    idle("PUT", f"{path}/contents/b", body)
    idle("PATCH", f"{path}/pulls/2", {"state": "closed"})
    found = runs(idle, path, "event=pull_request")
    assert [run["display_title"] for run in found] == ["To main", "To main"]
    assert found[0]["head_sha"] == idle("GET", f"{path}/git/ref/heads/change").json["object"]["sha"]
    assert found[0]["pull_requests"][0]["number"] == 2


def test_a_queued_run_is_cancelled_once(idle: Client) -> None:
    path = with_workflow(idle, "waiting", "on: workflow_dispatch")
    idle("POST", f"{path}/actions/workflows/build.yml/dispatches", {"ref": "main"})
    number = runs(idle, path)[0]["id"]
    assert idle("POST", f"{path}/actions/runs/{number}/cancel").status == 202
    assert idle("POST", f"{path}/actions/runs/{number}/cancel").status == 409
    assert idle("GET", f"{path}/actions/runs/{number}").json["conclusion"] == "cancelled"


def test_runs_have_the_run_name_of_their_workflow_and_are_filtered_and_paged(idle: Client) -> None:
    path = with_workflow(
        idle,
        "titled",
        "run-name: Deploy ${{ inputs.model }} ${{ inputs.approval }}\non: {workflow_dispatch: {inputs: {model: {}, approval: {}}}}",
    )
    for model in ("v1", "v2", "v3"):
        body = {"ref": "main", "inputs": {"model": model, "approval": f"{model}-17"}}
        assert idle("POST", f"{path}/actions/workflows/build.yml/dispatches", body).status == 204
    query = "event=workflow_dispatch&branch=main&status=queued&per_page=2"
    first = idle("GET", f"{path}/actions/workflows/build.yml/runs?{query}")
    assert [run["display_title"] for run in first.json["workflow_runs"]] == ["Deploy v3 v3-17", "Deploy v2 v2-17"]
    assert first.json["total_count"] == 3
    following = first.headers["link"].split(">")[0].removeprefix("<https://localhost:1/api/v3")
    assert "status=queued" in following
    assert [run["display_title"] for run in idle("GET", following).json["workflow_runs"]] == ["Deploy v1 v1-17"]
    today = runs(idle, path)[0]["created_at"][:10]
    for created, count in (
        (f">={today}", 3),
        (f"<{today}", 0),
        (f"2020-01-01..{today}", 3),
        (today, 3),
        ("*..2020-01-01", 0),
    ):
        assert len(runs(idle, path, f"created={created}")) == count, created


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ("jobs: {a: {needs: b, runs-on: ubuntu-latest, steps: []}}", "unknown job 'b'"),
        ("jobs: {a: {needs: b, steps: []}, b: {needs: [a], steps: []}}", "needs itself"),
        ("jobs: {a: {uses: other/repository/.github/workflows/x.yml@v1}}", "only those of ./"),
        ("jobs: {a: {uses: ./.github/workflows/none.yml}}", "workflow was not found"),
        ("concurrency: {group: a, cancel-in-progress: true, queue: max}\njobs: {a: {steps: []}}", "not valid"),
    ],
)
def test_a_workflow_with_an_invalid_job_graph_is_a_startup_failure(idle: Client, jobs: str, message: str) -> None:
    path = repository(idle, "unordered")
    body = {"message": "Workflow [skip ci]", "content": encoded(f"on: workflow_dispatch\n{jobs}\n")}
    assert idle("PUT", f"{path}/contents/.github/workflows/build.yml", body).status == 201
    idle("POST", f"{path}/actions/workflows/build.yml/dispatches", {"ref": "main"})
    run = runs(idle, path)[0]
    assert run["conclusion"] == "startup_failure"
    assert message in (idle.github.store.folder / "runs" / str(run["id"]) / "log.txt").read_text()
    assert idle("POST", f"{path}/actions/runs/{run['id']}/rerun").status == 403


def test_every_run_of_a_group_stays_pending_with_queue_max(idle: Client) -> None:
    path = with_workflow(idle, "queued", "on: workflow_dispatch\nconcurrency: {group: one, queue: max}")
    for _ in range(3):
        idle("POST", f"{path}/actions/workflows/build.yml/dispatches", {"ref": "main"})
    assert [run["status"] for run in runs(idle, path)] == ["pending", "pending", "queued"]


def test_a_cancelled_run_leaves_its_group_to_the_pending_run(idle: Client) -> None:
    path = with_workflow(idle, "grouped", "on: workflow_dispatch\nconcurrency: one")
    for _ in range(2):
        idle("POST", f"{path}/actions/workflows/build.yml/dispatches", {"ref": "main"})
    second, first = runs(idle, path)
    assert (first["status"], second["status"]) == ("queued", "pending")
    assert idle("POST", f"{path}/actions/runs/{first['id']}/cancel").status == 202
    assert [run["conclusion"] or run["status"] for run in runs(idle, path)] == ["queued", "cancelled"]
