"""Requests about repositories to GitHub, and the handling of its answers, against a real HTTP server."""

import base64

import pytest

from functions.shared.github_api.errors import GitHubError
from functions.template_cloner.github import File, GitHub, Repository
from tests.functions.shared.server import Reply, Server

REPO = "acme/mlops-abalone"
MAIN = frozenset({("branch", "main")})
BY_NAME = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


def test_a_repository_is_read(server: Server, github: GitHub) -> None:
    body = {
        "full_name": REPO,
        "id": 2005,
        "owner": {"id": 1001},
        "description": None,
        "default_branch": "main",
        "is_template": False,
        "archived": True,
        "template_repository": {"full_name": "acme/mlops-template-model-training"},
    }
    server.reply(Reply(body=body), Reply(body={**body, "template_repository": None}))
    expected = Repository(
        full_name=REPO,
        repository_id=2005,
        owner_id=1001,
        description="",
        default_branch="main",
        is_template=False,
        archived=True,
        template="acme/mlops-template-model-training",
    )

    assert github.repository(REPO) == expected
    without_template = github.repository(REPO)
    assert without_template is not None
    assert without_template.template is None


@pytest.mark.parametrize("status", [301, 404])
def test_a_renamed_repository_no_longer_has_the_name(server: Server, github: GitHub, status: int) -> None:
    server.reply(Reply(status=status, headers={"Location": f"{server.url}/elsewhere"}, body={"message": "Moved"}))

    assert github.repository(REPO) is None
    assert server.asked == [f"GET /repos/{REPO}"]


def test_a_private_repository_is_generated(server: Server, github: GitHub) -> None:
    server.reply(Reply(status=201, body={}))

    assert github.generate("acme/template", "acme", "mlops-abalone", "marker")

    [request] = server.requests
    assert f"{request.method} {request.path}" == "POST /repos/acme/template/generate"
    assert request.json == {"owner": "acme", "name": "mlops-abalone", "description": "marker", "private": True}


def test_a_taken_name_differs_from_other_refusals(server: Server, github: GitHub) -> None:
    taken = {"message": "Unprocessable Entity", "errors": ["Could not clone: Name already exists on this account"]}
    server.reply(Reply(status=422, body=taken), Reply(status=422, body={"message": "Template is archived"}))

    assert not github.generate("acme/template", "acme", "mlops-abalone", "marker")
    with pytest.raises(GitHubError, match="Template is archived"):
        github.generate("acme/template", "acme", "mlops-abalone", "marker")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"commit": {"sha": "abc"}}), "abc"),
        (Reply(status=404, body={"message": "Branch not found"}), None),
        (Reply(status=409, body={"message": "Git Repository is empty."}), None),
    ],
)
def test_a_branch_has_a_commit_or_not_yet(server: Server, github: GitHub, reply: Reply, expected: str | None) -> None:
    server.reply(reply)

    assert github.branch_commit(REPO, "mlops/settings") == expected
    assert server.asked == [f"GET /repos/{REPO}/branches/mlops%2Fsettings"]


def test_a_file_is_read(server: Server, github: GitHub) -> None:
    encoded = base64.encodebytes("größe = 1\n".encode() * 20).decode()
    server.reply(Reply(body={"content": encoded, "sha": "abc"}), Reply(status=404, body={}))

    assert github.file(REPO, "project.toml", "main") == File(text="größe = 1\n" * 20, sha="abc")
    assert github.file(REPO, "project.toml", "main") is None


@pytest.mark.parametrize("sha", [None, "abc"])
def test_a_file_is_committed(server: Server, github: GitHub, sha: str | None) -> None:
    server.reply(Reply(status=201, body={}))

    assert github.write_file(REPO, "project.toml", "main", "x", "Say so", sha)

    expected = {"message": "Say so", "content": base64.b64encode(b"x").decode(), "branch": "main"}
    assert server.requests[0].json == expected | ({"sha": sha} if sha else {})


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=409, body={"message": "project.toml does not match abc"}),
        Reply(status=422, body={"message": 'Invalid request.\n\n"sha" wasn\'t supplied.'}),
    ],
)
def test_another_commit_was_faster(server: Server, github: GitHub, reply: Reply) -> None:
    server.reply(reply)

    assert not github.write_file(REPO, "project.toml", "main", "x", "Say so", None)


@pytest.mark.parametrize("status", [409, 422])
def test_a_ruleset_that_refuses_the_commit_is_named(server: Server, github: GitHub, status: int) -> None:
    message = "Repository rule violations found\n\nChanges must be made through a pull request."
    server.reply(Reply(status=status, body={"message": message}))

    with pytest.raises(GitHubError, match=r"github\.platformUser"):
        github.write_file(REPO, "project.toml", "main", "x", "Say so", None)


def test_a_file_that_github_does_not_accept(server: Server, github: GitHub) -> None:
    server.reply(Reply(status=422, body={"message": "path is malformed"}))

    with pytest.raises(GitHubError, match="path is malformed"):
        github.write_file(REPO, "project.toml", "main", "x", "Say so", None)


