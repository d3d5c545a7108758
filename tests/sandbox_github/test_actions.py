"""Workflows run as on GitHub, with real act, git and tokens."""

import base64
import json
from pathlib import Path
from typing import Any

import jwt

from tests.sandbox_github.client import OUTSIDER, encoded, wait_until
from tests.sandbox_github.remote import Remote
from tests.sandbox_github.test_access import ruleset

IDENTITY = """
name: Build
on: [workflow_dispatch, pull_request]
permissions:
  contents: read
  id-token: write
jobs:
  build:
    name: Build it
    runs-on: ubuntu-latest
    environment: dev
    steps:
      - uses: actions/checkout@v7
      - name: Show the files
        run: ls README.md
      - name: Ask for the token
        run: |
          if [ -z "$ACTIONS_ID_TOKEN_REQUEST_URL" ]; then echo "no identity"; exit 0; fi
          curl --silent --fail --header "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | base64 --wrap=0
"""


def test_a_jobs_token_names_its_repository_by_id_and_its_environment(remote: Remote) -> None:
    path = remote.with_workflow("identity", IDENTITY)
    run = remote.dispatch(path)
    assert run["conclusion"] == "success", remote.log(run)
    line = next(line for line in remote.log(run).splitlines() if line.startswith("Build it: ey"))
    token = json.loads(base64.b64decode(line.split(": ")[1]))["value"]
    issuer = f"{remote.url}/_services/token"
    keys = remote.raw("GET", "/_services/token/.well-known/jwks").json["keys"]
    claims = jwt.decode(token, jwt.PyJWK(keys[0]), algorithms=["RS256"], audience="sts.amazonaws.com", issuer=issuer)
    number = remote("GET", path).json["id"]
    assert claims["sub"] == f"repo:acme@1001/identity@{number}:environment:dev"
    assert claims["job_workflow_ref"] == "acme/identity/.github/workflows/build.yml@refs/heads/main"
    assert claims["run_id"] == str(run["id"])


def test_a_pull_request_from_a_fork_gets_neither_identity_nor_write_access(remote: Remote, tmp_path: Path) -> None:
    path = remote.with_workflow("forked", IDENTITY, private=False)
    outsider = remote.by(OUTSIDER)
    assert outsider("POST", f"{path}/forks").status == 202
    clone = tmp_path / "fork"
    outsider.git("clone", "--quiet", f"{remote.url}/otto/forked.git", str(clone), folder=tmp_path)
    outsider.commit(clone, {"new.txt": "new"})
    outsider.git("push", "--quiet", "origin", "HEAD:change", folder=clone)
    made = outsider("POST", f"{path}/pulls", {"title": "Change", "head": "otto:change", "base": "main"})
    assert made.status == 201, made.content
    runs = remote("GET", f"{path}/actions/runs?event=pull_request").json["workflow_runs"]
    assert [run["head_branch"] for run in runs] == ["change"]
    run = remote.finished(path, runs[0]["id"])
    assert run["conclusion"] == "success", remote.log(run)
    assert "Build it: no identity" in remote.log(run)


def test_a_pull_request_from_a_fork_of_a_private_repository_starts_no_run(remote: Remote, tmp_path: Path) -> None:
    path = remote.with_workflow("private-fork", IDENTITY)
    assert remote("POST", f"{path}/forks").status == 202
    clone = tmp_path / "fork"
    remote.git("clone", "--quiet", f"{remote.url}/olivia/private-fork.git", str(clone), folder=tmp_path)
    remote.commit(clone, {"new.txt": "new"})
    remote.git("push", "--quiet", "origin", "HEAD:change", folder=clone)
    made = remote("POST", f"{path}/pulls", {"title": "Change", "head": "olivia:change", "base": "main"})
    assert made.status == 201, made.content
    assert remote("GET", f"{path}/actions/runs").json["total_count"] == 0


