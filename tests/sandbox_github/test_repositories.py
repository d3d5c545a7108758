"""Repositories: create, generate from a template, update, archive, delete."""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_github.client import (
    FINE_GRAINED,
    MEMBER,
    OUTSIDER,
    WITHOUT_SCOPES,
    Client,
    encoded,
    repository,
    seed,
    start,
    wait_until,
)


def test_a_new_repository_has_the_settings_it_was_created_with(call: Client) -> None:
    body = {"name": "model", "private": True, "description": "About", "is_template": True, "has_wiki": False}
    made = call("POST", "/orgs/acme/repos", body)
    assert made.status == 201
    read = call("GET", "/repos/acme/model").json
    assert {name: read[name] for name in body} == body
    assert read["full_name"] == "acme/model"
    assert read["has_issues"] is True
    assert read["html_url"] == "https://localhost:1/acme/model"
    assert call("GET", f"/repositories/{read['id']}").json["name"] == "model"


def test_a_name_that_is_taken_is_refused_in_any_case(call: Client) -> None:
    repository(call, "model")
    answer = call("POST", "/orgs/acme/repos", {"name": "Model"})
    assert answer.status == 422
    assert answer.json["errors"][0]["message"] == "name already exists on this account"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, '"name" wasn\'t supplied.'),
        ({"name": "x", "privat": True}, '"privat" is not a permitted key.'),
        ({"name": "x", "private": "yes"}, "For 'properties/private'"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_with_the_name_of_the_field(
    call: Client, body: dict[str, Any], message: str
) -> None:
    answer = call("POST", "/orgs/acme/repos", body)
    assert answer.status == 422
    assert answer.json["message"].startswith("Invalid request.\n\n")
    assert message in answer.json["message"]
    assert call("GET", "/repos/acme/x").status == 404


def test_a_body_that_is_not_json_is_a_bad_request(call: Client) -> None:
    answer = call.raw("POST", "/api/v3/orgs/acme/repos", b"{")
    assert (answer.status, answer.json["message"]) == (400, "Problems parsing JSON")


def test_an_endpoint_that_does_not_exist_is_named_in_the_log(call: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("GET", "/repos/acme/platform/stargazers").status == 404
    assert "UNKNOWN ENDPOINT GET /repos/acme/platform/stargazers" in capsys.readouterr().out


def test_a_generated_repository_is_empty_until_its_first_commit_arrives(call: Client) -> None:
    call.github.store.seed.timing.generation = 0.2
    template = repository(call, "template", is_template=True)
    body = {"owner": "acme", "name": "project", "private": True, "description": "Launched"}
    made = call("POST", f"{template}/generate", body)
    assert made.status == 201
    assert made.json["template_repository"]["full_name"] == "acme/template"
    assert call("GET", "/repos/acme/project").json["description"] == "Launched"
    assert call("GET", "/repos/acme/project/branches").json == []
    assert call("GET", "/repos/acme/project/branches/main").status == 404
    reference = call("GET", "/repos/acme/project/git/ref/heads/main")
    assert (reference.status, reference.json["message"]) == (409, "Git Repository is empty.")
    early = call("PUT", "/repos/acme/project/contents/a", {"message": "m", "content": encoded("a")})
    assert early.status == 409
    wait_until(lambda: call("GET", "/repos/acme/project/branches").json)
    commits = call("GET", "/repos/acme/project/commits").json
    assert [commit["commit"]["message"] for commit in commits] == ["Initial commit"]
    assert call("GET", "/repos/acme/project/contents/README.md").status == 200
    assert call("GET", "/repos/acme/project").json["size"] == 0


def test_generating_a_repository_that_exists_is_refused_and_changes_nothing(call: Client) -> None:
    template = repository(call, "template", is_template=True)
    path = repository(call, "project", description="Somebody else's")
    answer = call("POST", f"{template}/generate", {"owner": "acme", "name": "project"})
    assert answer.status == 422
    assert answer.json["errors"] == ["Could not clone: Name already exists on this account"]
    assert call("GET", path).json["description"] == "Somebody else's"


def test_only_a_template_repository_can_be_used_to_generate(call: Client) -> None:
    path = repository(call, "plain")
    assert call("POST", f"{path}/generate", {"owner": "acme", "name": "x"}).status == 404


def test_an_archived_repository_can_only_be_read_deleted_or_restored(call: Client) -> None:
    path = repository(call, "old")
    assert call("PATCH", path, {"archived": True}).json["archived"] is True
    assert call("GET", f"{path}/contents/README.md").status == 200
    refused = call("PUT", f"{path}/contents/a", {"message": "m", "content": encoded("a")})
    assert (refused.status, refused.json["message"]) == (403, "Repository was archived so is read-only.")
    assert call("PUT", f"{path}/collaborators/mia").status == 403
    assert call("PATCH", path, {"description": "new"}).status == 403
    assert call("PATCH", path, {"archived": False}).json["archived"] is False
    assert call("DELETE", path).status == 204
    assert call("GET", path).status == 404


def test_a_renamed_repository_keeps_its_id_and_its_commits(call: Client) -> None:
    path = repository(call, "before")
    number = call("GET", path).json["id"]
    assert call("PATCH", path, {"name": "after"}).status == 200
    assert call("GET", "/repos/acme/after").json["id"] == number
    assert call("GET", "/repos/acme/after/branches/main").status == 200


def test_topics_are_replaced_as_a_whole(call: Client) -> None:
    path = repository(call, "labelled")
    assert call("PUT", f"{path}/topics", {"names": ["mlops", "p-abc"]}).status == 200
    assert call("GET", f"{path}/topics").json == {"names": ["mlops", "p-abc"]}
    assert call("PUT", f"{path}/topics", {"names": ["No Capitals"]}).status == 422


def test_a_repository_that_the_caller_cannot_see_is_not_found(call: Client) -> None:
    path = repository(call, "secret")
    assert call.by(OUTSIDER)("GET", path).status == 404
    assert call.by(WITHOUT_SCOPES)("GET", path).status == 404
    assert call.by(MEMBER)("GET", path).status == 200


def test_a_member_can_read_settings_that_only_an_administrator_can_change(call: Client) -> None:
    path = repository(call, "governed")
    member = call.by(MEMBER)
    changed = member("PATCH", path, {"description": "mine"})
    assert (changed.status, changed.json["message"]) == (403, "Must have admin rights to Repository.")
    assert member("PUT", f"{path}/environments/dev", {}).status == 403
    assert member("PUT", f"{path}/contents/a", {"message": "m", "content": encoded("a")}).status == 403
    assert member("DELETE", path).status == 403
    assert member("GET", "/orgs/acme/rulesets").status == 403
    assert member("POST", "/orgs/acme/actions/variables", {}).status == 403


def test_the_member_who_creates_a_repository_is_its_administrator(call: Client) -> None:
    member = call.by(MEMBER)
    path = repository(member, "own")
    assert member("PUT", f"{path}/environments/dev", {}).status == 200
    deleted = member("DELETE", path)
    assert (deleted.status, deleted.json["message"]) == (403, "Must have admin rights to Repository.")
    assert deleted.headers["x-accepted-oauth-scopes"] == "delete_repo"


def test_new_repositories_have_the_organizations_default_branch_and_generated_ones_their_templates(
    tmp_path: Path,
) -> None:
    call = start(tmp_path, seed(default_branch="master"))
    template = repository(call, "template", is_template=True)
    assert call("GET", template).json["default_branch"] == "master"
    assert call("POST", f"{template}/generate", {"owner": "acme", "name": "first"}).json["default_branch"] == "master"
    renamed = call("POST", f"{template}/branches/master/rename", {"new_name": "main"})
    assert (renamed.status, renamed.json["name"]) == (201, "main")
    assert call("GET", template).json["default_branch"] == "main"
    assert [branch["name"] for branch in call("GET", f"{template}/branches").json] == ["main"]
    assert call("POST", f"{template}/generate", {"owner": "acme", "name": "second"}).json["default_branch"] == "main"
    call.github.close()


def test_only_an_administrator_renames_the_default_branch(call: Client) -> None:
    path = repository(call, "shared")
    assert call("PUT", f"{path}/collaborators/mia", {"permission": "push"}).status == 204
    assert call.by(MEMBER)("POST", f"{path}/branches/main/rename", {"new_name": "trunk"}).status == 403
    assert call("POST", f"{path}/branches/none/rename", {"new_name": "trunk"}).status == 404
    assert call("POST", f"{path}/branches/main/rename", {"new_name": "main"}).status == 422


@pytest.mark.parametrize(
    ("method", "path", "status", "message", "accepted"),
    [
        ("GET", "/orgs/acme/rulesets", 404, "Not Found", "admin:org"),
        (
            "POST",
            "/orgs/acme/actions/variables",
            403,
            "You must be an org admin or have the actions variables fine-grained permission.",
            "admin:org",
        ),
        (
            "GET",
            "/orgs/acme/actions/permissions",
            403,
            "You must be an org admin or have the actions policies fine-grained permission.",
            "admin:org",
        ),
        ("POST", "/orgs/acme/teams", 404, "Not Found", "write:org"),
    ],
)
def test_an_owners_token_without_the_scope_is_refused_as_github_refuses_it(
    call: Client, method: str, path: str, status: int, message: str, accepted: str
) -> None:
    answer = call.by(WITHOUT_SCOPES)(method, path, {} if method == "POST" else None)
    assert (answer.status, answer.json["message"]) == (status, message)
    assert answer.headers["x-accepted-oauth-scopes"] == accepted
    assert answer.headers["x-oauth-scopes"] == ""


def test_a_fine_grained_token_has_no_scopes_and_is_not_refused_for_it(call: Client) -> None:
    fine_grained = call.by(FINE_GRAINED)
    path = repository(fine_grained, "own")
    assert "x-oauth-scopes" not in fine_grained("GET", path).headers
    assert fine_grained("GET", "/orgs/acme/rulesets").status == 200
    workflow = {"message": "Workflow", "content": encoded("on: push")}
    assert fine_grained("PUT", f"{path}/contents/.github/workflows/a.yml", workflow).status == 201
    assert fine_grained("DELETE", path).status == 204


def test_an_unknown_token_and_a_missing_token_are_refused(call: Client) -> None:
    assert call.by("nobody")("GET", "/user").json["message"] == "Bad credentials"
    assert call("GET", "/user", authorization="").status == 401


def test_responses_name_the_permission_that_an_endpoint_needs(call: Client) -> None:
    answer = call.by(MEMBER)("PUT", "/repos/acme/platform/environments/dev", {})
    assert answer.headers["x-accepted-github-permissions"] == "administration=write"
    assert answer.headers["x-oauth-scopes"] == "read:org, repo"


def test_lists_come_in_pages_that_link_to_each_other(call: Client) -> None:
    for number in range(5):
        repository(call, f"page-{number}")
    first = call("GET", "/orgs/acme/repos?per_page=4")
    assert len(first.json) == 4
    assert 'page=2>; rel="next"' in first.headers["link"]
    second = call("GET", "/orgs/acme/repos?per_page=4&page=2")
    assert len(second.json) == 2
    assert 'rel="next"' not in second.headers["link"]
