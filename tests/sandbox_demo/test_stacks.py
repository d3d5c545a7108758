"""The settings of the sandbox's stacks: checked in, changed by `pulumi config set`, or unusable."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.errors import BootstrapError
from sandbox import paths, stacks
from sandbox.servers import Server, Servers

GITHUB = "https://localhost:1234"
SERVERS = Servers(
    aws=Server(pid=0, url="https://localhost:1"), github=Server(pid=0, url=GITHUB), trust="trust.pem", tokens={}
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the stacks dev and prod, whose sandbox has written no stack yet."""
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(paths.CHECKOUT / name, tmp_path)
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    monkeypatch.setattr(paths, "STACKS", tmp_path / ".sandbox" / "stacks")
    return tmp_path


def load(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())


def change(file: Path, **config: object) -> None:
    """Change settings as the engine does, which also writes the key of the secrets; None removes one."""
    content = load(file) | {"encryptedkey": "AQICAHg="}
    settings = content["config"] | {f"mlops-platform:{name}": value for name, value in config.items()}
    content["config"] = {name: value for name, value in settings.items() if value is not None}
    file.write_text(yaml.safe_dump(content))


def test_a_stack_is_written_with_the_local_github_and_without_what_the_engine_added(checkout: Path) -> None:
    checked_in = (checkout / "Pulumi.dev.yaml").read_bytes()
    file = stacks.write("dev", SERVERS).path
    assert load(file)["config"]["mlops-platform:github"]["serverUrl"] == GITHUB
    change(file)
    assert set(load(stacks.write("dev", SERVERS).path)) == {"config"}
    assert (checkout / "Pulumi.dev.yaml").read_bytes() == checked_in


def test_the_sandbox_lets_batches_and_promoted_pipelines_in_and_what_is_checked_in_does_not(checkout: Path) -> None:
    workload = load(stacks.write("prod", SERVERS).path)["config"]["mlops-platform:workload"]
    checked_in = load(checkout / "Pulumi.prod.yaml")["config"]["mlops-platform:workload"]

    assert workload == {**checked_in, "batches": True, "promotedPipelines": True}
    assert not {"batches", "promotedPipelines"} & set(checked_in)


def test_what_a_person_set_or_removed_is_what_the_next_command_uses(checkout: Path) -> None:
    file = stacks.write("dev", SERVERS).path
    change(file, keepDataOnDestroy=False, tags=None)
    for _ in range(2):
        config = load(stacks.write("dev", SERVERS).path)["config"]
        assert config["mlops-platform:keepDataOnDestroy"] is False
        assert "mlops-platform:tags" not in config
    assert "mlops-platform:tags" in load(checkout / "Pulumi.dev.yaml")["config"]


def test_a_setting_that_is_changed_in_the_checkout_replaces_one_that_was_set_in_the_sandbox(checkout: Path) -> None:
    file = stacks.write("dev", SERVERS).path
    change(file, unit="mine", keepDataOnDestroy=False)
    change(checkout / "Pulumi.dev.yaml", unit="theirs")
    for _ in range(2):
        assert stacks.write("dev", SERVERS).unit == "theirs"
        assert load(file)["config"]["mlops-platform:keepDataOnDestroy"] is False


def test_a_sandboxs_copy_that_is_deleted_comes_back_as_it_is_checked_in(checkout: Path) -> None:
    file = stacks.write("dev", SERVERS).path
    original = load(file)
    change(file, keepDataOnDestroy=False)
    file.unlink()
    assert load(stacks.write("dev", SERVERS).path) == original


def test_finding_a_stack_writes_nothing(checkout: Path) -> None:
    assert stacks.find("dev", SERVERS).prefix == "analytics-dev"
    assert not (checkout / ".sandbox").exists()
    file = stacks.write("dev", SERVERS).path
    change(file, unit="mine")
    written = file.read_bytes()
    assert stacks.find("dev", SERVERS).unit == "mine"
    assert file.read_bytes() == written


@pytest.mark.parametrize("content", ["", "config: [", "config:\n\ta: b", "config: {mlops-platform:unit: analytics}"])
def test_an_unusable_file_is_named_in_one_line(checkout: Path, content: str) -> None:
    (checkout / "Pulumi.dev.yaml").write_text(content)
    with pytest.raises(BootstrapError) as refused:
        stacks.write("dev", SERVERS)
    assert str(checkout / "Pulumi.dev.yaml") in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_an_unusable_copy_of_the_sandbox_is_named_too(checkout: Path) -> None:
    file = stacks.write("dev", SERVERS).path
    file.write_text("config:\n  a: 1\n  a: 2\n")
    with pytest.raises(BootstrapError, match="line 3: the key a is given twice") as refused:
        stacks.write("dev", SERVERS)
    assert str(refused.value).startswith(str(file))
    assert checkout in file.parents


@pytest.mark.usefixtures("checkout")
def test_a_setting_that_the_demo_learns_while_it_deploys_is_kept_by_its_next_run() -> None:
    file = stacks.write("dev", SERVERS)
    before = load(file.path)["config"]["mlops-platform:development"]
    stacks.change(file, "development", approvers=["d-abcdefghijkl/grace"])
    again = load(stacks.write("dev", SERVERS).path)["config"]["mlops-platform:development"]
    assert again == {**before, "approvers": ["d-abcdefghijkl/grace"]}