def test_deleting_and_archiving(server: Server, github: GitHub) -> None:
    server.reply(Reply(status=204), Reply(status=404, body={}), Reply(body={}))

    github.delete_repository(REPO)
    github.delete_repository(REPO)
    github.archive_repository(REPO)

    assert server.asked == [f"DELETE /repos/{REPO}", f"DELETE /repos/{REPO}", f"PATCH /repos/{REPO}"]
    assert server.requests[-1].json == {"archived": True}


def test_a_branch_that_exists_is_left_alone(server: Server, github: GitHub) -> None:
    server.reply(
        Reply(status=201, body={}),
        Reply(status=422, body={"message": "Reference already exists"}),
        Reply(status=422, body={"message": "Object does not exist"}),
    )

    github.create_branch(REPO, "settings", "abc")
    github.create_branch(REPO, "settings", "abc")
    with pytest.raises(GitHubError, match="Object does not exist"):
        github.create_branch(REPO, "settings", "abc")

    assert server.requests[0].json == {"ref": "refs/heads/settings", "sha": "abc"}


def test_a_pull_request_that_is_open_is_left_alone(server: Server, github: GitHub) -> None:
    exists = {"message": "Validation Failed", "errors": [{"message": "A pull request already exists for acme:s."}]}
    server.reply(
        Reply(status=201, body={}),
        Reply(status=422, body=exists),
        Reply(status=422, body={"message": "Validation Failed", "errors": [{"message": "No commits between"}]}),
    )

    github.open_pull_request(REPO, "settings", "main", "Title", "Body")
    github.open_pull_request(REPO, "settings", "main", "Title", "Body")
    with pytest.raises(GitHubError, match="No commits between"):
        github.open_pull_request(REPO, "settings", "main", "Title", "Body")

    assert server.requests[0].json == {"head": "settings", "base": "main", "title": "Title", "body": "Body"}


def test_open_pull_requests_are_those_of_the_repository_s_own_branches(server: Server, github: GitHub) -> None:
    def pull(number: int, branch: str, repository: str | None) -> dict[str, object]:
        return {
            "number": number,
            "head": {"ref": branch, "repo": None if repository is None else {"full_name": repository}},
        }

    pulls = [pull(4, "ours", REPO.upper()), pull(5, "forked", "ada/fork"), pull(6, "gone", None)]
    server.reply(Reply(body=pulls), Reply(body=[]))

    assert github.open_pull_requests(REPO, "main") == {"ours": 4}
    assert github.open_pull_requests(REPO, "main") == {}

    assert server.asked[0] == f"GET /repos/{REPO}/pulls?state=open&base=main&per_page=100"


def test_a_pull_request_is_closed_and_a_branch_that_is_gone_stays_gone(server: Server, github: GitHub) -> None:
    missing = Reply(status=422, body={"message": "Reference does not exist"})
    server.reply(Reply(body={}), Reply(status=204), missing)

    github.close_pull_request(REPO, 7)
    github.delete_branch(REPO, "mlops/settings-1")
    github.delete_branch(REPO, "mlops/settings-1")

    assert server.asked == [
        f"PATCH /repos/{REPO}/pulls/7",
        *[f"DELETE /repos/{REPO}/git/refs/heads/mlops/settings-1"] * 2,
    ]
    assert server.requests[0].json == {"state": "closed"}


def test_earlier_dispatches_are_counted(server: Server, github: GitHub) -> None:
    server.reply(Reply(body={"total_count": 1}), Reply(body={"total_count": 0}), Reply(status=404, body={}))

    assert github.was_dispatched(REPO, "train.yml")
    assert not github.was_dispatched(REPO, "train.yml")
    assert not github.was_dispatched(REPO, "train.yml")
    assert server.asked[0].endswith("/actions/workflows/train.yml/runs?event=workflow_dispatch&per_page=1")


@pytest.mark.parametrize(
    ("status", "expected"), [("identical", True), ("behind", True), ("ahead", False), ("diverged", False)]
)
def test_a_commit_is_part_of_a_branch_that_lacks_none_of_its_history(
    server: Server, github: GitHub, status: str, expected: bool
) -> None:
    server.reply(Reply(body={"status": status}))

    assert github.is_part(REPO, "abc", "main") is expected
    assert server.asked == [f"GET /repos/{REPO}/compare/main...abc?per_page=1"]


def test_a_commit_that_github_does_not_know_is_part_of_nothing(server: Server, github: GitHub) -> None:
    server.reply(Reply(status=404, body={"message": "Not Found"}))

    assert not github.is_part(REPO, "abc", "main")


def test_only_merged_pull_requests_brought_their_commits(server: Server, github: GitHub) -> None:
    merged = {"merge_commit_sha": "abc", "merged_at": "2026-12-01T09:00:00Z"}
    server.reply(Reply(body=[merged, {"merge_commit_sha": "def", "merged_at": None}]))

    assert github.merge_commits(REPO, "production") == {"abc"}
    assert server.asked == [f"GET /repos/{REPO}/pulls?state=closed&base=production&per_page=100"]
