"""Names of jobs: as GitHub writes them, as required checks name them, and found whatever their case."""

from typing import Any

import pytest

from sandbox.github.actions.job_names import Title
from tests.sandbox_github.client import OWNER, Client, encoded, repository
from tests.sandbox_github.remote import Remote

MATRIX: dict[str, Any] = {
    "os": ["linux", "windows"],
    "arch": [{"name": "arm", "bits": 64}],
    "include": [
        {"os": "linux", "extra": "unnamed"},
        {"zone": "a", "os": "mac"},
    ],
}


@pytest.mark.parametrize(
    ("job", "evaluated", "combination", "name"),
    [
        ({}, "", {}, "build"),
        ({"name": "Build it"}, "Build it", {}, "Build it"),
        (
            {"strategy": {"matrix": MATRIX}},
            "build",
            {"arch": {"bits": 64, "name": "arm"}, "os": "windows"},
            "build (windows, arm, 64)",
        ),
        (
            {"strategy": {"matrix": MATRIX}},
            "build",
            {"arch": {"bits": 64, "name": "arm"}, "extra": "unnamed", "os": "linux"},
            "build (linux, arm, 64)",
        ),
        ({"strategy": {"matrix": MATRIX}}, "build", {"os": "mac", "zone": "a"}, "build (mac, a)"),
        ({"strategy": {"matrix": {"include": [{"b": 1, "a": 2}]}}}, "build", {"a": 2, "b": 1}, "build (1, 2)"),
        (
            {"name": "Test", "strategy": {"matrix": {"v": [3.10, 1.0], "on": [True], "no": [None, ""]}}},
            "Test",
            {"v": 1.0, "on": True, "no": None},
            "Test (1, true)",
        ),
        ({"name": "Test ${{ matrix.v }}", "strategy": {"matrix": {"v": [1]}}}, "Test 1", {"v": 1}, "Test 1"),
        ({"name": "${{ matrix.none }}", "strategy": {"matrix": {"v": [1]}}}, "", {"v": 1}, "build (1)"),
        ({"name": "x" * 90, "strategy": {"matrix": {"v": ["y" * 20]}}}, "", {"v": "y" * 20}, f"{'x' * 90} (yyyyy..."),
    ],
)
def test_a_name_has_the_values_of_the_matrix_unless_it_has_an_expression(
    job: dict[str, Any], evaluated: str, combination: dict[str, Any], name: str
) -> None:
    assert Title.of("build", job).name(evaluated, combination) == name


CALLS = """
on: workflow_dispatch
jobs:
  Find:
    runs-on: ubuntu-latest
    outputs: {matrix: "${{ steps.say.outputs.matrix }}"}
    steps: [{id: say, run: 'echo "matrix={\\"zone\\": [1], \\"area\\": [\\"b\\"]}" >> $GITHUB_OUTPUT'}]
  parsed:
    needs: find
    strategy: {matrix: "${{ fromJSON(needs.FIND.outputs.matrix) }}"}
    runs-on: Ubuntu-Latest
    steps: [{run: "echo ${{ needs.fInD.result }}"}]
  named:
    name: Preview ${{ matrix.stack }}
    strategy: {matrix: {stack: [dev, prod]}}
    runs-on: ubuntu-latest
    steps: [{run: echo}]
  called:
    name: Deploy
    needs: [FIND, Named]
    strategy: {matrix: {stack: [dev, prod]}}
    uses: ./.github/workflows/called.yml
    with: {STACK: "${{ matrix.stack }}"}
  never:
    name: Not now
    if: false
    uses: ./.github/workflows/called.yml
"""
CALLED = """
on: {workflow_call: {inputs: {stack: {type: string}}}}
jobs:
  one:
    name: To ${{ inputs.stack }}
    runs-on: ubuntu-latest
    steps: [{run: echo}]
  two:
    strategy: {matrix: {number: [1, 2]}}
    runs-on: ubuntu-latest
    steps: [{run: echo}]
"""


def test_jobs_of_matrices_and_called_workflows_have_the_names_that_github_gives_them(remote: Remote) -> None:
    path = remote.with_workflow("names", CALLS)
    remote.put(path, ".github/workflows/called.yml", CALLED)
    run = remote.dispatch(path)
    assert run["conclusion"] == "success", remote.log(run)
    called = [
        f"Deploy ({stack}) / {name}" for stack in ("dev", "prod") for name in (f"To {stack}", "two (1)", "two (2)")
    ]
    expected = dict.fromkeys(["Find", "parsed (1, b)", "Preview dev", "Preview prod", *called], "success")
    assert remote.jobs(path, run["id"]) == {**expected, "Not now": "skipped"}
    checks = remote("GET", f"{path}/commits/main/check-runs?per_page=100").json
    assert {one["name"] for one in checks["check_runs"]} == {*expected, "Not now"}


def test_two_jobs_whose_names_differ_only_in_case_are_refused(call: Client) -> None:
    path = repository(call, "twice")
    jobs = "{a: {runs-on: ubuntu-latest, steps: []}, A: {runs-on: ubuntu-latest, steps: []}}"
    body = {"message": "Workflow", "content": encoded(f"on: push\njobs: {jobs}\n")}
    assert call("PUT", f"{path}/contents/.github/workflows/build.yml", body).status == 201
    (run,) = call("GET", f"{path}/actions/runs").json["workflow_runs"]
    assert run["conclusion"] == "startup_failure"
    assert "'A' is already defined" in (call.github.store.folder / "runs" / str(run["id"]) / "log.txt").read_text()


