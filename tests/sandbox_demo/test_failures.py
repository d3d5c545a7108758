"""A run that failed: the demo says why, and tries it again the next time."""

from dataclasses import dataclass, field
from typing import Any, cast

import boto3
import pytest

from sandbox.demo import releases, runs, training
from sandbox.demo.launch import Project
from sandbox.demo.member import Member
from sandbox.demo.releases import Release, ReleaseFailedError
from sandbox.demo.runs import RunFailedError

PROJECT = Project(name="abalone", id="p-abcdefghijkl", created=False)
ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone/1"
LOG = "".join(
    f"2026-11-30T00:00:{number % 60:02d}.0000000Z {line}\n"
    for number, line in enumerate(
        [*(f"line {number}" for number in range(40)), "##[error]step Evaluate failed: MSE is 9", "", "cleaning up"]
    )
)


@dataclass
class FakeMember:
    """A member in whose repository the newest run fails, unless it is tried again."""

    title: str = "Train"
    event: str = "workflow_dispatch"
    attempts: list[str] = field(default_factory=lambda: ["failure"])
    """Conclusion of each attempt so far."""
    then: str = "success"
    """Conclusion of the next attempt."""
    sent: list[str] = field(default_factory=list[str])

    def runs(self, repository: str, workflow: str | None = None) -> list[dict[str, Any]]:
        del repository, workflow
        return [
            {
                "id": 7,
                "event": self.event,
                "display_title": self.title,
                "status": "completed",
                "conclusion": self.attempts[-1],
                "html_url": "https://localhost/runs/7",
            }
        ]

    def get(self, path: str) -> dict[str, Any]:
        assert path.endswith("/actions/runs/7/jobs")
        steps = [{"name": "Wait", "status": "completed", "conclusion": "failure"}]
        succeeded = {"id": 8, "name": "Project", "status": "completed", "conclusion": "success"}
        failed = {"id": 9, "name": "Train", "status": "completed", "conclusion": "failure", "steps": steps}
        return {"jobs": [succeeded, failed]}

    def text(self, path: str) -> str:
        assert path.endswith("/actions/jobs/9/logs")
        return LOG

    def send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert body == {}
        self.sent.append(f"{method} {path}")
        self.attempts.append(self.then)
        return {}


class FakeSession:
    """SageMaker with one execution, whose last step failed."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceNotFound(Exception):  # noqa: N818 - SageMaker's name
            pass

    def client(self, name: str) -> "FakeSession":
        assert name == "sagemaker"
        return self

    def list_pipeline_executions(self, **_: str) -> dict[str, Any]:
        return {"PipelineExecutionSummaries": [{"PipelineExecutionArn": "arn"}]}

    def list_pipeline_execution_steps(self, **_: str) -> dict[str, Any]:
        failed = {"StepName": "Evaluate", "StepStatus": "Failed", "FailureReason": "AlgorithmError: 9 values"}
        return {"PipelineExecutionSteps": [{"StepName": "Train", "StepStatus": "Succeeded"}, failed]}


def first_run(member: FakeMember) -> str:
    session = cast("boto3.Session", FakeSession())
    return training.first_run(session, cast("Member", member), PROJECT, on_status=lambda _: None)


def test_the_failed_step_its_reason_and_the_last_lines_of_its_log_are_said() -> None:
    member = FakeMember()
    said = runs.explain(cast("Member", member), PROJECT.training, member.runs("", "")[0]).splitlines()
    assert said[:2] == ["the run ended with failure: https://localhost/runs/7", "Train: the step Wait failed"]
    assert said[2:] == [*(f"  line {number}" for number in range(26, 40)), "  step Evaluate failed: MSE is 9"]


def test_a_training_that_failed_is_tried_again_by_the_next_demo() -> None:
    member = FakeMember()
    assert first_run(member) == "https://localhost/runs/7"
    assert member.sent == [f"POST /repos/{PROJECT.training}/actions/runs/7/rerun-failed-jobs"]


def test_a_training_that_fails_again_says_why_and_is_not_tried_for_ever() -> None:
    member = FakeMember(then="failure")
    with pytest.raises(RunFailedError) as problem:
        first_run(member)
    assert "step Evaluate failed: MSE is 9" in str(problem.value)
    assert "step Evaluate of the pipeline: AlgorithmError: 9 values" in str(problem.value)
    assert len(member.sent) == 1


def test_a_deployment_that_failed_says_why() -> None:
    member = FakeMember(title=f"Deploy {ARN}")
    with pytest.raises(ReleaseFailedError, match="step Evaluate failed: MSE is 9"):
        releases.to_preprod(Release("Version 1", ARN), cast("Member", member), PROJECT, set(), on_status=lambda _: None)


@pytest.mark.parametrize(("conclusion", "found"), [("failure", True), ("cancelled", True), ("success", False)])
def test_a_version_whose_newest_run_did_not_reach_production_is_deployed_by_that_run(
    conclusion: str, found: bool
) -> None:
    member = FakeMember(title=f"Deploy {ARN}", attempts=[conclusion])
    run = releases.unfinished(cast("Member", member), PROJECT, ARN)
    assert (run is not None) == found
    assert releases.unfinished(cast("Member", member), PROJECT, "arn:another") is None
