"""The demo, run as a newcomer runs it, and attempts to exceed permissions in the platform that it leaves.

The tests run in this order; each continues from the state that the ones before it left.
"""

import json
import re
import signal
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.e2e.actors import Actors, refused
from tests.e2e.sandbox import CHECKOUT, ENVIRONMENTS, Sandbox, interrupt_update
from tests.e2e.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def actors(demonstrated: Sandbox) -> Actors:
    return Actors(demonstrated)


def test_the_demo_goes_from_nothing_to_production_and_back_and_a_page_shows_it(
    sandbox: Sandbox, demo: subprocess.CompletedProcess[str]
) -> None:
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "production serves version 1 again" in demo.stdout
    assert re.findall(
        r"^  (Version \d, approved|Rollback to version \d, started) by grace(?:, released by hedy)?: ",
        demo.stdout,
        re.MULTILINE,
    ) == [
        "Version 1, approved",
        "Version 2, approved",
        "Rollback to version 1, started",
    ]
    page = (sandbox.folder / "index.html").read_text()
    assert all(f"{environment}, account" in page for environment in ENVIRONMENTS)


def test_every_request_to_production_succeeded_while_it_changed(sandbox: Sandbox) -> None:
    page = (sandbox.folder / "index.html").read_text()
    called = re.search(r"called meanwhile, production answered (.+?); (\d+) requests failed", page)
    assert called is not None
    assert called[2] == "0"
    assert len(re.findall(r"\d+ times [0-9.]+ rings", called[1])) == 2, "both versions answered"


def test_a_second_demo_changes_nothing_and_says_so(sandbox: Sandbox) -> None:
    second = sandbox.call("demo")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "Nothing changed" in second.stdout


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_preview_of_what_is_deployed_shows_no_changes(sandbox: Sandbox, environment: str) -> None:
    preview = sandbox.shell(f"pulumi preview -s {environment} --expect-no-changes")
    assert preview.returncode == 0, preview.stdout + preview.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_cloud_matches_the_state(sandbox: Sandbox, environment: str) -> None:
    preview = sandbox.shell(f"pulumi refresh -s {environment} --preview-only --expect-no-changes")
    assert preview.returncode == 0, preview.stdout + preview.stderr


def test_no_credential_is_in_the_state_or_the_logs(sandbox: Sandbox) -> None:
    tokens = json.loads((sandbox.folder / "sandbox.json").read_text())["tokens"].values()
    written = [
        sandbox.shell(f"pulumi stack export -s {environment} --show-secrets").stdout for environment in ENVIRONMENTS
    ]
    written += [path.read_text(errors="replace") for path in (sandbox.folder / "logs").glob("*.log")]
    assert [token for token in tokens for text in written if token in text] == []


def test_the_model_beats_guessing_the_mean_on_data_it_has_not_seen(sandbox: Sandbox) -> None:
    page = (sandbox.folder / "index.html").read_text()
    figures = dict(re.findall(r'<span class="soft">([^<]+)</span><b>([^<]+)</b>', page))
    first, second = (float(figures[f"version {version}: mean squared error"]) for version in (1, 2))
    assert second < first < 6.0


def test_a_data_scientist_may_not_launch_a_project(actors: Actors) -> None:
    order = {"ProductId": "prod-abcdefghijklm", "ProvisioningArtifactId": "pa-abcdefghijklm"}
    create = actors.scientist.client("sagemaker").create_project
    assert "AccessDenied" in refused(create, ProjectName="mine", ServiceCatalogProvisioningDetails=order)


def test_a_data_scientist_may_not_approve_a_model(sandbox: Sandbox, actors: Actors) -> None:
    listed = sandbox.aws("ada", f"sagemaker list-model-packages --model-package-group-name {_group(actors)}")
    arn = listed["ModelPackageSummaryList"][0]["ModelPackageArn"]
    message = sandbox.refusal(
        "ada", f"sagemaker update-model-package --model-package-arn {arn} --model-approval-status Approved"
    )
    assert "AccessDenied" in message


def test_a_data_scientist_may_not_read_the_credential_of_the_template_cloner(actors: Actors) -> None:
    found = actors.root("dev", "ssm").get_parameter(Name="/mlops/analytics/dev/github/credential-secret-arn")
    read = actors.scientist.client("secretsmanager").get_secret_value
    assert "AccessDenied" in refused(read, SecretId=found["Parameter"]["Value"])


