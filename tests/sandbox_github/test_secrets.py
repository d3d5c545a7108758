"""Secrets: how they reach GitHub, and which jobs get them."""

import base64
from pathlib import Path

import pytest
from nacl.public import PublicKey, SealedBox

from sandbox.github.actions.secret_values import of_repository
from tests.sandbox_github.client import MEMBER, OUTSIDER, REVIEWER, Client, encoded, repository
from tests.sandbox_github.remote import Remote


def sealed(call: Client | Remote, place: str, value: str) -> dict[str, str]:
    """Seal a value to the key at a place, as GitHub Docs, "Encrypting secrets for the REST API", does."""
    key = call("GET", f"{place}/public-key").json
    box = SealedBox(PublicKey(base64.b64decode(key["key"])))
    return {"key_id": key["key_id"], "encrypted_value": base64.b64encode(box.encrypt(value.encode())).decode()}


def put(call: Client | Remote, place: str, name: str, value: str, **more: object) -> int:
    return call("PUT", f"{place}/{name}", {**sealed(call, place, value), **more}).status


ORGANIZATION = "/orgs/acme/actions/secrets"


def test_a_secret_is_created_updated_listed_and_deleted_and_no_answer_has_its_value(call: Client) -> None:
    path = repository(call, "kept")
    assert call("PUT", f"{path}/environments/dev", {}).status == 200
    for place in (f"{path}/actions/secrets", f"{path}/environments/dev/secrets"):
        assert [put(call, place, "Token", value) for value in ("first", "second")] == [201, 204]
        listed = call("GET", place)
        assert [one["name"] for one in listed.json["secrets"]] == ["TOKEN"]
        assert call("GET", f"{place}/tOKEN").json.keys() == {"name", "created_at", "updated_at"}
        assert b"second" not in listed.content
        assert call("DELETE", f"{place}/token").status == 204
        assert call("GET", f"{place}/token").status == 404
    chosen = call("GET", path).json["id"]
    body = {"visibility": "selected", "selected_repository_ids": [chosen]}
    assert put(call, ORGANIZATION, "SHARED", "value", **body) == 201
    found = call("GET", f"{ORGANIZATION}/SHARED").json
    assert (found["visibility"], "SHARED/repositories" in found["selected_repositories_url"]) == ("selected", True)
    assert call("GET", f"{ORGANIZATION}/SHARED/repositories").json["repositories"][0]["id"] == chosen


def test_the_state_on_disk_has_no_value_of_a_secret(call: Client, tmp_path: Path) -> None:
    path = repository(call, "disk")
    assert put(call, f"{path}/actions/secrets", "TOKEN", "sesame") == 201
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"TOKEN" in written
    assert b"sesame" not in written


@pytest.mark.parametrize("name", ["GITHUB_OURS", "1ST", "with-hyphen"])
def test_names_that_github_refuses_are_refused(call: Client, name: str) -> None:
    path = repository(call, "named")
    assert put(call, f"{path}/actions/secrets", name, "value") == 422


def test_what_is_not_sealed_to_the_owners_own_key_is_refused(call: Client) -> None:
    place, other = (f"{repository(call, name)}/actions/secrets" for name in ("mine", "other"))
    for_another = sealed(call, other, "value")
    mine = call("GET", f"{place}/public-key").json["key_id"]
    refused = [
        for_another,
        {**sealed(call, place, "value"), "key_id": for_another["key_id"]},
        {**for_another, "key_id": mine},
        {"key_id": mine, "encrypted_value": base64.b64encode(b"value").decode()},
    ]
    for body in refused:
        answer = call("PUT", f"{place}/TOKEN", body)
        assert (answer.status, "improperly encrypted" in answer.json["message"]) == (422, True)
    plain = call("PUT", f"{place}/TOKEN", {"key_id": mine, "encrypted_value": "not base64"})
    assert (plain.status, "does not match" in plain.json["message"]) == (422, True)
    assert call("GET", place).json["total_count"] == 0


