"""`preview`: a stack that exists from its state, a new one from nothing, and none that is merely misspelt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bootstrap import preview
from bootstrap.account import Account
from bootstrap.errors import BootstrapError
from tests.bootstrap.fakes import Service, account, answer, refuse
from tests.bootstrap.template import ACCOUNT, REGION

BUCKET = "s3://analytics-dev-state-111111111111-eu-west-1?region=eu-west-1"
SETTINGS = f"""# The unit's own
config:
  mlops-platform:unit: analytics
  mlops-platform:environment: dev
  mlops-platform:region: {REGION}
  mlops-platform:accountId: "{ACCOUNT}"
"""
WITH_A_KEY = "secretsprovider: awskms://alias/other\nencryptedkey: AQICAHg=\nencryptionsalt: v1:x=\n"
PREVIEW = "pulumi preview --stack {} --diff --non-interactive --color never"


@dataclass
class Engine:
    """Records what it is asked to run; the status of its first run is `first_status`."""

    first_status: int = 0
    calls: list[tuple[str, Mapping[str, str]]] = field(default_factory=list[tuple[str, Mapping[str, str]]])
    copies: list[str] = field(default_factory=list[str])
    """Content of the stack's file that the engine is pointed at."""

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        self.calls.append((" ".join(arguments), environment))
        if "--config-file" in arguments:
            self.copies.append(Path(arguments[-1]).read_text())
        return self.first_status if len(self.calls) == 1 else 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the stack dev."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: mlops-platform\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(WITH_A_KEY + SETTINGS)
    return tmp_path


def connect(monkeypatch: pytest.MonkeyPatch, found: Account) -> None:
    def connected(region: str) -> Account:
        return replace(found, region=region)

    monkeypatch.setattr(preview, "connect", connected)


def with_states(*files: str) -> Account:
    contents = [{"Key": f".pulumi/stacks/mlops-platform/{file}"} for file in files]
    listed: dict[str, Any] = {"Contents": contents} if contents else {}
    return account(s3=Service({"head_bucket": answer({}), "list_objects_v2": answer(listed)}))


def preview_of(stack: str, folder: Path, engine: Engine) -> tuple[int, list[str]]:
    said: list[str] = []
    return preview.preview(stack, folder, engine.run, said.append), said


@pytest.mark.parametrize("file", ["dev.json", "dev.json.gz"])
def test_a_stack_that_exists_is_previewed_from_its_state(
    folder: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    connect(monkeypatch, with_states(file, "dev.json.bak"))
    engine = Engine(first_status=3)
    assert preview_of("dev", folder, engine) == (3, [])
    [(call, environment)] = engine.calls
    assert call == PREVIEW.format("dev")
    assert environment["PULUMI_BACKEND_URL"] == BUCKET
    assert environment["PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER"] == "true"


def test_a_new_stack_is_previewed_from_nothing_and_the_preview_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, with_states())
    engine = Engine()
    status, [said] = preview_of("dev", folder, engine)
    assert (status, said.startswith("New stack: dev does not exist yet, and everything would be created.")) == (0, True)
    (_, creating), (call, previewing) = engine.calls
    assert call.startswith(PREVIEW.format("dev"))
    assert creating == previewing
    assert previewing["PULUMI_BACKEND_URL"].startswith("file://")
    assert engine.copies == [SETTINGS]
    assert not Path(call.split()[-1]).parent.exists()
    assert (folder / "Pulumi.dev.yaml").read_text() == WITH_A_KEY + SETTINGS


def test_a_new_stack_that_the_engine_cannot_create_is_not_previewed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, with_states())
    engine = Engine(first_status=255)
    assert preview_of("dev", folder, engine)[0] == 255
    assert len(engine.calls) == 1


def test_a_stack_that_was_only_removed_is_new(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, with_states("dev.json.bak", "dev.json.gz.bak"))
    assert len(preview_of("dev", folder, Engine())[1]) == 1


def test_a_misspelt_name_is_not_taken_for_a_new_stack(folder: Path) -> None:
    engine = Engine()
    with pytest.raises(BootstrapError, match=r"no file Pulumi\.dve\.yaml\. Did you mean dev\? Stacks here: dev\.$"):
        preview_of("dve", folder, engine)
    with pytest.raises(BootstrapError, match=r"no stack '\.\./dev'"):
        preview_of("../dev", folder, engine)
    assert engine.calls == []


def test_renamed_settings_are_not_taken_for_a_new_stack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, with_states("development.json.gz"))
    engine = Engine()
    with pytest.raises(BootstrapError, match="pulumi stack rename dev --stack development"):
        preview_of("dev", folder, engine)
    assert engine.calls == []


def test_an_account_that_is_not_bootstrapped_is_named_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, account(s3=Service({"head_bucket": refuse("404")})))
    with pytest.raises(BootstrapError, match=r"^analytics-dev is not bootstrapped in account 111111111111.*$"):
        preview_of("dev", folder, Engine())


def test_credentials_of_another_account_are_refused_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, replace(with_states(), account_id="222222222222"))
    with pytest.raises(BootstrapError, match=r"^dev lives in account 111111111111.*use credentials of its account.$"):
        preview_of("dev", folder, Engine())


def test_stacks_that_contradict_each_other_are_not_previewed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, with_states("dev.json"))
    (folder / "Pulumi.dev.yaml").write_text(SETTINGS + "  mlops-platform:development: {}\n")
    other = SETTINGS.replace("environment: dev", "environment: prod").replace(f"region: {REGION}", "region: us-east-1")
    (folder / "Pulumi.prod.yaml").write_text(other)
    engine = Engine()
    with pytest.raises(
        BootstrapError, match=r"must agree; nothing was previewed. region of dev is eu-west-1, and region of prod"
    ):
        preview_of("dev", folder, engine)
    assert engine.calls == []


def test_a_machine_without_the_engine_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(BootstrapError, match="pulumi is not on PATH"):
        preview.run_in(tmp_path)(["pulumi", "about"], {"PATH": str(tmp_path)})


def test_the_engine_runs_in_the_projects_folder_and_its_status_is_returned(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert preview.run_in(tmp_path)(["sh", "-c", "pwd; exit 7"], {"PATH": "/usr/bin:/bin"}) == 7
    assert capfd.readouterr().out == f"{tmp_path}\n"
