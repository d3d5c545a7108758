"""OpenID Connect tokens of jobs, and web pages."""

from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.sandbox_github.client import MEMBER, Client, encoded, repository, seed, start

ISSUER = "https://localhost:1/_services/token"


def claims(call: Client, query: str) -> dict[str, Any]:
    answer = call.raw("GET", f"/_sandbox/oidc-token?repository=acme/platform&{query}")
    assert answer.status == 200, answer.content
    key = call.raw("GET", "/_services/token/.well-known/jwks").json["keys"][0]
    return jwt.decode(
        answer.json["value"],
        jwt.PyJWK(key),
        algorithms=["RS256"],
        audience="sts.amazonaws.com",
        issuer=ISSUER,
        options={"require": ["exp", "iat", "nbf", "jti"]},
    )


@pytest.mark.parametrize(
    ("query", "context"),
    [
        ("environment=dev", "environment:dev"),
        ("environment=eu:prod", "environment:eu%3Aprod"),
        ("event=pull_request", "pull_request"),
        ("ref=refs/heads/release", "ref:refs/heads/release"),
        ("event=pull_request&environment=dev", "environment:dev"),
    ],
)
@pytest.mark.parametrize(
    ("subjects", "owner"), [("immutable", "repo:acme@1001/platform@2001"), ("legacy", "repo:acme/platform")]
)
def test_the_subject_is_the_repository_followed_by_environment_event_or_ref(
    tmp_path: Path, query: str, context: str, subjects: str, owner: str
) -> None:
    call = start(tmp_path, seed(subjects=subjects))
    found = claims(call, f"{query}&audience=sts.amazonaws.com")
    assert found["sub"] == f"{owner}:{context}"
    assert (found["repository_id"], found["repository_owner_id"]) == ("2001", "1001")
    assert 0 < found["exp"] - found["iat"] <= 300
    call.github.close()


TEMPLATE = "/repos/acme/platform/actions/oidc/customization/sub"
IMMUTABLE = "repo:acme@1001/platform@2001"


def test_the_beginning_of_subjects_is_told_as_it_is_written(tmp_path: Path) -> None:
    call = start(tmp_path, seed(subjects="legacy"))
    plain = {"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": "repo:acme/platform"}
    assert call("GET", TEMPLATE).json == plain
    assert call("PUT", TEMPLATE, {"use_default": True, "use_immutable_subject": True}).status == 201
    assert call("GET", TEMPLATE).json == plain | {"use_immutable_subject": True, "sub_claim_prefix": IMMUTABLE}
    assert claims(call, "environment=dev&audience=sts.amazonaws.com")["sub"] == f"{IMMUTABLE}:environment:dev"
    call.github.close()


def test_after_a_rename_subjects_have_ids_and_only_their_beginning_tells(tmp_path: Path) -> None:
    call = start(tmp_path, seed(subjects="legacy"))
    for name in ("renamed", "platform"):
        path = "/repos/acme/platform" if name == "renamed" else "/repos/acme/renamed"
        assert call("PATCH", path, {"name": name}).status == 200
    told = {"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": IMMUTABLE}
    assert call("GET", TEMPLATE).json == told
    assert claims(call, "environment=dev&audience=sts.amazonaws.com")["sub"] == f"{IMMUTABLE}:environment:dev"
    call.github.close()


def test_a_template_decides_what_subjects_are_made_of(call: Client) -> None:
    query = "environment=dev&audience=sts.amazonaws.com"
    own = {"use_default": False, "include_claim_keys": ["repository_id", "context"]}
    assert call("PUT", TEMPLATE, own).status == 201
    assert claims(call, query)["sub"] == "repository_id:2001:environment:dev"
    assert call("GET", TEMPLATE).json["include_claim_keys"] == ["repository_id", "context"]
    organizations = "/orgs/acme/actions/oidc/customization/sub"
    assert call("GET", organizations).json == {"include_claim_keys": ["repo", "context"]}
    assert call("PUT", organizations, {"include_claim_keys": ["repo", "ref"]}).status == 201
    # Only a repository that takes it over has the organization's.
    assert claims(call, query)["sub"] == "repository_id:2001:environment:dev"
    assert call("PUT", TEMPLATE, {"use_default": False}).status == 201
    assert claims(call, query)["sub"] == f"{IMMUTABLE}:ref:refs/heads/main"
    assert call("PUT", TEMPLATE, {"use_default": True}).status == 201
    assert claims(call, query)["sub"] == f"{IMMUTABLE}:environment:dev"


def test_a_template_is_changed_by_administrators_and_of_known_form(call: Client) -> None:
    mine = call.by(MEMBER)
    assert mine("GET", TEMPLATE).status == 200
    assert mine("PUT", TEMPLATE, {"use_default": True}).status == 403
    assert mine("PUT", "/orgs/acme/actions/oidc/customization/sub", {"include_claim_keys": ["repo"]}).status == 403
    for keys in (["repo", "repo"], ["a-b"]):
        assert call("PUT", TEMPLATE, {"use_default": False, "include_claim_keys": keys}).status == 422
    assert call("PUT", TEMPLATE, {"use_default": True, "use_immutable_subject": False}).status == 501


def test_the_issuer_publishes_its_configuration(call: Client) -> None:
    found = call.raw("GET", "/_services/token/.well-known/openid-configuration").json
    assert found["issuer"] == ISSUER
    assert found["jwks_uri"] == f"{ISSUER}/.well-known/jwks"


def test_only_an_owner_may_request_the_token_of_a_job(call: Client) -> None:
    path = "/_sandbox/oidc-token?repository=acme/platform&environment=dev"
    assert call.by(MEMBER).raw("GET", path).status == 403
    assert call.by("nobody").raw("GET", path).status == 401
    assert call.raw("GET", "/_sandbox/oidc-token?repository=acme/none").status == 404
    assert call.by("nobody").raw("GET", "/_services/token/jobs/1").status == 401


def test_the_key_survives_a_restart_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = start(tmp_path, seed(), makes_key=True)
    keys = first.github.issuer.keys()
    first.github.close()
    second = start(tmp_path, seed())
    assert second.github.issuer.keys() == keys
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o077 == 0
    second.github.close()


def test_web_pages_show_a_repository_its_files_and_its_pull_requests(call: Client) -> None:
    path = repository(call, "shown", description="<b>Bold</b>")
    main = call("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    call("POST", f"{path}/git/refs", {"ref": "refs/heads/change", "sha": main})
    body = {"message": "Change", "content": encoded("1 < 2"), "branch": "change"}
    call("PUT", f"{path}/contents/file.txt", body)
    pull = call("POST", f"{path}/pulls", {"title": "A change", "head": "change", "base": "main"}).json
    assert b"shown" in call.raw("GET", "/acme").content
    page = call.raw("GET", "/acme/shown")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b"README.md" in page.content
    assert b"&lt;b&gt;Bold" in page.content
    assert b"1 &lt; 2" in call.raw("GET", "/acme/shown/blob/change/file.txt").content
    assert b"A change #1" in call.raw("GET", pull["html_url"].removeprefix("https://localhost:1")).content
    assert call.raw("GET", "/acme/none").status == 404
