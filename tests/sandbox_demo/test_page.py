"""The demo's page and its summary on the terminal."""

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from sandbox.demo import page
from sandbox.demo.launch import Project
from sandbox.demo.models import RegisteredModel
from sandbox.demo.outcome import Account, Outcome
from sandbox.demo.page.projects import section
from sandbox.demo.progress import Step
from sandbox.demo.projects import LaunchedProject, ProjectAccount
from sandbox.demo.releases import Release
from sandbox.organization import USERS
from tests.sandbox_demo.test_architecture import STATE

MODEL = RegisteredModel(
    arn="arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone/3",
    version=3,
    approval="PendingManualApproval",
    metrics={"mse": 4.5, "mae": 1.5},
    predictions=[(9.0, 8.5), (12.0, 11.0)],
    held_out=["M,0.455,0.365,0.095,0.514,0.2245,0.101,0.15,15"],
)
RUN = "https://localhost:40001/acme/mlops-abalone-p-abcdefghijkl-model-deployment-realtime/actions/runs/1000000042"
RELEASES = [
    Release(
        title="Version 3, approved by grace",
        arn=MODEL.arn,
        page=RUN,
        moments={"workflow started": 1.5, "ready for review": 9.5},
        updates={"preprod": 6.25},
    ),
    Release(title="Rollback to version 1", arn=MODEL.arn, page=RUN, moments={"workflow started": 1.0}),
]
PHASES = "workflow started 1.5 s, ready for review 8.0 s; of which `pulumi up` in preprod 6.2 s"
PROVIDER = {
    "urn": "urn:pulumi:prod::mlops-platform::pulumi:providers:aws::aws",
    "type": "pulumi:providers:aws",
    "custom": True,
}
PROJECT = LaunchedProject(
    name="abalone",
    id="p-abcdefghijkl",
    status="CreateCompleted",
    repositories=(("mlops-abalone-p-abcdefghijkl-model-training", "https://localhost:1/acme/training"),),
    accounts=(
        ProjectAccount(
            environment="dev",
            resources=21,
            pipelines=("abalone-p-abcdefghijkl: succeeded",),
            models=("version 3: Approved",),
            serves=(),
            reports=(),
        ),
        ProjectAccount(
            environment="prod",
            resources=4,
            pipelines=(),
            models=(),
            serves=("endpoint analytics-prod-p-abcdefghijkl: version 3",),
            reports=("s3://analytics-prod-artifacts/watched/p-abcdefghijkl/v3/2026-11-30T01-00-00Z/report.html",),
        ),
    ),
)
OUTCOME = Outcome(
    accounts=[
        Account(name="dev", id="111111111111", region="eu-west-1", state=STATE, serves=None),
        Account(name="prod", id="333333333333", region="us-east-1", state=[*STATE, PROVIDER], serves=1),
    ],
    project=Project(name="abalone", id="p-abcdefghijkl", created=True),
    projects=[PROJECT],
    models=[MODEL],
    releases=RELEASES,
    predictions=[(15.0, 13.25)],
    places=[
        ("A page", "https://localhost:1/acme"),
        ("The run that trained version 1", RUN),
        ("Remove all of it", "make demo-down"),
    ],
)


def test_the_page_loads_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    page.write(path, OUTCOME, [])
    text = path.read_text()
    assert "dev, account 111111111111: 2 resources" in text
    assert not [word for word in ("<script", "<link", "<img", "@import") if word in text]


def test_the_page_says_that_it_is_a_simulation_what_serves_where_and_how_resources_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    page.write(path, OUTCOME, [])
    text = " ".join(path.read_text().split())
    assert "This is a simulation on one machine" in text
    assert "<td>dev</td><td>111111111111</td><td>no endpoint</td><td>2</td><td>6</td>" in text
    assert "<td>prod</td><td>333333333333</td><td>version 1</td><td>2</td><td>7</td>" in text
    assert "4 resources in three accounts" in text