def test_jobs_report_steps_matrices_results_and_logs_and_mask_secrets(remote: Remote) -> None:
    path = remote.with_workflow(
        "jobs",
        """
name: Build
on:
  workflow_dispatch:
    inputs:
      word: {type: string, required: true}
jobs:
  first:
    runs-on: ubuntu-latest
    outputs: {word: "${{ steps.say.outputs.word }}"}
    steps:
      - {name: Say, id: say, run: "echo word=${{ inputs.word }} >> $GITHUB_OUTPUT"}
      - run: echo 'token ${{ github.token }} variable ${{ vars.COLOUR }}' at $GITHUB_REF
      - run: echo "host=${PATH:+set} ${FROM_THE_HOST:-nothing} $AWS_ENDPOINT_URL"
  many:
    needs: first
    strategy: {matrix: {number: [1, 2]}}
    runs-on: ubuntu-latest
    steps: [{run: "echo ${{ needs.first.outputs.word }} ${{ matrix.number }}"}]
  broken:
    runs-on: ubuntu-latest
    steps: [{run: exit 3}]
  after:
    needs: broken
    runs-on: ubuntu-latest
    steps: [{run: echo never}]
""",
    )
    assert remote("POST", f"{path}/actions/variables", {"name": "colour", "value": "deep $blue"}).status == 201
    run = remote.dispatch(path, word="hello")
    log = remote.log(run)
    assert run["conclusion"] == "failure"
    jobs = remote("GET", f"{path}/actions/runs/{run['id']}/jobs").json["jobs"]
    assert {job["name"]: job["conclusion"] for job in jobs} == {
        "first": "success",
        "many (1)": "success",
        "many (2)": "success",
        "broken": "failure",
        "after": "skipped",
    }
    assert "many (2): hello 2" in log
    assert "first: token *** variable deep $blue at refs/heads/main" in log
    assert "first: host=set nothing https://localhost" in log
    first = next(job for job in jobs if job["name"] == "first")
    assert [(step["number"], step["conclusion"]) for step in first["steps"]] == [
        (1, "success"),
        (2, "success"),
        (3, "success"),
    ]
    downloaded = remote("GET", f"{path}/actions/jobs/{first['id']}/logs")
    assert downloaded.status == 200
    assert b"variable deep $blue" in downloaded.content
    page = remote.raw("GET", f"/acme/jobs/actions/runs/{run['id']}")
    assert b"many (2): hello 2" in page.content


def test_an_action_without_a_stand_in_fails_the_run_and_is_named(remote: Remote) -> None:
    path = remote.with_workflow(
        "unknown-action",
        "on: workflow_dispatch\njobs: {a: {runs-on: ubuntu-latest, steps: [{uses: someone/something@v1}]}}\n",
    )
    run = remote.dispatch(path)
    assert run["conclusion"] == "failure"
    assert "Unable to resolve action 'someone/something@v1'" in remote.log(run)


def test_an_unknown_runner_label_fails_the_run_and_is_named(remote: Remote) -> None:
    path = remote.with_workflow(
        "unknown-runner", "on: workflow_dispatch\njobs: {a: {runs-on: mainframe, steps: [{run: echo}]}}\n"
    )
    run = remote.dispatch(path)
    assert run["conclusion"] == "failure"
    assert "'mainframe'" in remote.log(run)


def test_a_run_waits_for_its_concurrency_group_and_replaces_the_pending_run(remote: Remote, tmp_path: Path) -> None:
    path = remote.with_workflow(
        "grouped",
        f"""
on: workflow_dispatch
concurrency: {{group: "deploy-${{{{ github.ref }}}}", cancel-in-progress: false}}
jobs: {{a: {{runs-on: ubuntu-latest, steps: [{{run: "while [ ! -e {tmp_path}/go ]; do sleep 0.02; done"}}]}}}}
""",
    )
    body = {"ref": "main", "return_run_details": True}
    numbers = [
        int(remote("POST", f"{path}/actions/workflows/build.yml/dispatches", body).json["workflow_run_id"])
        for _ in range(3)
    ]
    (tmp_path / "go").touch()
    conclusions = [remote.finished(path, number)["conclusion"] for number in numbers]
    assert conclusions == ["success", "cancelled", "success"]


def test_a_cancelled_run_shows_the_step_that_ran_and_ends_with_its_processes(remote: Remote, tmp_path: Path) -> None:
    path = remote.with_workflow(
        "cancelled",
        f"""
on: workflow_dispatch
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - {{name: Before, run: echo}}
      - {{name: Running, run: "echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/started; sleep 60"}}
""",
    )
    body = {"ref": "main", "return_run_details": True}
    number = remote("POST", f"{path}/actions/workflows/build.yml/dispatches", body).json["workflow_run_id"]

    def steps() -> list[tuple[str, str, str | None]]:
        [job] = remote("GET", f"{path}/actions/runs/{number}/jobs").json["jobs"]
        return [(step["name"], step["status"], step["conclusion"]) for step in job["steps"]]

    wait_until(lambda: (tmp_path / "started").exists())
    assert steps() == [("Before", "completed", "success"), ("Running", "in_progress", None)]
    assert remote("POST", f"{path}/actions/runs/{number}/cancel").status == 202
    assert remote.finished(path, number)["conclusion"] == "cancelled"
    assert [step[:2] for step in steps()] == [("Before", "completed"), ("Running", "completed")]
    step = int((tmp_path / "started").read_text())
    wait_until(lambda: not Path(f"/proc/{step}").exists())
    assert not (remote.folder / "runs" / str(number) / "work").exists()


