"""Jobs that wait for a review before they enter an environment, with real act and tokens."""

from pathlib import Path
from typing import Any

from tests.sandbox_github.client import MEMBER, OUTSIDER, REVIEWER, encoded, repository, seed, start, wait_until
from tests.sandbox_github.remote import Remote

WORKFLOW = """
name: Deploy
run-name: Deploy ${{ inputs.model }} ${{ inputs.approval }}
on:
  workflow_dispatch:
    inputs:
      model: {type: string, required: true}
      approval: {type: string}
permissions: {contents: read, id-token: write}
defaults: {run: {working-directory: nowhere}}
jobs:
  preprod:
    runs-on: ubuntu-latest
    environment: preprod
    outputs: {digest: "${{ steps.copy.outputs.digest }}"}
    steps:
      - {id: copy, working-directory: ., run: 'echo "digest=it''s \\"5\\"" >> $GITHUB_OUTPUT'}
      - {name: Test, working-directory: ., run: "test ${{ inputs.model }} != broken"}
  prod:
    needs: preprod
    if: needs.preprod.outputs.digest != ''
    runs-on: ubuntu-latest
    environment: ${{ github.event.inputs.model && 'prod' }}
    steps:
      - working-directory: .
        env: {DIGEST: "${{ needs.preprod.outputs.digest }}"}
        run: |
          echo "deploys $DIGEST"
          curl --silent --fail --header "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
            "$ACTIONS_ID_TOKEN_REQUEST_URL" | cut -d. -f2 | tr '_-' '/+' | base64 -di 2>/dev/null | grep -o '"sub": *"[^"]*"'
  after:
    needs: [prod]
    if: ${{ !cancelled() }}
    runs-on: ubuntu-latest
    steps: [{working-directory: ., run: "echo prod was ${{ needs.prod.result }}"}]
"""


def with_reviewer(remote: Remote, name: str) -> tuple[str, int]:
    """Create a repository whose environment prod has a reviewer, and return its path and the environment's id."""
    path = remote.with_workflow(name, WORKFLOW)
    return path, protected(remote, path, reviewers=[{"type": "User", "id": 14}])


def protected(remote: Remote, path: str, **settings: Any) -> int:
    made = remote("PUT", f"{path}/environments/prod", {"prevent_self_review": True, **settings})
    assert made.status == 200, made.content
    return int(made.json["id"])


def review(remote: Remote, path: str, run: int, state: str, *environments: int) -> Any:
    body = {"environment_ids": environments, "state": state, "comment": "as asked"}
    return remote("POST", f"{path}/actions/runs/{run}/pending_deployments", body)


def test_a_job_waits_for_the_reviewer_and_then_gets_the_outputs_of_the_job_it_needs(remote: Remote) -> None:
    path, prod = with_reviewer(remote, "approved")
    number = remote.start(path, model="v1", approval="1-5")
    run = remote.when(path, number, "waiting")
    assert run["display_title"] == "Deploy v1 1-5"
    assert remote.jobs(path, number) == {"preprod": "success", "prod": "waiting", "after": "queued"}
    assert [one["id"] for one in remote("GET", f"{path}/actions/runs?status=waiting").json["workflow_runs"]] == [number]

    place = f"{path}/actions/runs/{number}/pending_deployments"
    waiting = remote.by(REVIEWER)("GET", place).json
    assert [one["environment"]["id"] for one in waiting] == [prod]
    assert waiting[0]["current_user_can_approve"] is True
    assert waiting[0]["reviewers"][0]["reviewer"]["login"] == "rita"
    assert remote("GET", place).json[0]["current_user_can_approve"] is False

    answer = review(remote.by(REVIEWER), path, number, "approved", prod)
    assert answer.status == 200, answer.content
    assert [(one["environment"], one["creator"]["login"]) for one in answer.json] == [("prod", "olivia")]
    run = remote.finished(path, number)
    log = remote.log(run)
    assert run["conclusion"] == "success", log
    assert 'prod: deploys it\'s "5"' in log
    assert ":environment:prod" in log
    assert "after: prod was success" in log
    approvals = remote("GET", f"{path}/actions/runs/{number}/approvals").json
    assert [(one["user"]["login"], one["state"], one["comment"]) for one in approvals] == [
        ("rita", "approved", "as asked")
    ]
    assert review(remote.by(REVIEWER), path, number, "approved", prod).status == 422
    deployments = remote("GET", f"{path}/deployments").json
    assert [one["environment"] for one in deployments] == ["prod", "preprod"]
    statuses = remote("GET", f"{path}/deployments/{deployments[0]['id']}/statuses").json
    assert [one["state"] for one in statuses] == ["success", "in_progress", "waiting"]