def test_a_data_scientist_runs_a_projects_pipeline_as_it_is_and_cannot_change_it(actors: Actors) -> None:
    sagemaker, name = actors.scientist.client("sagemaker"), _group(actors)
    execution = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    steps = sagemaker.list_pipeline_execution_steps
    wait_until(lambda: steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"], "the first step")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution)
    wait_until(lambda: _status(sagemaker, execution) == "Stopped", "the end of a pipeline execution")
    assert "AccessDenied" in refused(sagemaker.update_pipeline, PipelineName=name, PipelineDefinition="{}")


def test_no_job_outside_the_platforms_environment_can_deploy(sandbox: Sandbox) -> None:
    result = sandbox.shell(
        'token=$(curl --silent --fail --header "Authorization: Bearer $GITHUB_TOKEN"'
        ' "$GITHUB_URL/_sandbox/oidc-token?repository=acme/mlops-template-model-training&environment=dev'
        '&audience=sts.amazonaws.com" | python -c "import json, sys; print(json.load(sys.stdin)[\'value\'])");'
        " aws --no-sign-request sts assume-role-with-web-identity"
        " --role-arn arn:aws:iam::111111111111:role/analytics-dev-deploy --role-session-name foreign"
        ' --web-identity-token "$token"'
    )
    assert result.returncode != 0
    assert "AccessDenied" in result.stderr


def test_every_permission_was_used_or_has_a_reviewed_reason(sandbox: Sandbox) -> None:
    checked = sandbox.call("permissions")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "each is used, or has a reason" in checked.stdout


def test_no_actor_exceeds_its_permissions(sandbox: Sandbox) -> None:
    """People, projects, launches, the template cloner, previews, deployments and foreign jobs make some 230 calls."""
    probed = subprocess.run(
        [sys.executable, "-m", "tests.e2e.security_probes"],
        cwd=CHECKOUT,
        env=sandbox.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert probed.returncode == 0, probed.stdout + probed.stderr


def _group(actors: Actors) -> str:
    """Return the name of the demo project's pipeline, and of its group of models."""
    project = actors.lead.client("sagemaker").describe_project(ProjectName="abalone")
    return f"abalone-{project['ProjectId']}"


def _status(sagemaker: Any, execution: str) -> str:
    return sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]


def _order(actors: Actors, user: str, reviewers: str, *, deploys: bool = False) -> dict[str, Any]:
    """Return a lead's order for a project."""
    catalog = actors.lead.client("servicecatalog")
    title = "model building, training, and deployment" if deploys else "model building and training"
    products = catalog.search_products()["ProductViewSummaries"]
    product = next(found["ProductId"] for found in products if found["Name"].endswith(title))
    versions = catalog.describe_product(Id=product)["ProvisioningArtifacts"]
    parameters = {"GitUser": user, "GitReviewers": reviewers}
    return {
        "ProductId": product,
        "ProvisioningArtifactId": max(versions, key=lambda version: version["CreatedTime"])["Id"],
        "ProvisioningParameters": [{"Key": key, "Value": value} for key, value in parameters.items()],
    }


def _everything(actors: Actors) -> list[Any]:
    """Return everything that a launch creates: repositories, buckets, roles in every account, groups of models."""
    groups = actors.root("dev", "sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    return [
        sorted(repository["name"] for repository in actors.owner.listed("/orgs/acme/repos?per_page=100")),
        [bucket["Name"] for bucket in actors.root("dev", "s3").list_buckets()["Buckets"]],
        *(actors.roles(environment) for environment in ENVIRONMENTS),
        [group["ModelPackageGroupName"] for group in groups],
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Abalone", "must be 1 to 32 lower-case letters, digits and hyphens"),
        ("a-name-of-more-than-thirty-two-ch", "failed to satisfy constraint"),
        ("abalone", "already exists"),
    ],
)
def test_a_project_with_a_wrong_name_or_a_taken_one_is_refused_before_anything_is_created(
    actors: Actors, name: str, reason: str
) -> None:
    before, order = _everything(actors), _order(actors, "grace", "ada")
    create = actors.lead.client("sagemaker").create_project
    assert reason in refused(create, ProjectName=name, ServiceCatalogProvisioningDetails=order)
    assert _everything(actors) == before


@pytest.mark.parametrize(
    ("name", "user", "reviewers", "reason"),
    [
        ("misspelt-user", "grcae", "ada", "grcae"),
        ("misspelt-reviewer", "grace", "aad", "aad"),
        ("own-reviewer", "grace", "Grace", "nobody approves their own changes"),
        (
            "release-manager",
            "grace",
            "ada, hedy",
            "hedy works in the project's repositories, and cannot release to production",
        ),
    ],
)
def test_a_launch_for_the_wrong_people_fails_with_that_reason_and_leaves_nothing_behind(
    actors: Actors, name: str, user: str, reviewers: str, reason: str
) -> None:
    before, order = _everything(actors), _order(actors, user, reviewers, deploys=True)
    sagemaker = actors.lead.client("sagemaker")
    sagemaker.create_project(ProjectName=name, ServiceCatalogProvisioningDetails=order)

    def ended() -> dict[str, Any] | None:
        project = sagemaker.describe_project(ProjectName=name)
        return None if project["ProjectStatus"] in {"Pending", "CreateInProgress"} else project

    project = wait_until(ended, "the end of a launch")
    assert project["ProjectStatus"] == "CreateFailed"
    assert reason in json.dumps(project["ServiceCatalogProvisionedProductDetails"])
    assert _everything(actors) == before


def test_a_killed_update_converges_once_it_is_recovered_and_run_again(sandbox: Sandbox) -> None:
    settings = sandbox.folder / "drill.yaml"
    content = yaml.safe_load((sandbox.folder / "stacks" / "Pulumi.preprod.yaml").read_text())
    content["config"].setdefault("mlops-platform:tags", {})["drill"] = "kill"
    settings.write_text(yaml.safe_dump(content))
    update = f"pulumi up -s preprod --yes --skip-preview --config-file {settings}"
    ended = interrupt_update(sandbox, update, by=signal.SIGKILL, after=5, operation="update")
    assert ended.survivors == []
    recovered = sandbox.recover("preprod")
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    again = sandbox.shell(update)
    assert again.returncode == 0, again.stdout + again.stderr
    preview = sandbox.shell(f"pulumi preview -s preprod --expect-no-changes --config-file {settings}")
    assert preview.returncode == 0, preview.stdout
    refresh = sandbox.shell("pulumi refresh -s preprod --preview-only --expect-no-changes")
    assert refresh.returncode == 0, refresh.stdout
