"""The sweep proposes what preproduction has tested, once, where releases are approved as changes of a branch."""

import json
from dataclasses import replace

import pytest

from functions.deployment_trigger.errors import SweepError
from tests.functions.deployment_trigger.fakes import BUCKET, REPOSITORY, SETTINGS, Fakes, arn, evidence

TESTED = "7e57ed"


@pytest.fixture
def fakes() -> Fakes:
    """A version that was approved, whose run is under way."""
    fakes = Fakes()
    fakes.settings = replace(SETTINGS, release_branch="production")
    fakes.github.branches["production"] = "serving"
    fakes.sagemaker.register(1)
    fakes.approve()
    fakes.deliver()
    return fakes


def succeed(fakes: Fakes, run: int = 1) -> None:
    fakes.github.succeeded[f"https://github.com/{REPOSITORY}/actions/runs/{run}"] = TESTED


def test_a_version_is_proposed_once_preproduction_has_tested_it(fakes: Fakes) -> None:
    assert fakes.sweep() == []
    assert fakes.github.pulls == []
    succeed(fakes)

    [made] = fakes.sweep("sweep-2")

    assert (made.decision, made.run_url) == ("proposed", f"https://github.com/{REPOSITORY}/pull/1")
    [pull] = fakes.github.pulls
    assert (pull["base"], pull["title"]) == ("production", f"Release {arn(1)}")
    [record] = fakes.records().values()
    assert (record["state"], record["pull_url"]) == ("proposed", pull["html_url"])


def test_what_is_proposed_is_the_tested_code_with_one_file_changed(fakes: Fakes) -> None:
    succeed(fakes)
    fakes.sweep()

    commit = fakes.github.commits[fakes.github.branches[fakes.github.pulls[0]["head"]["ref"]]]
    assert (commit["path"], commit["tree_of"], commit["parents"]) == ("release.json", TESTED, ["serving", TESTED])
    digest = evidence({"Image": "image"})["model-sha256"]
    assert json.loads(commit["content"]) == {"model_package_arn": arn(1), "artifact_sha256": digest}


def test_a_second_sweep_proposes_nothing_more(fakes: Fakes) -> None:
    succeed(fakes)
    fakes.sweep()

    assert fakes.sweep("sweep-2") == []
    assert len(fakes.github.pulls) == 1


@pytest.mark.parametrize("closed", [False, True])
def test_a_sweep_that_stopped_before_its_record_was_written_proposes_nothing_twice(fakes: Fakes, closed: bool) -> None:
    succeed(fakes)
    [(key, before)] = [(key, each) for key, each in fakes.s3.objects.items() if key[1].startswith("deployments/")]
    fakes.sweep()
    fakes.s3.objects[key] = before
    fakes.github.pulls[0]["state"] = "closed" if closed else "open"

    [made] = fakes.sweep("sweep-2")

    assert made.run_url == fakes.github.pulls[0]["html_url"]
    assert (len(fakes.github.pulls), len(fakes.github.commits)) == (1, 1)


@pytest.mark.parametrize("state", ["open", "closed"])
@pytest.mark.parametrize(
    ("repository", "author"),
    [("ada/a-fork", "ada"), ("ada/a-fork", "mlops-bot"), (None, "ada"), (REPOSITORY, "ada")],
    ids=["of a fork", "of a fork, as the platform", "of a fork that is gone", "of the platform's branch, by a writer"],
)
def test_a_pull_request_of_somebody_elses_by_the_same_name_is_neither_recorded_nor_in_the_way(
    fakes: Fakes, repository: str | None, author: str, state: str
) -> None:
    succeed(fakes)
    [key] = fakes.records()
    name = f"mlops/release-{key.removeprefix('deployments/').removesuffix('.json').replace('/', '-')}"
    head = {"ref": name, "repo": None if repository is None else {"full_name": repository}}
    fakes.github.propose(REPOSITORY, head, "production", "A lookalike", author)
    fakes.github.pulls[0]["state"] = state

    [made] = fakes.sweep()

    ours, lookalike = fakes.github.pulls
    assert (ours["head"]["ref"], ours["user"]["login"], ours["state"]) == (name, "mlops-bot", "open")
    assert made.run_url == ours["html_url"]
    assert lookalike["state"] == "closed"


def nothing(*_: object) -> None:
    """Do nothing."""


def test_a_proposal_that_cannot_be_found_is_an_error_and_not_a_missing_branch(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeed(fakes)
    monkeypatch.setattr(fakes.github, "propose", nothing)

    with pytest.raises(SweepError):
        fakes.sweep()
    monkeypatch.undo()
    [made] = fakes.sweep("sweep-2")

    assert made.decision == "proposed"


def test_a_newer_version_takes_the_place_of_one_that_waits(fakes: Fakes) -> None:
    succeed(fakes)
    fakes.sweep()
    fakes.github.open_pull_request(REPOSITORY, "somebodys", "production", "Go back", "")
    fakes.sagemaker.register(2)
    fakes.approve(2)
    fakes.deliver(2)
    succeed(fakes, 2)

    fakes.sweep("sweep-2")

    assert [(each["title"], each["state"]) for each in fakes.github.pulls] == [
        (f"Release {arn(2)}", "open"),
        ("Go back", "open"),
        (f"Release {arn(1)}", "closed"),
    ]


def test_a_run_of_somebody_elses_with_the_same_title_proposes_nothing(fakes: Fakes) -> None:
    fakes.github.runs.insert(0, {**fakes.github.runs[0], "url": "https://github.com/forged"})
    fakes.github.succeeded["https://github.com/forged"] = "forged"

    assert fakes.sweep() == []
    assert fakes.github.pulls == []


def test_a_version_that_was_rejected_meanwhile_is_not_proposed(fakes: Fakes) -> None:
    succeed(fakes)
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")

    [made] = fakes.sweep()

    assert made.decision == "refused"
    assert fakes.github.pulls == []
    assert fakes.states() == ["refused"]


def test_a_version_whose_container_was_changed_meanwhile_is_not_proposed(fakes: Fakes) -> None:
    succeed(fakes)
    container = {"Image": "another", "ModelDataUrl": f"s3://{BUCKET}/pipelines/run/output/model.tar.gz"}
    # Without another time of its last change, after which the sweep would take it for a new approval.
    fakes.sagemaker.packages[arn(1)]["InferenceSpecification"] = {"Containers": [container]}

    [made] = fakes.sweep()

    assert made.decision == "refused"
    assert fakes.github.pulls == []


def test_a_repository_without_the_branch_waits_for_its_update(fakes: Fakes) -> None:
    succeed(fakes)
    del fakes.github.branches["production"]
    assert fakes.sweep() == []
    fakes.github.branches["production"] = "opened"

    [made] = fakes.sweep("sweep-2")

    assert made.decision == "proposed"


def test_nothing_is_proposed_where_productions_jobs_wait_themselves(fakes: Fakes) -> None:
    fakes.settings = SETTINGS
    succeed(fakes)
    asked = fakes.github_asked

    assert fakes.sweep() == []
    assert fakes.github_asked == asked