def test_secrets_need_the_role_and_the_scope_that_github_asks_for(call: Client) -> None:
    path = repository(call, "guarded")
    assert call("PUT", f"{path}/environments/dev", {}).status == 200
    own, environment = f"{path}/actions/secrets", f"{path}/environments/dev/secrets"
    assert call("PUT", f"{path}/collaborators/mia", {"permission": "push"}).status == 204
    writer, reader = call.by(MEMBER), call.by(REVIEWER)
    assert put(writer, own, "TOKEN", "value") == 201
    assert put(writer, environment, "TOKEN", "value") == 403
    assert put(reader, own, "TOKEN", "value") == 403
    assert writer("GET", ORGANIZATION).status == 403
    assert call.by(OUTSIDER)("GET", own).status == 404


def test_an_organizations_secret_reaches_the_repositories_that_its_visibility_names(call: Client) -> None:
    paths = {"public": repository(call, "public", private=False)}
    paths |= {name: repository(call, name) for name in ("private", "chosen")}
    ids = {name: call("GET", path).json["id"] for name, path in paths.items()}
    for visibility in ("all", "private", "selected"):
        chosen = [ids["chosen"]] if visibility == "selected" else []
        more = {"visibility": visibility, "selected_repository_ids": chosen}
        assert put(call, ORGANIZATION, f"FOR_{visibility}", "value", **more) == 201
    store = call.github.store
    seen = {
        name: sorted(of_repository(store.state, store.sealing, store.state.repositories[number]))
        for name, number in ids.items()
    }
    assert seen == {
        "public": ["FOR_ALL"],
        "private": ["FOR_ALL", "FOR_PRIVATE"],
        "chosen": ["FOR_ALL", "FOR_PRIVATE", "FOR_SELECTED"],
    }
    for name, path in paths.items():
        listed = call("GET", f"{path}/actions/organization-secrets").json
        assert [one["name"] for one in listed["secrets"]] == seen[name]


WORKFLOW = """
on: {workflow_dispatch: , pull_request: }
jobs:
  plain:
    runs-on: ubuntu-latest
    steps: [{run: &tell 'echo "${SHARED:-none} ${OWN:-none} ${BOTH:-none}" | tr a-z A-Z', env: &env {
      SHARED: "${{ secrets.SHARED }}", OWN: "${{ secrets.own }}", BOTH: "${{ secrets.BOTH }}"}}]
  deploy:
    environment: Dev
    runs-on: ubuntu-latest
    steps:
      - {run: *tell, env: *env}
      - run: echo 'clear ${{ secrets.BOTH }} ${{ secrets.LINES }}' | tee -a $GITHUB_STEP_SUMMARY
  called:
    uses: ./.github/workflows/called.yml
    with: {environment: dev}
    secrets: {own: "${{ secrets.BOTH }}"}
  mapped:
    uses: ./.github/workflows/called.yml
    with: {environment: dev}
    secrets: {own: "${{ secrets.OWN }}", both: "${{ secrets.NONE }}"}
  heir:
    uses: ./.github/workflows/called.yml
    with: {environment: none}
    secrets: inherit
  deploying_heir:
    uses: ./.github/workflows/called.yml
    with: {environment: dev}
    secrets: inherit
"""
CALLED = """
on: {workflow_call: {inputs: {environment: {type: string}}, secrets: {OWN: {required: true}, BOTH: }}}
jobs:
  inner:
    environment: ${{ inputs.environment }}
    runs-on: ubuntu-latest
    steps: [{run: 'echo "${SHARED:-none} ${OWN:-none} ${BOTH:-none}" | tr a-z A-Z', env: {
      SHARED: "${{ secrets.SHARED }}", OWN: "${{ secrets.OWN }}", BOTH: "${{ secrets.BOTH }}"}}]
"""
"""Prints secrets in capitals, which nothing masks."""


@pytest.fixture(scope="module")
def secretive(remote: Remote) -> str:
    """The path of a repository with secrets of three kinds."""
    path = remote.with_workflow("secretive", WORKFLOW, private=False)
    remote.put(path, ".github/workflows/called.yml", CALLED)
    assert remote("PUT", f"{path}/environments/dev", {}).status == 200
    number = remote("GET", path).json["id"]
    for owner, names in (("org", ("SHARED", "BOTH")), ("repo", ("OWN", "BOTH")), ("env", ("BOTH",))):
        place = {"org": ORGANIZATION, "repo": f"{path}/actions/secrets", "env": f"{path}/environments/dev/secrets"}
        more = {"visibility": "selected", "selected_repository_ids": [number]} if owner == "org" else {}
        for name in names:
            assert put(remote, place[owner], name, f"{name.lower()}-{owner}", **more) == 201
    assert put(remote, f"{path}/actions/secrets", "LINES", "line-one\nline-two\n") == 201
    return path


