"""The run of a deployment says who released it to production."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.release.released_by import ReleaseError, main, released_by, summary
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
