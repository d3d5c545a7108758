"""The products that can be launched: found by words of their titles, and filled in rightly or refused with every reason."""

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from sandbox import __main__ as command
from sandbox import servers
from sandbox.demo import catalog, launch, launching, runner, runs
from sandbox.demo.catalog import OrderError, Parameter, Product

NAME = Parameter(
    name="SageMakerProjectName",
    description="Name of the project.",
    default=None,
    allowed=(),
    pattern="^(?!.*-project-onboarding)(?!(.*-)?p-[a-z0-9]{12})[a-z0-9](-*[a-z0-9])*$",
    shortest=1,
    longest=32,
    constraint="must be 1 to 32 lower-case letters, digits and hyphens.",
)
INFERENCE = Parameter(
    name="Inference",
    description="How the project's models are deployed.",
    default="realtime",
    allowed=("realtime", "batch"),
    pattern="",
    shortest=0,
    longest=None,
    constraint="must be realtime or batch.",
)
USER = Parameter(
    name="GitUser",
    description="GitHub login of the person.",
    default=None,
    allowed=(),
    pattern="^[a-z]+$",
    shortest=1,
    longest=39,
    constraint="must be a GitHub login.",
)


def product(title: str) -> Product:
    return Product(
        id="prod-1", version="pa-1", title=title, description="", parameters=(USER, INFERENCE), project_name=NAME
    )


TRAINING, DEPLOYMENT, PROMOTION = (
    product(f"MLOps template for {title}")
    for title in (
        "model building and training",
        "model building, training, and deployment",
        "promotion of the whole pipeline",
    )
)
OFFERED = (TRAINING, DEPLOYMENT, PROMOTION)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("promotion", PROMOTION),
        ("Deployment", DEPLOYMENT),
        ("building and training", TRAINING),
        ("Building  and training", TRAINING),
        ("training building", None),
        ("mlops template for model building and training", TRAINING),
        ("deploy training", DEPLOYMENT),
        ("training", None),
        ("feature store", None),
    ],
)
def test_a_product_is_found_by_a_phrase_or_words_that_no_other_title_has(words: str, found: Product | None) -> None:
    if found is not None:
        assert catalog.find(OFFERED, words) == found
        return
    with pytest.raises(OrderError, match="MLOps template for model building and training"):
        catalog.find(OFFERED, words)


def test_a_value_of_a_parameter_that_is_taken_for_a_product_is_answered_with_the_parameter() -> None:
    with pytest.raises(OrderError) as refusal:
        catalog.find([replace(TRAINING, parameters=(USER,)), DEPLOYMENT], "Batch")
    *_, hint = str(refusal.value).splitlines()
    assert hint == f"'batch' is a value of a parameter: {DEPLOYMENT.title!r} --parameter Inference=batch"


def test_a_launch_that_is_filled_in_rightly_has_what_the_person_wrote() -> None:
    order = catalog.order(DEPLOYMENT, "a" * 32, {"GitUser": "grace", "Inference": "batch"})
    assert (order.name, order.parameters) == ("a" * 32, {"GitUser": "grace", "Inference": "batch"})


@pytest.mark.parametrize("name", ["", "Abalone", "a-", "a" * 33, "a-project-onboarding"])
def test_a_name_that_the_product_refuses_is_refused_in_its_words(name: str) -> None:
    with pytest.raises(OrderError, match="it must be 1 to 32 lower-case letters, digits and hyphens"):
        catalog.order(DEPLOYMENT, name, {"GitUser": "grace"})


def test_every_problem_of_a_launch_is_told_at_once() -> None:
    with pytest.raises(OrderError) as refusal:
        catalog.order(DEPLOYMENT, "Abalone", {"Inference": "sometimes", "Colour": "red"})
    assert str(refusal.value).splitlines() == [
        "--name cannot be 'Abalone': it must be 1 to 32 lower-case letters, digits and hyphens",
        "Inference cannot be 'sometimes': it must be realtime or batch",
        "'MLOps template for model building, training, and deployment' has no parameter 'Colour'; it has GitUser, Inference",
        "GitUser is missing (--parameter GitUser=…): GitHub login of the person.",
    ]


def test_the_people_of_the_sandbox_work_in_a_project_unless_the_launch_names_others() -> None:
    assert launching.filled_in(["Inference=batch", "GitUser=ada"]) == {
        **launch.PEOPLE,
        "GitUser": "ada",
        "Inference": "batch",
    }


@pytest.mark.parametrize("parameters", [["batch"], ["=batch"], ["Inference=batch", "Inference=realtime"]])
def test_a_parameter_that_is_not_written_as_key_and_value_or_comes_twice_is_refused(parameters: list[str]) -> None:
    with pytest.raises(OrderError, match="--parameter"):
        launching.filled_in(parameters)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "no sandbox is running in this checkout: start one with `make demo`"),
        (["promotion"], "the project needs a name: --name NAME"),
        (["promotion", "--name", "shells", "--parameter", "batch"], "--parameter 'batch' must be KEY=VALUE"),
        (["promotion", "--name", "shells"], "no sandbox is running in this checkout: start one with `make demo`"),
        (["--name", "shells"], "name the product: without one, the command lists them"),
    ],
)
def test_a_command_that_cannot_launch_says_why_in_one_line_and_ends_with_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    monkeypatch.setattr(servers, "running", lambda: None)
    assert command.main(["launch", *arguments]) == 1
    assert capsys.readouterr().err.splitlines() == [reason]


@pytest.mark.parametrize(("name", "advised"), [("demo", True), ("launch", False)])
def test_only_the_demo_tries_a_run_that_failed_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, advised: bool
) -> None:
    def fail(*_: Any) -> None:
        raise runs.RunFailedError("the run ended with failure")

    monkeypatch.setattr(runner, "run", fail)
    monkeypatch.setattr(launching, "show", fail)
    assert command.main([name]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "the run ended with failure"
    assert (said[1:] == ["Once the cause is mended, `make demo` tries it again."]) == advised


def test_the_list_of_products_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    long = replace(DEPLOYMENT, description="A pipeline. " * 30, parameters=(replace(USER, description="Who? " * 40),))

    def offered(_: object) -> list[Product]:
        return [long]

    monkeypatch.setattr(launching, "_enter", lambda: SimpleNamespace(team=SimpleNamespace(lead=None)))
    monkeypatch.setattr(catalog, "products", offered)
    console = Console(file=io.StringIO(), width=80)
    launching.show(console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert f"    GitUser  a GitHub login (default: {launch.PEOPLE['GitUser']})" in lines
    assert sum(line.startswith("             Who?") for line in lines) > 2