def test_a_job_gets_the_secrets_of_its_environment_repository_and_organization_in_this_order(
    remote: Remote, secretive: str
) -> None:
    run = remote.dispatch(secretive)
    log = remote.log(run)
    assert run["conclusion"] == "success", log
    assert "plain: SHARED-ORG OWN-REPO BOTH-REPO" in log
    assert "deploy: SHARED-ORG OWN-REPO BOTH-ENV" in log
    # The caller passes its own BOTH as OWN; what it does not name does not reach the called job, whatever its environment has.
    assert "called / inner: NONE BOTH-REPO NONE" in log
    # A name that it passes, even without a value, takes that of the environment.
    assert "mapped / inner: NONE OWN-REPO BOTH-ENV" in log
    assert "\nheir / inner: SHARED-ORG OWN-REPO BOTH-REPO" in log
    assert "deploying_heir / inner: SHARED-ORG OWN-REPO BOTH-ENV" in log


def test_no_log_page_or_name_of_a_step_shows_a_secret_or_one_of_its_lines(remote: Remote, secretive: str) -> None:
    run = remote.dispatch(secretive)
    jobs = remote("GET", f"{secretive}/actions/runs/{run['id']}/jobs").content.decode()
    page = remote.raw("GET", f"/acme/secretive/actions/runs/{run['id']}").content.decode()
    assert "clear ***" in page
    for text in (remote.log(run), page, jobs):
        assert [secret for secret in ("both-env", "line-one", "line-two") if secret in text] == []


def test_a_pull_request_gets_secrets_unless_it_comes_from_a_fork(
    remote: Remote, secretive: str, tmp_path: Path
) -> None:
    outsider, clone = remote.by(OUTSIDER), tmp_path / "fork"
    assert outsider("POST", f"{secretive}/forks").status == 202
    outsider.git("clone", "--quiet", f"{remote.url}/otto/secretive.git", str(clone), folder=tmp_path)
    outsider.commit(clone, {"new.txt": "new"})
    outsider.git("push", "--quiet", "origin", "HEAD:change", folder=clone)
    main = remote("GET", f"{secretive}/git/ref/heads/main").json["object"]["sha"]
    assert remote("POST", f"{secretive}/git/refs", {"ref": "refs/heads/change", "sha": main}).status == 201
    body = {"message": "Change", "content": encoded("text"), "branch": "change"}
    assert remote("PUT", f"{secretive}/contents/ours.txt", body).status == 201
    for client, head in ((outsider, "otto:change"), (remote, "change")):
        assert client("POST", f"{secretive}/pulls", {"title": "T", "head": head, "base": "main"}).status == 201
    found = remote("GET", f"{secretive}/actions/runs?event=pull_request").json["workflow_runs"]
    ours, theirs = (remote.log(remote.finished(secretive, one["id"])) for one in found)
    assert "plain: SHARED-ORG OWN-REPO BOTH-REPO" in ours
    for job in ("plain", "deploy", "called / inner", "mapped / inner", "heir / inner", "deploying_heir / inner"):
        assert f"{job}: NONE NONE NONE" in theirs


@pytest.mark.parametrize(
    ("passed", "message"),
    [
        ("{}", "Secret OWN is required, but not provided while calling."),
        ("{own: a, other: b}", "Invalid secret, other is not defined in the referenced workflow."),
    ],
)
def test_a_called_workflow_gets_exactly_the_secrets_that_it_declares(remote: Remote, passed: str, message: str) -> None:
    name = f"declares-{len(passed)}"
    call = f"on: workflow_dispatch\njobs: {{a: {{uses: ./.github/workflows/called.yml, secrets: {passed}}}}}\n"
    path = remote.with_workflow(name, call)
    remote.put(path, ".github/workflows/called.yml", CALLED)
    run = remote.dispatch(path)
    assert run["conclusion"] == "startup_failure"
    assert message in remote.log(run)
