"""`doctor`: the subjects of tokens, as GitHub writes them and as roles and settings expect them."""

from pathlib import Path
from typing import Any

import pytest

from bootstrap import github, subjects
from bootstrap.errors import BootstrapError
from sandbox.github.seed import Seed
from tests.bootstrap.fakes import Parameters
from tests.bootstrap.healthy import (
    AT_EXAMPLE,
    LEGACY,
    SETTINGS,
    SUBJECT,
    SUBJECTS,
    bootstrapped,
    deployed_for,
    examine,
    github_that_answers,
    healthy,
)
from tests.sandbox_github.client import MEMBER, seed, start

pytestmark = pytest.mark.usefixtures("settings")

WRITTEN_LEGACY = {**SUBJECTS, "use_immutable_subject": False, "sub_claim_prefix": "repo:acme/mlops-platform"}
RENAMED = {**SUBJECTS, "use_immutable_subject": False}


def test_subjects_that_the_roles_trust_are_fine() -> None:
    finding = examine(healthy())["token subjects"]
    assert finding.fine
    assert "the roles trust repo:acme@1001/mlops-platform@2001:" in finding.message


def test_while_the_roles_trust_both_forms_only_what_projects_lack_is_reported(settings: Path) -> None:
    where = healthy(cloudformation=bootstrapped(subjects=f"{SUBJECT},{LEGACY}"))
    assert examine(where)["token subjects"].fine
    older = github_that_answers(subjects=(200, WRITTEN_LEGACY))
    message = examine(where, get=older)["token subjects"].message
    assert "projects' new repositories are immutable, too, so run: python -m bootstrap up" in message
    assert "--oidc-subjects both; then opt in" in message
    settings.write_text(SETTINGS.replace("mlops-bot}", "mlops-bot, oidcSubjects: legacy}"))
    message = examine(where, get=older)["token subjects"].message
    assert "the jobs of new projects could take no role: opt in to immutable subjects for the organization" in message


def test_an_enterprise_server_has_legacy_subjects_throughout() -> None:
    there = deployed_for("https://github.example.com", "https://github.example.com/api/v3", AT_EXAMPLE)
    where = healthy(
        cloudformation=bootstrapped(AT_EXAMPLE, LEGACY),
        ssm=Parameters(there),
    )
    assert examine(where, get=github_that_answers(subjects=(200, {"use_default": True})))["token subjects"].fine


@pytest.mark.parametrize(
    ("trusted", "written", "option"),
    [(SUBJECT, WRITTEN_LEGACY, " --oidc-subjects legacy"), (LEGACY, SUBJECTS, ""), (LEGACY, RENAMED, "")],
    ids=["an older repository", "opted in", "renamed, which only the beginning tells"],
)
def test_roles_that_trust_other_subjects_are_reported_with_the_command_that_corrects_them(
    trusted: str, written: dict[str, Any], option: str
) -> None:
    where = healthy(cloudformation=bootstrapped(subjects=trusted))
    finding = examine(where, get=github_that_answers(subjects=(200, written)))["token subjects"]
    assert not finding.fine
    assert f"GitHub begins the subjects of tokens with {written['sub_claim_prefix']}:" in finding.message
    assert finding.message.endswith(f"--github-org acme --github-repository mlops-platform{option}")


def test_settings_that_expect_another_form_are_reported(settings: Path) -> None:
    settings.write_text(SETTINGS.replace("mlops-bot}", "mlops-bot, oidcSubjects: legacy}"))
    finding = examine(healthy())["token subjects"]
    assert not finding.fine
    assert "github.oidcSubjects of the settings is legacy" in finding.message
    assert "which is immutable: correct it and deploy" in finding.message


@pytest.mark.parametrize(
    ("own", "organization", "named"),
    [
        (["repo", "context", "job_workflow_ref"], ("repo", "context"), "repo, context, job_workflow_ref"),
        (None, ("repository_owner",), "repository_owner"),
        ([], ("repo",), "repo"),
    ],
)
def test_subjects_of_other_claims_are_reported(
    own: list[str] | None, organization: tuple[str, ...], named: str
) -> None:
    template = {"use_default": False, "include_claim_keys": own, "sub_claim_prefix": SUBJECTS["sub_claim_prefix"]}
    get = github_that_answers(subjects=(200, template), organization_claims=organization)
    finding = examine(healthy(), get=get)["token subjects"]
    assert not finding.fine
    assert f"GitHub makes the subjects of the tokens of acme/mlops-platform of {named}, and" in finding.message
    assert "-F use_default=true" in finding.message


def test_a_template_that_is_the_default_is_fine() -> None:
    get = github_that_answers(subjects=(200, {**SUBJECTS, "use_default": False}))
    assert examine(healthy(), get=get)["token subjects"].fine


def test_subjects_that_github_does_not_tell_are_not_fine() -> None:
    finding = examine(healthy(), get=github_that_answers(subjects=(403, {"message": "No"})))["token subjects"]
    assert not finding.fine
    assert "(403: No): set GITHUB_TOKEN" in finding.message


@pytest.mark.parametrize(
    ("url", "beginning"), [("https://github.example.com", "repo:acme/platform"), ("https://github.com", None)]
)
def test_only_an_enterprise_server_needs_not_tell(url: str, beginning: str | None) -> None:
    def get(*_: object) -> github.Answer:
        return github.Answer(status=200, headers={}, body={"use_default": True})

    server = github.Server.at(url)
    if beginning is None:
        with pytest.raises(BootstrapError, match="does not tell how it begins"):
            subjects.written(server, "acme/platform", "token", get)
    else:
        assert subjects.written(server, "acme/platform", "token", get) == beginning


def _of_local_github(folder: Path, seeded: Seed, *changes: tuple[str, str, object]) -> str:
    folder.mkdir()
    call = start(folder, seeded)

    def get(_: github.Server, path: str, token: str | None) -> github.Answer:
        told = call.by(token or "")("GET", path)
        return github.Answer(status=told.status, headers=told.headers, body=told.json)

    try:
        for method, path, body in changes:
            assert call(method, path, body).status in (200, 201)
        return subjects.written(github.Server.at("https://github.com"), "acme/platform", MEMBER, get)
    finally:
        call.github.close()


def test_the_local_github_tells_how_it_writes_subjects(tmp_path: Path) -> None:
    place = "/repos/acme/platform/actions/oidc/customization/sub"
    assert _of_local_github(tmp_path / "new", seed()) == "repo:acme@1001/platform@2001"
    older = seed(subjects="legacy")
    assert _of_local_github(tmp_path / "older", older) == "repo:acme/platform"
    back = ("PATCH", "/repos/acme/renamed", {"name": "platform"})
    renamed = _of_local_github(
        tmp_path / "renamed", older, ("PATCH", "/repos/acme/platform", {"name": "renamed"}), back
    )
    assert renamed == "repo:acme@1001/platform@2001"
    custom = {"use_default": False, "include_claim_keys": ["actor"]}
    with pytest.raises(BootstrapError, match="of actor, and the roles"):
        _of_local_github(tmp_path / "custom", older, ("PUT", place, custom))
