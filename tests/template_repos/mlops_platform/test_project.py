"""project.toml, settings.toml, and the summary of a workflow run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.project import settings_file, summary
from mlops_platform.project.project_file import ProjectError, ProjectFile


@dataclass(frozen=True)
class Machine:
    kind: str
    count: int
    price: float
    regions: list[str]


GOOD = {"kind": "small", "count": 2, "price": 1, "regions": ["here"]}


def test_a_good_table_has_no_problem() -> None:
    assert settings_file.problems({"machine": GOOD}, {"machine": Machine}) == []


def test_every_mistake_is_listed_at_once() -> None:
    wrong: dict[str, Any] = {"machine": {"kind": 1, "cuont": 2, "price": True, "regions": [1]}, "other": {}, "free": {}}
    assert settings_file.problems(wrong, {"machine": Machine}, free=["free"]) == [
        "[other] is unknown",
        "[machine] cuont is unknown",
        "[machine] count is missing",
        "[machine] kind is 1, expected a text",
        "[machine] price is True, expected a number",
        "[machine] regions is [1], expected a list of texts",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            b"[machine]\nprice = 0,05\n",
            r"it is no TOML: .*\(at line 2, column 10\); .* a number has a decimal point: 0\.05",
        ),
        (b"[machine]\nkind = small\n", r"it is no TOML: .*\(at line 2, column 8\); text is in quotes"),
        ("# gr\u00f6\u00dfe".encode("latin-1"), "it is not in UTF-8: byte 5"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_name_and_the_place(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    (tmp_path / "settings.toml").write_bytes(content)
    with pytest.raises(settings_file.SettingsError, match=rf"^settings\.toml:\n  {problem}"):
        settings_file.load(tmp_path / "settings.toml")


def test_a_settings_error_names_the_file_and_every_problem(tmp_path: Path) -> None:
    assert (
        str(settings_file.SettingsError(tmp_path / "settings.toml", ["one", "two"])) == "settings.toml:\n  one\n  two"
    )


def test_every_missing_value_is_listed(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text('[project]\nname = "abalone"\n')
    project = ProjectFile(file)
    assert project.value("project", "name") == "abalone"
    project.value("project", "id")
    project.value("aws", "region")
    with pytest.raises(ProjectError, match=r"^project\.toml lacks \[project\] id, \[aws\] region$"):
        project.check()


def test_without_project_toml_the_message_says_that_the_platform_writes_it(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"^project\.toml is missing: launch a project"):
        ProjectFile(tmp_path / "project.toml")


def test_a_report_goes_to_the_terminal_and_to_the_workflows_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    summary.publish("one\n")
    summary.publish("two\n")
    assert file.read_text() == capsys.readouterr().out == "one\ntwo\n"


def test_a_failure_is_one_message_on_the_terminal_and_in_the_workflows_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    summary.publish("what was done before\n")
    with pytest.raises(SystemExit, match=r"^error: version 3 is Rejected\n  approve another \| `one`$"):
        summary.fail(ProjectError("version 3 is Rejected\n  approve another | `one`"))
    assert file.read_text() == (
        "what was done before\n\n## Failed\n\n    version 3 is Rejected\n      approve another | `one`\n\n"
    )


def test_a_table_of_a_summary_has_a_row_for_each_name() -> None:
    assert summary.table({"a": "1", "b": "2"}) == "| | |\n|---|---|\n| a | 1 |\n| b | 2 |\n"
