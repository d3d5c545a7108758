"""The check of permissions against the reviewed file."""

from typing import Any

import pytest

from sandbox import __main__ as command
from sandbox import environments, servers, stacks
from sandbox.demo import projects
from sandbox.permissions import reviewed, use
from sandbox.permissions.page import page, without_uses
from sandbox.permissions.reviewed import Unused, differences
from sandbox.permissions.use import RoleUse, kind_of
from tests.sandbox_demo.test_stacks import SERVERS

MODELS = [
    RoleUse(
        name="preprod-p-*-model", granted=frozenset({"s3:GetObject", "s3:PutObject"}), used=frozenset({"s3:GetObject"})
    ),
    RoleUse(
        name="prod-p-*-model", granted=frozenset({"s3:GetObject", "s3:PutObject"}), used=frozenset({"s3:GetObject"})
    ),
]
CAPTURE = Unused(reason="requests are captured on demand", roles=["*-p-*-model"], actions=["s3:PutObject"])


def test_roles_of_projects_are_of_one_kind() -> None:
    assert kind_of("arn:aws:iam::1:role/analytics-prod-p-abcdefghijkl-model") == "prod-p-*-model"
    assert kind_of("arn:aws:iam::1:role/analytics-dev-project-launch") == "dev-project-launch"


def test_a_permission_that_nothing_used_needs_a_reason() -> None:
    assert len(list(differences(MODELS, []))) == 2
    assert list(differences(MODELS, [CAPTURE])) == []


def test_a_reason_for_what_no_role_is_granted_is_removed() -> None:
    absent = Unused(reason="", roles=["prod-p-*-model"], actions=["s3:Delete*"])
    unknown = Unused(reason="", roles=["prod-p-*-batch"], actions=["s3:PutObject"])
    said = list(differences(MODELS, [CAPTURE, absent, unknown]))
    assert [text.partition(":")[0] for text in said] == [
        "prod-p-*-model is not granted s3",
        "prod-p-*-batch is not granted s3",
    ]


def test_what_has_a_reason_may_be_used_later() -> None:
    used = Unused(reason="not in the demo", roles=["*-model"], actions=["s3:*"])
    assert list(differences(MODELS, [used])) == []


def test_the_page_has_what_is_granted_and_used_and_its_reasons() -> None:
    text = page(MODELS, [CAPTURE])
    assert "| `prod-p-*-model` | 2 | 1 |" in text
    assert "| requests are captured on demand | `*-p-*-model` | `s3:PutObject` |" in text
    assert without_uses(text) == without_uses(text.replace("| 2 | 1 |", "| 2 | 2 |"))
    assert without_uses(text) != without_uses(text.replace("| 2 | 1 |", "| 3 | 1 |"))


@pytest.mark.parametrize(("names", "said"), [(["abalone"], False), (["abalone", "shells", "corals"], True)])
def test_a_check_that_fails_says_whether_it_counts_more_than_the_projects_of_the_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], names: list[str], said: bool
) -> None:
    class Owner:
        """The owner of an account with these projects, and one that is deleted."""

        def __init__(self, _: object) -> None:
            self.sagemaker = self

        def get_paginator(self, operation: str) -> "Owner":
            assert operation == "list_projects"
            return self

        def paginate(self) -> list[Any]:
            gone = {"ProjectName": "gone", "ProjectStatus": "DeleteCompleted"}
            kept = [{"ProjectName": name, "ProjectStatus": "CreateCompleted"} for name in names]
            return [{"ProjectSummaryList": [gone, *kept]}]

    def nothing(*_: object) -> None:
        pass

    def uses(_: object) -> list[RoleUse]:
        return MODELS

    monkeypatch.setattr(servers, "require", lambda: SERVERS)
    monkeypatch.setattr(environments, "enter", nothing)
    monkeypatch.setattr(stacks, "find", nothing)
    monkeypatch.setattr(projects, "Owner", Owner)
    monkeypatch.setattr(use, "uses", uses)
    monkeypatch.setattr(reviewed, "read", list)
    assert command.main(["permissions"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("preprod-p-*-model is granted s3:PutObject, which nothing used")
    assert any("there are further ones: corals, shells." in line for line in lines) == said
