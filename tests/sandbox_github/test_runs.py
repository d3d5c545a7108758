"""Runs with real act: concurrency, cancellation, re-runs and called workflows."""

from pathlib import Path
from typing import Any

from tests.sandbox_github.client import wait_until
from tests.sandbox_github.remote import Remote


def test_a_cancelled_step_gets_signals_before_it_is_killed_and_always_steps_still_run(
    remote: Remote, tmp_path: Path
) -> None:
    path = remote.with_workflow(
        "stopped",
        f"""
on: workflow_dispatch
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: |
          trap 'echo interrupted >> {tmp_path}/signals' INT
          trap 'echo terminated >> {tmp_path}/signals; exit 1' TERM
          (trap '' INT TERM; exec sleep 600) &
          echo $! > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/started
          while true; do sleep 0.02; done
      - run: echo never
      - {{if: always(), run: echo tidied up}}
  b:
    needs: a
    runs-on: ubuntu-latest
    steps: [{{run: echo never}}]
""",
    )
    number = remote.start(path)
    wait_until(lambda: (tmp_path / "started").exists())
    deaf = Path("/proc", (tmp_path / "started").read_text().strip())
    assert deaf.exists()
    assert remote("POST", f"{path}/actions/runs/{number}/cancel").status == 202
    run = remote.finished(path, number)
    assert run["conclusion"] == "cancelled"
    assert (tmp_path / "signals").read_text().split() == ["interrupted", "terminated"]
    wait_until(lambda: not deaf.exists())
    assert remote.jobs(path, number) == {"a": "cancelled", "b": "cancelled"}
    assert "tidied up" in remote.log(run)
    assert "a: never" not in remote.log(run)
    assert remote("POST", f"{path}/actions/runs/{number}/cancel").status == 409


def test_failed_jobs_are_rerun_with_the_jobs_that_need_them(remote: Remote, tmp_path: Path) -> None:
    path = remote.with_workflow(
        "again",
        f"""
on: workflow_dispatch
jobs:
  first:
    runs-on: ubuntu-latest
    outputs: {{word: "${{{{ steps.say.outputs.word }}}}"}}
    steps: [{{id: say, run: "echo first >> {tmp_path}/runs; echo word=kept >> $GITHUB_OUTPUT"}}]
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - run: echo "attempt $GITHUB_RUN_ATTEMPT found ${{{{ needs.first.outputs.word }}}}"; test -e {tmp_path}/repaired
  third:
    needs: second
    runs-on: ubuntu-latest
    steps: [{{run: echo done}}]
""",
    )
    number = remote.start(path)
    assert remote("POST", f"{path}/actions/runs/{number}/rerun").json["message"] == "This workflow is already running"
    assert remote.finished(path, number)["conclusion"] == "failure"
    assert remote.jobs(path, number) == {"first": "success", "second": "failure", "third": "skipped"}
    (tmp_path / "repaired").touch()
    assert remote("POST", f"{path}/actions/runs/{number}/rerun-failed-jobs").status == 201
    run = remote.finished(path, number)
    assert (run["conclusion"], run["run_attempt"], run["run_number"]) == ("success", 2, 1)
    assert remote.jobs(path, number) == {"first": "success", "second": "success", "third": "success"}
    assert "attempt 2 found kept" in remote.log(run)
    assert (tmp_path / "runs").read_text().split() == ["first"]
    everything = remote("GET", f"{path}/actions/runs/{number}/jobs?filter=all").json["jobs"]
    assert sorted((job["name"], job["run_attempt"]) for job in everything if job["name"] != "first") == [
        ("second", 1),
        ("second", 2),
        ("third", 1),
        ("third", 2),
    ]
    assert remote("POST", f"{path}/actions/runs/{number}/rerun-failed-jobs").status == 403
    assert remote("POST", f"{path}/actions/runs/{number}/rerun").status == 201
    assert remote.finished(path, number)["run_attempt"] == 3
    assert (tmp_path / "runs").read_text().split() == ["first", "first"]


def test_jobs_of_one_concurrency_group_take_turns_across_runs(remote: Remote, tmp_path: Path) -> None:
    path = remote.with_workflow(
        "turns",
        f"""
on: {{workflow_dispatch: {{inputs: {{name: {{}}, target: {{default: Shared}}}}}}}}
run-name: ${{{{ inputs.name }}}}
jobs:
  before:
    runs-on: ubuntu-latest
    steps: [{{run: echo before}}]
  deploy:
    needs: before
    concurrency: {{group: "stack-${{{{ inputs.target }}}}", cancel-in-progress: false}}
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "start ${{{{ inputs.name }}}}" >> {tmp_path}/order
          while [ ! -e {tmp_path}/${{{{ inputs.name }}}} ]; do sleep 0.02; done
          echo "end ${{{{ inputs.name }}}}" >> {tmp_path}/order
""",
    )

    def lines() -> list[str]:
        return (tmp_path / "order").read_text().splitlines() if (tmp_path / "order").exists() else []

    first = remote.start(path, name="first")
    wait_until(lambda: "start first" in lines())
    second = remote.start(path, name="second", target="SHARED")
    remote.when(path, second, "pending")
    assert remote.jobs(path, second) == {"before": "success", "deploy": "pending"}
    third = remote.start(path, name="third")
    assert remote.finished(path, second)["conclusion"] == "cancelled"
    for name in ("first", "third"):
        (tmp_path / name).touch()
    for number in (first, third):
        assert remote.finished(path, number)["conclusion"] == "success"
    assert lines() == ["start first", "end first", "start third", "end third"]


