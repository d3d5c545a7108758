"""The way in which a project's repository takes over a newer version of its template, by the commands of its README."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.template_repos.conftest import run

IDENTITY = ("-c", "user.name=grace", "-c", "user.email=grace@example.com")


def commit(folder: Path) -> None:
    """Make a folder a repository whose main has its content."""
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        (*IDENTITY, "commit", "--quiet", "--message", "All"),
    ):
        done = run("git", *words, folder=folder)
        assert done.returncode == 0, done.stderr


def commands(readme: Path) -> list[str]:
    """Return the commands of the README's section about a newer template."""
    section = readme.read_text().partition("## Take over a newer template")[2].partition("\n## ")[0]
    return re.findall(r"^    (git .+)$", section, re.MULTILINE)


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("model-training", ["settings.toml", "data/abalone.csv", "steps/features.py", "steps/train.py"]),
        ("model-deployment-realtime", ["settings.toml", "smoke/abalone.csv"]),
        ("model-deployment-batch", ["settings.toml", "smoke/abalone.csv"]),
        ("pipeline-promotion", ["settings.toml", "data/abalone.csv", "steps/features.py", "steps/train.py"]),
    ],
)
def test_own_files_stay_and_all_others_are_the_templates(
    kind: str, own: list[str], templates: Path, tmp_path: Path
) -> None:
    newer, project = tmp_path / f"mlops-template-{kind}", tmp_path / "project"
    shutil.copytree(templates / kind, newer)
    shutil.copytree(templates / kind, project)
    older = [
        "Makefile",
        "tests/conftest.py",
        ".github/workflows/checks.yml",
        "template.toml",
        "mlops_platform/README.md",
    ]
    for name in (*own, *older, "project.toml"):
        (project / name).write_text("before\n")
    commit(newer)
    commit(project)

    for command in commands(newer / "README.md"):
        words = command.replace("https://github.com/ORGANIZATION", os.fspath(tmp_path)).split()
        done = run(*words, folder=project)
        assert done.returncode == 0, done.stderr

    files = [file.relative_to(project).as_posix() for file in project.rglob("*") if ".git" not in file.parts]
    kept = [name for name in files if (project / name).is_file() and (project / name).read_text() == "before\n"]
    assert sorted(kept) == sorted([*own, "project.toml"])
    assert (project / "tests" / "conftest.py").read_text() == (newer / "tests" / "conftest.py").read_text()