def test_a_rejected_job_fails_without_a_step_and_so_does_its_run(remote: Remote) -> None:
    path, prod = with_reviewer(remote, "rejected")
    number = remote.start(path, model="v1")
    remote.when(path, number, "waiting")
    assert review(remote.by(REVIEWER), path, number, "rejected", prod).status == 200
    run = remote.finished(path, number)
    assert run["conclusion"] == "failure"
    assert remote.jobs(path, number) == {"preprod": "success", "prod": "failure", "after": "success"}
    assert "deploys" not in remote.log(run)
    assert "after: prod was failure" in remote.log(run)


def test_no_review_is_requested_for_a_job_whose_predecessor_failed(remote: Remote) -> None:
    path, _ = with_reviewer(remote, "broken")
    number = remote.start(path, model="broken")
    assert remote.finished(path, number)["conclusion"] == "failure"
    assert remote.jobs(path, number) == {"preprod": "failure", "prod": "skipped", "after": "success"}
    assert [one["environment"] for one in remote("GET", f"{path}/deployments").json] == ["preprod"]


def test_only_reviewers_review_and_not_the_person_who_started_the_run(remote: Remote) -> None:
    team = remote("POST", "/orgs/acme/teams", {"name": "Releases", "privacy": "closed"}).json["id"]
    assert remote("PUT", "/orgs/acme/teams/releases/memberships/rita", {"role": "member"}).status == 200
    path = remote.with_workflow("reviewers", WORKFLOW)
    assert remote("PUT", f"/orgs/acme/teams/releases{path}", {"permission": "pull"}).status == 204
    reviewers = [{"type": "User", "id": 11}, {"type": "Team", "id": team}]
    prod = protected(remote, path, reviewers=reviewers)
    number = remote.start(path, model="v1")
    remote.when(path, number, "waiting")
    # olivia is a reviewer, and the one who started the run.
    for token in (MEMBER, None):
        refused = review(remote.by(token) if token else remote, path, number, "approved", prod)
        assert refused.status == 422
        assert refused.json["errors"] == "No pending deployment requests to approve or reject"
    assert review(remote.by(OUTSIDER), path, number, "approved", prod).status == 404
    place = f"{path}/actions/runs/{number}/pending_deployments"
    assert remote.by(REVIEWER)("GET", place).json[0]["current_user_can_approve"] is True
    assert review(remote.by(REVIEWER), path, number, "approved", prod + 10).status == 422
    assert review(remote.by(REVIEWER), path, number, "maybe", prod).status == 422
    assert remote("GET", f"{path}/actions/runs/{number}").json["status"] == "waiting"
    assert remote("POST", f"{path}/actions/runs/{number}/cancel").status == 202
    assert remote.finished(path, number)["conclusion"] == "cancelled"
    assert remote.jobs(path, number)["prod"] == "cancelled"


def test_a_job_that_waits_for_a_review_still_waits_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "none.pem").touch()
    call = start(tmp_path, seed())
    path = repository(call, "patient")
    workflow = "on: workflow_dispatch\njobs: {a: {runs-on: ubuntu-latest, environment: prod, steps: [{run: echo}]}}\n"
    body = {"message": "Workflow [skip ci]", "content": encoded(workflow)}
    assert call("PUT", f"{path}/contents/.github/workflows/build.yml", body).status == 201
    prod = call("PUT", f"{path}/environments/prod", {"reviewers": [{"type": "User", "id": 14}]}).json["id"]
    assert call("POST", f"{path}/actions/workflows/build.yml/dispatches", {"ref": "main"}).status == 204
    wait_until(lambda: call("GET", f"{path}/actions/runs?status=waiting").json["workflow_runs"])
    call.github.close()

    again = start(tmp_path, seed())
    number = again("GET", f"{path}/actions/runs?status=waiting").json["workflow_runs"][0]["id"]
    decision = {"environment_ids": [prod], "state": "approved", "comment": ""}
    assert again.by(REVIEWER)("POST", f"{path}/actions/runs/{number}/pending_deployments", decision).status == 200
    run = wait_until(lambda: again("GET", f"{path}/actions/runs?status=completed").json["workflow_runs"])[0]
    assert run["conclusion"] == "success"
    again.github.close()


def test_the_approvals_of_a_run_are_those_of_all_its_attempts(remote: Remote) -> None:
    path = remote.with_workflow("repeated", WORKFLOW)
    prod = protected(remote, path, reviewers=[{"type": "User", "id": each} for each in (12, 14)])
    number = remote.start(path, model="v1")
    remote.when(path, number, "waiting")
    assert review(remote.by(REVIEWER), path, number, "approved", prod).status == 200
    remote.finished(path, number)

    assert remote("POST", f"{path}/actions/runs/{number}/rerun").status == 201
    assert remote.when(path, number, "waiting")["run_attempt"] == 2
    assert review(remote.by(MEMBER), path, number, "approved", prod).status == 200
    remote.finished(path, number)

    approvals = remote("GET", f"{path}/actions/runs/{number}/approvals").json
    assert sorted(one["user"]["login"] for one in approvals) == ["mia", "rita"]