def test_a_reusable_workflow_waits_for_the_reviewers_of_its_environment_input(remote: Remote) -> None:
    caller = """
on: workflow_dispatch
permissions: {contents: read, id-token: write}
jobs:
  stacks:
    runs-on: ubuntu-latest
    outputs: {names: '["one", "two"]'}
    steps: [{run: echo}]
  prod:
    name: Deploy prod
    needs: stacks
    strategy: {matrix: {stack: "${{ fromJson(needs.stacks.outputs.names) }}"}}
    uses: $/.github/workflows/stack.yml
    with: {stack: "${{ matrix.stack }}", environment: prod}
"""
    called = """
on: {workflow_call: {inputs: {stack: {type: string}, environment: {type: string}}}}
jobs:
  deploy:
    name: Deploy ${{ inputs.stack }}
    runs-on: ubuntu-latest
    environment: ${{ inputs.environment }}
    concurrency: stack-${{ inputs.stack }}
    steps: [{run: "echo deploys ${{ inputs.stack }}"}]
"""
    path = remote.with_workflow("called", caller)
    remote.put(path, ".github/workflows/stack.yml", called)
    assert remote("PUT", f"{path}/environments/prod", {"reviewers": [{"type": "User", "id": 11}]}).status == 200
    number = remote.start(path)
    remote.when(path, number, "waiting")
    assert list(remote.jobs(path, number).items()) == [
        ("stacks", "success"),
        ("Deploy prod (one) / Deploy one", "waiting"),
        ("Deploy prod (two) / Deploy two", "waiting"),
    ]
    waiting = remote("GET", f"{path}/actions/runs/{number}/pending_deployments").json
    body = {"environment_ids": [waiting[0]["environment"]["id"]], "state": "approved", "comment": ""}
    assert remote("POST", f"{path}/actions/runs/{number}/pending_deployments", body).status == 200
    run = remote.finished(path, number)
    assert run["conclusion"] == "success", remote.log(run)
    assert remote.jobs(path, number) == {
        "stacks": "success",
        "Deploy prod (one) / Deploy one": "success",
        "Deploy prod (two) / Deploy two": "success",
    }
    assert "Deploy prod (two) / Deploy two: deploys two" in remote.log(run)


def test_a_run_that_waits_for_a_review_occupies_no_runner(remote: Remote) -> None:
    workflow = "on: workflow_dispatch\njobs: {a: {runs-on: ubuntu-latest, environment: prod, steps: [{run: echo}]}}\n"
    path = remote.with_workflow("patient", workflow)
    assert remote("PUT", f"{path}/environments/prod", {"reviewers": [{"type": "User", "id": 14}]}).status == 200
    waiting = [remote.start(path) for _ in range(5)]
    for number in waiting:
        remote.when(path, number, "waiting")
    other = remote.with_workflow("impatient", workflow)
    assert remote.dispatch(other)["conclusion"] == "success"
    page = remote.raw("GET", f"/acme/patient/actions/runs/{waiting[0]}").content
    assert b"prod waits for a review by rita." in page
    assert f"python -m sandbox release {waiting[0]}<".encode() in page
    # Archiving the repository cancels the runs that wait.
    assert remote("PATCH", path, {"archived": True}).status == 200
    assert {run["conclusion"] for run in _runs(remote, path)} == {"cancelled"}
    dispatch = f"{path}/actions/workflows/build.yml/dispatches"
    for place in (dispatch, f"{path}/actions/runs/{waiting[0]}/rerun"):
        refused = remote("POST", place, {"ref": "main"})
        assert (refused.status, refused.json["message"]) == (403, "Repository was archived so is read-only.")


def _runs(remote: Remote, path: str) -> list[dict[str, Any]]:
    return remote("GET", f"{path}/actions/runs").json["workflow_runs"]


def test_deleting_a_repository_deletes_its_waiting_runs(remote: Remote) -> None:
    workflow = "on: workflow_dispatch\njobs: {a: {runs-on: ubuntu-latest, environment: prod, steps: [{run: echo}]}}\n"
    path = remote.with_workflow("deleted", workflow)
    assert remote("PUT", f"{path}/environments/prod", {"reviewers": [{"type": "User", "id": 14}]}).status == 200
    number = remote.start(path)
    remote.when(path, number, "waiting")
    assert remote("DELETE", path).status == 204
    assert remote("GET", f"{path}/actions/runs/{number}").status == 404
    assert remote.with_workflow("deleted", workflow) == path
    assert _runs(remote, path) == []