def test_a_pull_request_runs_the_workflow_of_its_merge_with_the_base(remote: Remote) -> None:
    path = remote.with_workflow(
        "merged",
        """
on: {pull_request: {branches: [main]}}
permissions: {contents: read, pull-requests: write}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - run: ls -1; echo "$GITHUB_REF $GITHUB_BASE_REF $GITHUB_HEAD_REF $(git rev-parse HEAD) $GITHUB_SHA"
""",
    )
    main = remote("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    assert remote("POST", f"{path}/git/refs", {"ref": "refs/heads/change", "sha": main}).status == 201
    for branch, file in (("change", "theirs.txt"), ("main", "ours.txt")):
        body = {"message": "Add", "content": encoded("text"), "branch": branch}
        assert remote("PUT", f"{path}/contents/{file}", body).status == 201
    assert remote("POST", f"{path}/pulls", {"title": "T", "head": "change", "base": "main"}).status == 201
    listed = remote("GET", f"{path}/actions/runs?event=pull_request").json["workflow_runs"]
    run = remote.finished(path, listed[0]["id"])
    log = remote.log(run)
    assert run["conclusion"] == "success", log
    assert {"a: theirs.txt", "a: ours.txt"} <= set(log.splitlines()), log
    words = next(line for line in log.splitlines() if line.startswith("a: refs/")).split()
    assert words[1:4] == ["refs/pull/1/merge", "main", "change"]
    assert words[4] == words[5]


BY_NAME = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
BY_PROTECTION = {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}}


def test_a_feature_branch_cannot_deploy_to_an_environment_that_admits_main_by_name(remote: Remote) -> None:
    # The name makes the organization's ruleset hold for main, as it does for a project's repository.
    path = remote.with_workflow(
        "mlops-admits-main",
        "on: workflow_dispatch\njobs: {a: {runs-on: ubuntu-latest, environment: dev, steps: [{run: echo}]}}\n",
    )
    main = remote("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    for ref in ("refs/heads/feature", "refs/tags/main"):
        assert remote("POST", f"{path}/git/refs", {"ref": ref, "sha": main}).status == 201
    rules = remote("POST", "/orgs/acme/rulesets", ruleset()).json["id"]
    assert remote("GET", f"{path}/branches/main").json["protected"] is True

    def entered(ref: str) -> dict[str, Any]:
        started = remote(
            "POST", f"{path}/actions/workflows/build.yml/dispatches", {"ref": ref, "return_run_details": True}
        )
        return remote.finished(path, started.json["workflow_run_id"])

    # What GitHub calls protected branches are those with a branch protection rule, or all when there is none.
    assert remote("PUT", f"{path}/environments/dev", BY_PROTECTION).status == 200
    assert entered("feature")["conclusion"] == "success"

    assert remote("PUT", f"{path}/environments/dev", BY_NAME).status == 200
    assert entered("main")["conclusion"] == "failure"
    policies = f"{path}/environments/dev/deployment-branch-policies"
    assert remote("POST", policies, {"name": "main", "type": "branch"}).status == 200
    refused = entered("feature")
    assert refused["conclusion"] == "failure"
    assert "Branch 'feature' is not allowed to deploy to dev" in remote.log(refused)
    refused = entered("refs/tags/main")
    assert refused["conclusion"] == "failure"
    assert "Tag 'main' is not allowed to deploy to dev" in remote.log(refused)
    assert entered("refs/heads/main")["conclusion"] == "success"
    assert remote("DELETE", f"/orgs/acme/rulesets/{rules}").status == 204


def test_an_environment_is_created_by_the_first_job_that_enters_it(remote: Remote) -> None:
    path = remote.with_workflow(
        "entered",
        """
on: {workflow_dispatch: {inputs: {enter: {type: boolean}}}}
jobs:
  a:
    if: github.event.inputs.enter == 'true'
    runs-on: ubuntu-latest
    environment: dev
    steps: [{run: echo in}]
""",
    )
    assert remote.dispatch(path, enter="false")["conclusion"] == "skipped"
    assert remote("GET", f"{path}/environments").json["total_count"] == 0
    assert remote.dispatch(path, enter="true")["conclusion"] == "success"
    assert [one["name"] for one in remote("GET", f"{path}/environments").json["environments"]] == ["dev"]
    assert remote("PUT", f"{path}/environments/dev", BY_NAME).status == 200
    assert remote.dispatch(path, enter="false")["conclusion"] == "skipped"
    refused = remote.dispatch(path, enter="true")
    assert refused["conclusion"] == "failure"
    assert "Branch 'main' is not allowed to deploy to dev" in remote.log(refused)
