"""The stages of a project's versions, in a registry that remembers who changed what."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from functions.model_life_cycle.errors import RefusedError
from functions.model_life_cycle.life_cycle import Noted, note
from functions.model_life_cycle.registry import Version
from functions.model_life_cycle.settings import Settings

SETTINGS = Settings(
    account_id="111111111111",
    prefix="analytics-dev",
    approver_role="analytics-dev-lead-data-scientist",
    own_role="analytics-dev-model-life-cycle",
)
GROUP = "abalone-p-abcdefghijkl"
LEAD, PLATFORM = (
    f"arn:aws:sts::111111111111:assumed-role/{role}/session" for role in (SETTINGS.approver_role, SETTINGS.own_role)
)
OWNER = "arn:aws:iam::111111111111:root"


def arn(number: int) -> str:
    """ARN of a version."""
    return f"arn:aws:sagemaker:eu-west-1:111111111111:model-package/{GROUP}/{number}"


@dataclass
class Registry:
    """A group of versions; a stage that is set names the platform as the last who changed something."""

    known: dict[str, Version] = field(default_factory=dict[str, Version])
    statuses: dict[str, str] = field(default_factory=dict[str, str])

    def staged(self, group: str) -> Sequence[str]:
        assert group == GROUP
        return [each.arn for each in self.known.values() if each.stage]

    def describe(self, arn: str) -> Version:
        return self.known[arn]

    def set_stage(self, arn: str, stage: str, status: str) -> None:
        self.known[arn] = replace(self.known[arn], stage=stage, changed_by=PLATFORM)
        self.statuses[arn] = status

    def approve(self, number: int, by: str = LEAD) -> None:
        """Register a version, or decide about it anew."""
        stage = self.known[arn(number)].stage if arn(number) in self.known else ""
        self.known[arn(number)] = Version(arn=arn(number), stage=stage, is_approved=True, changed_by=by)

    def serve(self, number: int | None) -> Noted:
        return note(self, SETTINGS, GROUP, arn(number) if number else "")

    @property
    def stages(self) -> list[str]:
        return [each.stage for each in self.known.values()]


@pytest.fixture
def registry() -> Registry:
    """Two versions that leads approved, of which the first was served before the second is."""
    registry = Registry()
    registry.approve(1)
    registry.approve(2)
    registry.serve(1)
    return registry


def test_one_version_is_in_production_and_a_rollback_moves_it_back(registry: Registry) -> None:
    assert registry.stages == ["Production", ""]
    assert registry.serve(2) == Noted(serving=arn(2), archived=[arn(1)], left=[])
    assert registry.stages == ["Archived", "Production"]
    assert registry.statuses == {arn(1): "Replaced", arn(2): "Serving"}
    assert registry.serve(1) == Noted(serving=arn(1), archived=[arn(2)], left=[])
    assert registry.stages == ["Production", "Archived"]


def test_saying_it_again_changes_nothing(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "set_stage", None)
    assert registry.serve(1) == Noted(serving=arn(1), archived=[], left=[])


def test_a_run_that_was_killed_between_two_changes_is_finished_by_the_next(registry: Registry) -> None:
    registry.set_stage(arn(2), "Production", "Serving")
    assert registry.serve(2).archived == [arn(1)]


def test_nothing_is_in_production_after_a_retirement(registry: Registry) -> None:
    assert registry.serve(None) == Noted(serving="", archived=[arn(1)], left=[])
    assert registry.statuses[arn(1)] == "Retired"


def test_a_version_that_somebody_decided_about_since_keeps_its_stage(registry: Registry) -> None:
    """Its new stage would hide who decided, whom production may not name as an approver."""
    registry.approve(1)
    assert registry.serve(2) == Noted(serving=arn(2), archived=[], left=[arn(1)])


def test_one_that_was_rejected_since_is_archived_because_it_needs_another_approval_anyway(registry: Registry) -> None:
    registry.known[arn(1)] = replace(registry.known[arn(1)], is_approved=False, changed_by=LEAD)
    assert registry.serve(2).archived == [arn(1)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"is_approved": False}, "is not approved any more"), ({"changed_by": OWNER}, "which does not approve models")],
    ids=["rejected", "changed by somebody else"],
)
def test_what_is_served_without_a_leads_approval_gets_no_stage(
    registry: Registry, change: dict[str, Any], reason: str
) -> None:
    registry.known[arn(2)] = replace(registry.known[arn(2)], **change)
    with pytest.raises(RefusedError, match=reason):
        registry.serve(2)
    assert registry.stages == ["Production", ""]


def test_a_version_of_which_sagemaker_does_not_tell_who_changed_it_gets_its_stage(registry: Registry) -> None:
    registry.approve(2, by="")
    registry.serve(2)
    assert registry.stages == ["Archived", "Production"]


@pytest.mark.parametrize("stage", ["", "Development", "Archived"])
def test_other_stages_are_left_alone(registry: Registry, stage: str) -> None:
    registry.approve(3)
    registry.known[arn(3)] = replace(registry.known[arn(3)], stage=stage)
    registry.serve(2)
    assert registry.stages == ["Archived", "Production", stage]