def test_the_page_shows_the_run(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    page.write(path, OUTCOME, [Step(title="Deploy <everything>", seconds=2.0)])
    text = path.read_text()
    assert "Deploy &lt;everything&gt;" in text
    assert '<a href="https://localhost:1/acme">' in text
    assert "<td>15</td><td>13.25</td>" in text
    assert f'<a href="{RUN}">Version 3, approved by grace</a></td><td>{PHASES}</td>' in text
    assert f'<a href="{RUN}">Rollback to version 1</a>' in text
    assert all(f"<td>{user.login}</td><td>{user.part}</td>" in text for user in USERS)
    assert "<code>make demo-down</code>" in text


def test_the_page_says_what_the_platform_would_cost(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    page.write(path, OUTCOME, [Step(title="Deploy", seconds=2.0)])
    text = " ".join(path.read_text().split())
    assert "An idle month of this platform: <b>90.58 USD</b> (dev in eu-west-1 45.29, prod in us-east-1 45.29)." in text


def test_the_summary_names_the_models_their_metrics_and_their_predictions() -> None:
    output = io.StringIO()
    page.print_summary(Console(file=output, width=120), OUTCOME, closing="Done in 3 s.")
    text = output.getvalue()
    assert "Network (1), Template cloner (1)" in text
    assert "mse 4.50, mae 1.50" in text
    assert "13.25 rings predicted, 15 counted" in text
    assert f"Version 3, approved by grace: {PHASES}\n" in text
    assert "Rollback to version 1: workflow started 1.0 s\n" in text
    assert "make demo-down" in text
    assert text.rstrip().endswith("Done in 3 s.")


def test_the_summary_shows_both_numbers_of_an_account_and_says_what_each_counts() -> None:
    output = io.StringIO()
    page.print_summary(Console(file=output, width=120), OUTCOME, closing="Done.")
    headings = next(line for line in output.getvalue().splitlines() if "resources" in line)
    row = next(line for line in output.getvalue().splitlines() if "prod 333333333333" in line)
    columns = [cell.strip() for cell in headings.split("┃")[1:-1]]
    cells = dict(zip(columns, (cell.strip() for cell in row.split("│")[1:-1]), strict=True))
    assert (cells["resources"], cells["Pulumi's entries"]) == ("2", "7")
    assert "Pulumi's entries, which the steps above count" in output.getvalue()


def test_the_summary_of_a_narrow_terminal_has_its_addresses_whole() -> None:
    output = io.StringIO()
    page.print_summary(Console(file=output, width=60), OUTCOME, closing="Done.")
    assert f"The run that trained version 1  {RUN}\n" in output.getvalue()


def test_the_people_of_the_demo_are_introduced_each_in_one_line() -> None:
    output = io.StringIO()
    page.print_people(Console(file=output, width=80))
    lines = output.getvalue().splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [user.login for user in USERS]
    assert max(map(len, lines)) <= 80


def test_the_page_shows_every_project_and_what_it_has_in_each_account(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    page.write(path, OUTCOME, [])
    text = path.read_text()
    for shown in (
        'abalone <span class="soft">p-abcdefghijkl, CreateCompleted</span>',
        '<a href="https://localhost:1/acme/training">mlops-abalone-p-abcdefghijkl-model-training</a>',
        "<td>abalone-p-abcdefghijkl: succeeded</td><td>version 3: Approved</td><td>none</td><td>none</td>",
        "<td>endpoint analytics-prod-p-abcdefghijkl: version 3</td>",
        "<td>s3://analytics-prod-artifacts/watched/p-abcdefghijkl/v3/2026-11-30T01-00-00Z/report.html</td>",
    ):
        assert shown in text


def test_a_launch_replaces_the_projects_of_the_page_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    page.show_projects(path, [PROJECT])
    assert not path.exists()
    page.write(path, OUTCOME, [Step(title="Deploy", seconds=2.0)])
    page.show_projects(path, [PROJECT, replace(PROJECT, name=r"scores\1", id="p-mnopqrstuvwx")])
    text = path.read_text()
    assert text.count("<h3>") == 2
    assert r"scores\1" in text
    assert text.count("The launched projects") == text.count("Where to look next") == 1


def test_the_step_of_production_tells_of_its_own_phases_alone() -> None:
    moments = {"deployed to preprod": 25.0, "ready for review": 30.0, "reviewed": 31.0, "deployed to prod": 41.0}
    release = replace(RELEASES[0], moments=moments, updates={"preprod": 6.0, "prod": 7.0})
    assert release.in_production() == "reviewed 1.0 s, deployed to prod 10.0 s; of which `pulumi up` in prod 7.0 s"


def test_a_project_that_serves_and_was_not_compared_yet_says_so_and_one_repository_is_one() -> None:
    serving = replace(PROJECT.accounts[1], serves=("endpoint x: version 1",), reports=())
    idle = replace(serving, serves=())
    shown = section([replace(PROJECT, accounts=(serving, idle))])
    assert shown.count("not compared yet") == 1
    assert PROJECT.summary.startswith("1 repository; ")
