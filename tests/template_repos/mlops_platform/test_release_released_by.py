"""The run of a deployment says who released it to production."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.release import project
from mlops_platform.release.released_by import ReleaseError, main, released_by, summary
from mlops_platform.release.testing.example import PROJECT_TOML
from tests.functions.shared.server import Reply, Server, serving

REPOSITORY = "acme/mlops-abalone-p-abcdefghijkl-model-deployment-realtime"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def review(login: str, *environments: str, state: str = "approved") -> dict[str, Any]:
    return {"state": state, "user": {"login": login}, "environments": [{"name": name} for name in environments]}


def variables(server: Server, folder: Path) -> dict[str, str]:
    return {
        "GITHUB_API_URL": server.url,
        "GITHUB_REF_NAME": "main",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_RUN_ID": "7",
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_TOKEN": "token-of-the-job",
    }


def test_the_summary_names_who_released(server: Server, tmp_path: Path) -> None:
    reviews = [review("hedy", "prod"), review("lise", "prod", state="rejected"), review("ada", "preprod")]
    server.reply(Reply(body=reviews), Reply(body={"permission": "read"}))

    main("prod", variables(server, tmp_path))

    assert (tmp_path / "summary").read_text() == "Released to prod by hedy.\n"
    assert (tmp_path / "output").read_text() == "released_by=hedy\n"
    asked = [f"{request.method} {request.path}" for request in server.requests]
    assert asked == [
        f"GET /repos/{REPOSITORY}/actions/runs/7/approvals",
        f"GET /repos/{REPOSITORY}/collaborators/hedy/permission",
    ]
    assert {request.headers["Authorization"] for request in server.requests} == {"Bearer token-of-the-job"}


@pytest.mark.parametrize("permission", ["write", "admin"])
def test_a_release_by_somebody_who_writes_to_the_repository_does_not_count(
    server: Server, tmp_path: Path, permission: str
) -> None:
    server.reply(Reply(body=[review("ada", "prod")]), Reply(body={"permission": permission}))

    with pytest.raises(
        ReleaseError, match=rf"ada released this to prod and may write to this repository .{permission}"
    ):
        main("prod", variables(server, tmp_path))

    assert not (tmp_path / "summary").exists()


def test_a_trial_that_nobody_released_is_said_to_be_one() -> None:
    assert released_by("prod", "7", lambda path: []) == []
    assert summary("prod", []).startswith("**Nobody released this to prod**")


def test_a_github_that_does_not_tell_ends_the_deployment(server: Server, tmp_path: Path) -> None:
    server.reply(Reply(status=403, body={"message": "Resource not accessible by integration"}))

    with pytest.raises(ReleaseError, match=r"GitHub does not tell who released this .403"):
        main("prod", variables(server, tmp_path))


@pytest.fixture(autouse=True)
def project_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a project that hedy releases."""
    released = '[prod]\nbranch = "production"\nrelease_managers = ["hedy"]\n'
    (tmp_path / "project.toml").write_text(PROJECT_TOML.replace("[prod]\n", released))
    monkeypatch.setattr(project, "FILE", tmp_path / "project.toml")


def by_branch(server: Server, folder: Path) -> dict[str, str]:
    return variables(server, folder) | {"GITHUB_REF_NAME": "production", "GITHUB_SHA": "c0ffee"}


def merged(commit: str = "c0ffee", number: int = 4) -> dict[str, Any]:
    return {
        "number": number,
        "html_url": f"https://github.com/{REPOSITORY}/pull/{number}",
        "merged_at": "2026-11-30T12:00:00Z",
        "merge_commit_sha": commit,
        "user": {"login": "template-cloner"},
    }


def reviews(*states: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"user": {"login": login}, "state": state} for login, state in states]


def test_where_a_branch_releases_the_summary_names_who_approved_the_pull_request(
    server: Server, tmp_path: Path
) -> None:
    server.reply(
        Reply(body={"commit": {"sha": "c0ffee"}}),
        Reply(body=[merged("abc", 3), merged()]),
        Reply(body=reviews(("ada", "APPROVED"), ("Hedy", "APPROVED"), ("hedy", "COMMENTED"))),
    )

    main("prod", by_branch(server, tmp_path))

    assert (tmp_path / "summary").read_text() == (
        f"Released to prod by Hedy, who approved [pull request 4](https://github.com/{REPOSITORY}/pull/4) of template-cloner.\n"
    )
    assert [request.path.partition(REPOSITORY)[2] for request in server.requests] == [
        "/branches/production",
        "/pulls?state=closed&base=production&per_page=100",
        "/pulls/4/reviews?per_page=100",
    ]


def test_a_run_of_an_earlier_release_is_not_repeated(server: Server, tmp_path: Path) -> None:
    server.reply(Reply(body={"commit": {"sha": "later"}}))

    with pytest.raises(ReleaseError, match="production has gone on since c0ffee: whoever repeats this run would"):
        main("prod", by_branch(server, tmp_path))
    assert not (tmp_path / "summary").exists()


def test_approvals_of_others_are_named_if_the_settings_know_the_release_manager_no_more(
    server: Server, tmp_path: Path
) -> None:
    found = reviews(("lise", "APPROVED"), ("ada", "APPROVED"), ("ada", "DISMISSED"))
    server.reply(Reply(body={"commit": {"sha": "c0ffee"}}), Reply(body=[merged()]), Reply(body=found))

    main("prod", by_branch(server, tmp_path))

    assert (tmp_path / "summary").read_text().startswith("Released to prod by lise, who approved")


@pytest.mark.parametrize(
    "found",
    [
        [Reply(body=[])],
        [Reply(body=[{**merged(), "merged_at": None}])],
        [Reply(body=[merged()]), Reply(body=reviews(("hedy", "CHANGES_REQUESTED")))],
        [Reply(body=[merged()]), Reply(body=reviews(("template-cloner", "APPROVED")))],
    ],
)
def test_a_change_of_the_branch_that_nobody_approved_ends_the_release(
    server: Server, tmp_path: Path, found: list[Reply]
) -> None:
    server.reply(Reply(body={"commit": {"sha": "c0ffee"}}), *found)

    with pytest.raises(ReleaseError, match="nobody approved a pull request by which c0ffee reached production"):
        main("prod", by_branch(server, tmp_path))
