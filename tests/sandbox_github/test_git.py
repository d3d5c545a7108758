"""Git over HTTPS, with git itself, and the repositories behind it."""

import secrets
from pathlib import Path

from sandbox.github.git import GitRepository, Person
from tests.sandbox_github.client import MEMBER, OUTSIDER
from tests.sandbox_github.remote import Remote
from tests.sandbox_github.test_access import ruleset


def test_pushed_files_can_be_cloned_and_read(remote: Remote, tmp_path: Path) -> None:
    assert remote("POST", "/orgs/acme/repos", {"name": "pushed-to", "private": True}).status == 201
    work = remote.clone("pushed-to", tmp_path / "work")
    remote.git("checkout", "--quiet", "-b", "main", folder=work)
    # More than git sends in one piece, so that it is sent in chunks.
    remote.commit(work, {"a.txt": "text", "large.bin": secrets.token_urlsafe(1_200_000)})
    remote.git("push", "--quiet", "origin", "main", folder=work)
    other = remote.clone("pushed-to", tmp_path / "other")
    assert (other / "a.txt").read_text() == "text"
    assert (other / "large.bin").stat().st_size > 1_000_000
    assert remote("GET", "/repos/acme/pushed-to/contents/a.txt").status == 200
    assert remote("GET", "/repos/acme/pushed-to").json["pushed_at"] is not None


def test_a_ruleset_refuses_a_push_to_main_but_not_to_a_branch(remote: Remote, tmp_path: Path) -> None:
    body = {"name": "mlops-ruled", "private": True, "auto_init": True}
    assert remote("POST", "/orgs/acme/repos", body).status == 201
    assert remote("PUT", "/repos/acme/mlops-ruled/collaborators/mia", {"permission": "push"}).status == 204
    made = remote("POST", "/orgs/acme/rulesets", ruleset(name="pushes"))
    assert made.status == 201
    member = remote.by(MEMBER)
    work = member.clone("mlops-ruled", tmp_path / "work")
    member.commit(work, {"a.txt": "text"})
    refused = member.git("push", "origin", "HEAD:main", folder=work, check=False)
    assert refused.returncode != 0
    assert "GH013: Repository rule violations found for refs/heads/main" in refused.stderr
    assert "Changes must be made through a pull request." in refused.stderr
    member.git("push", "--quiet", "origin", "HEAD:feature", folder=work)
    remote.git("push", "--quiet", "origin", "HEAD:main", folder=work)
    member.git("commit", "--quiet", "--amend", "--message", "Rewritten", folder=work)
    forced = member.git("push", "--force", "origin", "HEAD:main", folder=work, check=False)
    assert "Cannot force-push to this branch" in forced.stderr
    deleted = member.git("push", "origin", ":main", folder=work, check=False)
    assert "Cannot delete this protected ref." in deleted.stderr
    assert remote("DELETE", f"/orgs/acme/rulesets/{made.json['id']}").status == 204


def test_a_push_to_the_refs_of_a_pull_request_is_refused(remote: Remote, tmp_path: Path) -> None:
    assert remote("POST", "/orgs/acme/repos", {"name": "hidden", "private": True, "auto_init": True}).status == 201
    work = remote.clone("hidden", tmp_path / "work")
    pushed = remote.git("push", "origin", "HEAD:refs/pull/1/head", folder=work, check=False)
    assert "[remote rejected] HEAD -> refs/pull/1/head (deny updating a hidden ref)" in pushed.stderr
    assert "refs/pull" not in remote.git("ls-remote", "origin", folder=work).stdout


def test_git_is_refused_without_permission_as_in_the_rest_api(remote: Remote, tmp_path: Path) -> None:
    body = {"name": "guarded", "private": True, "auto_init": True}
    assert remote("POST", "/orgs/acme/repos", body).status == 201
    url = f"{remote.url}/acme/guarded.git"
    member = remote.by(MEMBER)
    work = member.clone("guarded", tmp_path / "work")
    member.commit(work, {"a.txt": "text"})
    reader = member.git("push", "origin", "HEAD:feature", folder=work, check=False)
    assert "403" in reader.stderr
    outsider = remote.by(OUTSIDER).git("ls-remote", url, folder=tmp_path, check=False)
    assert "not found" in outsider.stderr
    nobody = remote.by("nobody").git("-c", "core.askPass=true", "ls-remote", url, folder=tmp_path, check=False)
    assert "Authentication failed" in nobody.stderr
    assert remote("PATCH", "/repos/acme/guarded", {"archived": True}).status == 200
    archived = remote.git("push", "origin", "HEAD:feature", folder=work, check=False)
    assert "archived" in archived.stderr


def test_refs_are_those_that_git_lists_whether_packed_or_not(tmp_path: Path) -> None:
    git = GitRepository(tmp_path / "1.git")
    git.create("main")
    assert git.refs() == {}
    tree = git.write_tree(None, [("a.txt", "100644", git.write_blob(b"text"))])
    first = git.write_commit(tree, [], "First", Person(name="mia", email="mia@localhost"))
    second = git.write_commit(tree, [first], "Second", Person(name="mia", email="mia@localhost"))
    for ref in ("refs/heads/main", "refs/heads/feature/one", "refs/tags/v1", "refs/pull/1/head"):
        git.update_ref(ref, first)
    git.run(
        "-c", "user.name=mia", "-c", "user.email=mia@localhost", "tag", "--annotate", "--message", "v2", "v2", first
    )
    git.run("pack-refs", "--all")
    git.update_ref("refs/heads/main", second)
    git.update_ref("refs/heads/later", second)
    git.delete_ref("refs/tags/v1")
    for prefix in ("refs/", "refs/heads/"):
        listed = git.run("for-each-ref", "--format=%(refname) %(objectname)", prefix).decode().splitlines()
        assert git.refs(prefix) == dict(line.split(" ") for line in listed)
    assert git.branches() == {"feature/one": first, "later": second, "main": second}
