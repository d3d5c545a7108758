"""Files, branches, commits and the git database."""

import base64

from tests.sandbox_github.client import MEMBER, Client, encoded, repository


def test_a_file_is_written_by_one_commit_and_read_back(call: Client) -> None:
    path = repository(call, "files")
    body = {"message": "Add project.toml [skip ci]", "content": encoded("a = 1\n"), "branch": "main"}
    written = call("PUT", f"{path}/contents/deep/project.toml", body)
    assert written.status == 201
    read = call("GET", f"{path}/contents/deep/project.toml?ref=main").json
    assert base64.b64decode(read["content"]) == b"a = 1\n"
    assert read["sha"] == written.json["content"]["sha"]
    commits = call("GET", f"{path}/commits?path=deep/project.toml").json
    assert [commit["sha"] for commit in commits] == [written.json["commit"]["sha"]]
    assert commits[0]["author"]["login"] == "olivia"
    assert [entry["name"] for entry in call("GET", f"{path}/contents/deep").json] == ["project.toml"]


def test_updating_a_file_needs_the_id_of_the_blob_it_replaces(call: Client) -> None:
    path = repository(call, "files")
    body = {"message": "Change", "content": encoded("new")}
    without = call("PUT", f"{path}/contents/README.md", body)
    assert (without.status, without.json["message"]) == (422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    wrong = call("PUT", f"{path}/contents/README.md", {**body, "sha": "abc"})
    assert (wrong.status, wrong.json["message"]) == (409, "README.md does not match abc")
    sha = call("GET", f"{path}/contents/README.md").json["sha"]
    assert call("PUT", f"{path}/contents/README.md", {**body, "sha": sha}).status == 200
    assert call("PUT", f"{path}/contents/README.md", {**body, "branch": "none", "sha": "abc"}).status == 404
    assert len(call("GET", f"{path}/commits").json) == 2


def test_a_workflow_file_is_written_only_with_the_workflow_scope(call: Client) -> None:
    path = repository(call, "files")
    assert call("PUT", f"{path}/collaborators/mia", {"permission": "push"}).status == 204
    body = {"message": "Workflow", "content": encoded("on: push")}
    refused = call.by(MEMBER)("PUT", f"{path}/contents/.github/workflows/a.yml", body)
    assert (refused.status, refused.json["message"]) == (404, "Not Found")
    assert call.by(MEMBER)("PUT", f"{path}/contents/other.yml", body).status == 201
    assert call("PUT", f"{path}/contents/.github/workflows/a.yml", body).status == 201


def test_a_commit_is_built_from_blobs_and_trees(call: Client) -> None:
    path = repository(call, "plumbing")
    main = call("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    base = call("GET", f"{path}/git/commits/{main}").json["tree"]["sha"]
    blob = call("POST", f"{path}/git/blobs", {"content": encoded("x"), "encoding": "base64"}).json["sha"]
    entries = [
        {"path": "a/b.txt", "mode": "100644", "type": "blob", "sha": blob},
        {"path": "run.sh", "mode": "100755", "type": "blob", "content": "#!/bin/sh\n"},
        {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
    ]
    tree = call("POST", f"{path}/git/trees", {"base_tree": base, "tree": entries})
    assert tree.status == 201
    body = {"message": "All at once", "tree": tree.json["sha"], "parents": [main]}
    commit = call("POST", f"{path}/git/commits", body).json["sha"]
    assert call("PATCH", f"{path}/git/refs/heads/main", {"sha": commit}).status == 200
    listed = call("GET", f"{path}/git/trees/main?recursive=1").json["tree"]
    assert {(entry["path"], entry["mode"]) for entry in listed if entry["type"] == "blob"} == {
        ("a/b.txt", "100644"),
        ("run.sh", "100755"),
    }
    missing = call("POST", f"{path}/git/commits", {**body, "tree": "0" * 40})
    assert (missing.status, missing.json["message"]) == (422, "Tree SHA does not exist")


def test_a_branch_is_created_once_and_moves_backwards_only_by_force(call: Client) -> None:
    path = repository(call, "branches")
    first = call("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    second = call("PUT", f"{path}/contents/a", {"message": "m", "content": encoded("a")}).json["commit"]["sha"]
    body = {"ref": "refs/heads/feature/one", "sha": second}
    assert call("POST", f"{path}/git/refs", body).status == 201
    assert call("POST", f"{path}/git/refs", body).json["message"] == "Reference already exists"
    assert call("GET", f"{path}/branches/feature/one").json["commit"]["sha"] == second
    back = f"{path}/git/refs/heads/feature/one"
    assert call("PATCH", back, {"sha": first}).json["message"] == "Update is not a fast forward"
    assert call("PATCH", back, {"sha": first, "force": True}).status == 200
    assert call("DELETE", back).status == 204
    assert call("GET", f"{path}/branches/feature/one").status == 404


def test_a_pull_request_is_merged_once_and_conflicts_are_detected(call: Client) -> None:
    path = repository(call, "pulls")
    main = call("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    for branch in ("one", "two"):
        call("POST", f"{path}/git/refs", {"ref": f"refs/heads/{branch}", "sha": main})
        body = {"message": "m", "content": encoded(branch), "branch": branch}
        assert call("PUT", f"{path}/contents/same.txt", body).status == 201
    asked = {"title": "One", "head": "one", "base": "main"}
    assert call("POST", f"{path}/pulls", {**asked, "head": "none"}).status == 422
    assert call("POST", f"{path}/pulls", asked).json["number"] == 1
    assert "already exists" in call("POST", f"{path}/pulls", asked).json["errors"][0]["message"]
    assert call("POST", f"{path}/pulls", {**asked, "head": "two"}).json["number"] == 2
    assert [pull["number"] for pull in call("GET", f"{path}/pulls?head=acme:one").json] == [1]
    assert [file["filename"] for file in call("GET", f"{path}/pulls/1/files").json] == ["same.txt"]
    assert call("PUT", f"{path}/pulls/1/merge", {"merge_method": "squash"}).json["merged"] is True
    assert call("GET", f"{path}/pulls/1").json["merged"] is True
    assert call("GET", f"{path}/pulls/2").json["mergeable"] is False
    assert call("PUT", f"{path}/pulls/2/merge").status == 405
    assert call("PUT", f"{path}/pulls/1/merge").status == 405
    assert len(call("GET", f"{path}/commits").json) == 2
