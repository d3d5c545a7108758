"""The search for the engine, and the installation of the stand-ins."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pulumi.automation._server import LanguageServer

from sandbox.engine import provide
from sandbox.engine.__main__ import main
from sandbox.plugins.install import install
from sandbox.plugins.resource import RefusedError

HERE = Path(provide.__file__).parent


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without an engine, Go, a network or a cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(provide, "_DOWNLOAD", "http://127.0.0.1:9/install.sh")
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(path: Path, text: str) -> None:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def pulumi(folder: Path, version: str, *, language_host: bool = True) -> None:
    """Write an engine that only knows its version."""
    program(folder / "pulumi", f"echo {version}")
    if language_host:
        program(folder / "pulumi-language-python", "")


def fake_go(
    folder: Path, *, count: Path, build: str = 'printf "#!/bin/sh\\necho v3.259.0\\n" > "$4"; chmod +x "$4"'
) -> None:
    """Write a Go that builds such an engine, slowly, and counts its builds."""
    program(
        folder / "go",
        'case "$1" in\n'
        "list) echo 'go: downloading a v1' >&2; printf 'x\\n\\nx\\n' ;;\n"
        f'build) echo built >> {count}; echo a >&2; echo b >&2; shift 2; while [ "$1" != -o ]; do shift; done\n'
        f"set -- '' '' \"$1\" \"$2\"; sleep 0.3 2>/dev/null; {build} ;;\n"
        "esac",
    )


@pytest.mark.parametrize("version", ["v3.259.0", "v3.300.1", "v3.259.0-alpha.1"])
def test_an_engine_on_the_path_is_used(machine: Path, version: str) -> None:
    pulumi(machine / "bin", version)
    assert provide.engine_folder() == machine / "bin"


@pytest.mark.parametrize("version", ["v3.258.0", "v4.0.0", "nonsense"])
def test_an_engine_of_another_version_is_not_used(machine: Path, version: str) -> None:
    pulumi(machine / "bin", version)
    assert provide.existing_engine_folder() is None


def test_an_engine_that_cannot_run_python_is_not_used(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pulumi(machine / "bin", "v3.259.0", language_host=False)
    assert provide.existing_engine_folder() is None
    assert "comes without pulumi-language-python" in capsys.readouterr().err


def test_without_engine_network_and_go_the_error_says_what_to_install(machine: Path) -> None:
    with pytest.raises(provide.EngineError, match=r"install Pulumi \(https://.*\) or Go 1.25"):
        provide.engine_folder()


def test_concurrent_calls_build_the_engine_once(
    machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    count = machine / "count"
    fake_go(machine / "bin", count=count)
    monkeypatch.setenv("PATH", f"{machine / 'bin'}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setattr(provide, "_SECONDS_BETWEEN_REPORTS", 0.0)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(provide.engine_folder())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    folder = machine / "cache" / "mlops-platform" / "engine" / "v3.259.0" / "bin"
    assert found == [folder] * 3
    assert count.read_text() == "built\n"
    assert {each.name for each in folder.iterdir()} == {"pulumi", "pulumi-language-python", "language_host.py"}
    output = capsys.readouterr().err
    assert "fetched 1 modules" in output
    assert re.search(r"compiled 2 of 2 packages, about 0 s left", output)
    assert "another process is building the engine" in output


def test_a_checkouts_language_host_replaces_an_older_one(machine: Path) -> None:
    cached = provide.cache_folder() / "bin"
    pulumi(cached, "v3.259.0")
    assert provide.engine_folder() == cached
    for name in ("pulumi-language-python", "language_host.py"):
        assert (cached / name).read_bytes() == (HERE / name).read_bytes()


def test_an_official_download_keeps_its_own_language_host(machine: Path) -> None:
    cached = provide.cache_folder() / "bin"
    pulumi(cached, "v3.259.0")
    (cached / "official").touch()
    assert provide.engine_folder() == cached
    assert (cached / "pulumi-language-python").read_text() == "#!/bin/sh\n\n"


def test_a_build_that_fails_shows_its_last_lines_and_leaves_nothing(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(machine / "bin", count=machine / "count", build="echo boom >&2; exit 1")
    monkeypatch.setenv("PATH", f"{machine / 'bin'}{os.pathsep}/bin{os.pathsep}/usr/bin")
    with pytest.raises(provide.EngineError, match=r"`go build` failed:[\s\S]*boom"):
        provide.engine_folder()
    assert list((provide.cache_folder() / "bin").iterdir()) == []


def test_the_pinned_modules_have_the_pinned_version() -> None:
    pinned = (HERE / "go.mod").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 v{provide.VERSION} " in pinned
    assert f"github.com/pulumi/pulumi/sdk/v3 v{provide.VERSION} " in pinned
    assert f'VERSION = "{provide.VERSION}"' in (HERE / "language_host.py").read_text()


def test_the_sdk_has_the_server_that_the_language_host_extends() -> None:
    assert {"Run", "GetRequiredPackages", "GetRequiredPlugins", "About"} <= set(vars(LanguageServer))


def test_the_command_prints_only_the_folder_on_stdout(machine: Path) -> None:
    pulumi(machine / "bin", "v3.259.0")
    answer = subprocess.run(
        [sys.executable, "-m", "sandbox.engine"], cwd=HERE.parents[1], capture_output=True, text=True, check=True
    )
    assert answer.stdout == f"{machine / 'bin'}\n"


def test_the_command_reports_an_error_on_stderr(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("no Pulumi 3.259.0 on PATH")


def test_stand_ins_are_installed_into_a_home_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    launchers = install(tmp_path / "home")
    assert [str(each.relative_to(tmp_path)) for each in launchers] == [
        "home/plugins/resource-aws-v7.51.1/pulumi-resource-aws",
        "home/plugins/resource-github-v6.15.0/pulumi-resource-github",
    ]
    stamps = [each.stat().st_mtime_ns for each in launchers]
    assert [each.stat().st_mtime_ns for each in install(tmp_path / "home")] == stamps
    with pytest.raises(RefusedError, match="your own Pulumi home"):
        install(tmp_path / "person" / ".pulumi")


def test_a_plugin_runs_on_the_checkouts_python_in_any_folder_and_environment(tmp_path: Path) -> None:
    for name in ("sandbox", "botocore", "grpc"):
        program(tmp_path / "elsewhere" / name / "__init__.py", "raise SystemExit('this is not mine')")
    elsewhere = str(tmp_path / "elsewhere")
    environment = {"PATH": elsewhere, "PYTHONPATH": elsewhere, "VIRTUAL_ENV": elsewhere}
    launcher = install(tmp_path / "home")[0]
    process = subprocess.Popen(
        [launcher], cwd=elsewhere, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port = process.stdout.readline()
    process.terminate()
    assert port.strip().isdigit(), process.communicate()[1]
    process.communicate()


@pytest.mark.parametrize("package", ["aws", "github"])
def test_a_plugin_prints_its_port_soon_and_ends_on_sigterm(tmp_path: Path, package: str) -> None:
    launcher = next(each for each in install(tmp_path) if each.name.endswith(package))
    began = time.monotonic()
    process = subprocess.Popen([launcher], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as output:
        assert int(output.readline()) > 0
        # The engine waits for this; 0.3 s on an idle machine.
        assert time.monotonic() - began < 5
        process.terminate()
        assert process.wait(timeout=10) == 0