def test_an_environment_is_found_in_any_case_with_its_rules(remote: Remote) -> None:
    path = remote.with_workflow(
        "any-case",
        "on: workflow_dispatch\njobs: {a: {runs-on: ubuntu-latest, environment: PROD, steps: [{run: echo}]}}\n",
    )
    reviewers = {"reviewers": [{"type": "User", "id": 11}]}
    assert remote("PUT", f"{path}/environments/Prod", reviewers).status == 200
    assert remote("PUT", f"{path}/environments/prod", reviewers).json["name"] == "Prod"
    number = remote.start(path)
    remote.when(path, number, "waiting")
    (waiting,) = remote("GET", f"{path}/actions/runs/{number}/pending_deployments").json
    assert waiting["environment"]["name"] == "Prod"
    body = {"environment_ids": [waiting["environment"]["id"]], "state": "approved", "comment": ""}
    assert remote("POST", f"{path}/actions/runs/{number}/pending_deployments", body).status == 200
    assert remote.finished(path, number)["conclusion"] == "success"
    assert remote("GET", f"{path}/environments").json["total_count"] == 1
    assert [one["environment"] for one in remote("GET", f"{path}/deployments").json] == ["Prod"]


def required(*contexts: str, repository: str = "mlops-checked", **changes: object) -> dict[str, object]:
    checks = [{"context": context} for context in contexts]
    parameters = {"strict_required_status_checks_policy": False, "required_status_checks": checks, **changes}
    return {
        "name": "checked",
        "target": "branch",
        "enforcement": "active",
        "conditions": {
            "repository_name": {"include": [repository], "exclude": []},
            "ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []},
        },
        "rules": [{"type": "required_status_checks", "parameters": parameters}],
    }


def test_a_pull_request_is_merged_once_the_required_checks_have_succeeded_under_their_names(remote: Remote) -> None:
    path = remote.with_workflow("mlops-checked", CALLS.replace("workflow_dispatch", "pull_request"))
    remote.put(path, ".github/workflows/called.yml", CALLED)
    rules = remote("POST", "/orgs/acme/rulesets", required("Preview prod", "Deploy (dev) / two (2)", "Not now")).json
    main = remote("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    assert remote("POST", f"{path}/git/refs", {"ref": "refs/heads/change", "sha": main}).status == 201
    body = {"message": "Change", "content": encoded("text"), "branch": "change"}
    assert remote("PUT", f"{path}/contents/new.txt", body).status == 201
    direct = remote("PUT", f"{path}/contents/direct.txt", {**body, "branch": "main"})
    assert 'Required status check "Preview prod" is expected.' in direct.json["message"]
    assert remote("POST", f"{path}/pulls", {"title": "T", "head": "change", "base": "main"}).status == 201
    early = remote("PUT", f"{path}/pulls/1/merge", {})
    assert 'Required status check "Deploy (dev) / two (2)" is expected.' in early.json["message"]
    (run,) = remote("GET", f"{path}/actions/runs?event=pull_request").json["workflow_runs"]
    assert remote.finished(path, run["id"])["conclusion"] == "success"
    assert remote("PUT", f"{path}/pulls/1/merge", {}).status == 200
    assert remote("DELETE", f"/orgs/acme/rulesets/{rules['id']}").status == 204


def test_a_check_that_failed_or_is_not_reported_under_that_name_stops_a_merge(remote: Remote) -> None:
    workflow = (
        "on: pull_request\njobs: {a: {strategy: {matrix: {n: [1]}}, runs-on: ubuntu-latest, steps: [{run: exit 1}]}}\n"
    )
    path = remote.with_workflow("mlops-checked-too", workflow)
    main = remote("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    assert remote("POST", f"{path}/git/refs", {"ref": "refs/heads/change", "sha": main}).status == 201
    body = {"message": "Change", "content": encoded("text"), "branch": "change"}
    assert remote("PUT", f"{path}/contents/new.txt", body).status == 201
    assert remote("POST", f"{path}/pulls", {"title": "T", "head": "change", "base": "main"}).status == 201
    (run,) = remote("GET", f"{path}/actions/runs?event=pull_request").json["workflow_runs"]
    assert remote.finished(path, run["id"])["conclusion"] == "failure"
    ruleset = required("a (1)", "a", repository="mlops-checked-too")
    rules = remote("POST", "/orgs/acme/rulesets", ruleset).json["id"]
    refused = remote("PUT", f"{path}/pulls/1/merge", {}).json["message"]
    assert 'Required status check "a (1)" is failing.' in refused
    assert 'Required status check "a" is expected.' in refused
    assert remote("DELETE", f"/orgs/acme/rulesets/{rules}").status == 204


@pytest.mark.parametrize(
    ("ruleset", "status"),
    [
        (required("a", strict_required_status_checks_policy=True), 501),
        (required("a", required_status_checks=[{"context": "a", "integration_id": 1}]), 501),
        (required("a", required_status_checks=[{"name": "a"}]), 422),
        (required("a", unknown=True), 422),
    ],
)
def test_required_checks_that_the_local_github_cannot_judge_are_refused(
    call: Client, ruleset: dict[str, object], status: int
) -> None:
    assert call.by(OWNER)("POST", "/orgs/acme/rulesets", ruleset).status == status
