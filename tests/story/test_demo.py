"""The demo's story, told once on a sandbox of its own: what a newcomer does, and what somebody who means harm tries.

The tests run in the order in which they stand here: each goes on from what the ones before it left.
"""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.story.sandbox import ACCOUNTS, CHECKOUT, ENVIRONMENTS, Sandbox, end_update

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    found = Sandbox(tmp_path_factory.mktemp("story") / "sandbox")
    yield found
    found.call("down")


def test_the_demo_goes_from_nothing_to_production_and_back_and_a_page_shows_it(sandbox: Sandbox) -> None:
    told = sandbox.call("demo")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "production serves version 1 again" in told.stdout
    assert told.stdout.count("to production: ") == 3
    page = (sandbox.folder / "index.html").read_text()
    assert all(f"{environment}, account" in page for environment in ENVIRONMENTS)


def test_nobody_who_asked_production_while_it_changed_was_refused(sandbox: Sandbox) -> None:
    page = (sandbox.folder / "index.html").read_text()
    asked = re.search(r"asked meanwhile, production said (.+?); (\d+) requests failed", page)
    assert asked is not None
    assert asked[2] == "0"
    assert len(re.findall(r"\d+ times [0-9.]+ rings", asked[1])) == 2, "both versions answered"


def test_a_second_demo_changes_nothing_and_says_so(sandbox: Sandbox) -> None:
    told = sandbox.call("demo")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Nothing changed" in told.stdout


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_preview_of_what_is_deployed_shows_no_changes(sandbox: Sandbox, environment: str) -> None:
    preview = sandbox.shell(f"pulumi preview -s {environment} --expect-no-changes")
    assert preview.returncode == 0, preview.stdout + preview.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_cloud_is_as_the_state_says(sandbox: Sandbox, environment: str) -> None:
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


def test_a_data_scientist_may_not_launch_a_project(sandbox: Sandbox) -> None:
    message = sandbox.refusal(
        "ada",
        "sagemaker create-project --project-name mine --service-catalog-provisioning-details"
        " ProductId=prod-abcdefghijklm,ProvisioningArtifactId=pa-abcdefghijklm",
    )
    assert "AccessDenied" in message


def test_a_data_scientist_may_not_approve_a_model(sandbox: Sandbox) -> None:
    group = f"abalone-{sandbox.project()['ProjectId']}"
    package = sandbox.aws("ada", f"sagemaker list-model-packages --model-package-group-name {group}")
    arn = package["ModelPackageSummaryList"][0]["ModelPackageArn"]
    message = sandbox.refusal(
        "ada", f"sagemaker update-model-package --model-package-arn {arn} --model-approval-status Approved"
    )
    assert "AccessDenied" in message


def test_a_data_scientist_may_not_read_the_credential_of_the_template_cloner(sandbox: Sandbox) -> None:
    secret = sandbox.aws("dev", "ssm get-parameter --name /mlops/analytics/dev/github/credential-secret-arn")
    arn = secret["Parameter"]["Value"]
    assert "AccessDenied" in sandbox.refusal("ada", f"secretsmanager get-secret-value --secret-id {arn}")


def test_a_data_scientist_runs_a_projects_pipeline_as_it_is_and_cannot_change_it(sandbox: Sandbox) -> None:
    pipeline = f"abalone-{sandbox.project()['ProjectId']}"
    started = sandbox.aws("ada", f"sagemaker start-pipeline-execution --pipeline-name {pipeline}")
    execution = started["PipelineExecutionArn"]
    sandbox.aws("ada", f"sagemaker list-pipeline-execution-steps --pipeline-execution-arn {execution}")
    sandbox.aws("ada", f"sagemaker stop-pipeline-execution --pipeline-execution-arn {execution}")
    assert "AccessDenied" in sandbox.refusal(
        "ada", f"sagemaker update-pipeline --pipeline-name {pipeline} --pipeline-definition '{{}}'"
    )


def test_nobody_can_deploy_from_outside_the_environment_of_the_platform(sandbox: Sandbox) -> None:
    result = sandbox.shell(
        'token=$(curl --silent --fail --header "Authorization: Bearer $GITHUB_TOKEN"'
        ' "$GITHUB_URL/_sandbox/oidc-token?repository=acme/mlops-template-model-training&environment=dev'
        '&audience=sts.amazonaws.com" | python -c "import json, sys; print(json.load(sys.stdin)[\'value\'])");'
        " aws --no-sign-request sts assume-role-with-web-identity"
        " --role-arn arn:aws:iam::111111111111:role/analytics-dev-deploy --role-session-name stranger"
        ' --web-identity-token "$token"'
    )
    assert result.returncode != 0
    assert "AccessDenied" in result.stderr


def test_nobody_reaches_beyond_their_part(sandbox: Sandbox) -> None:
    """People, projects, launches, the template cloner, previews, deployments and strangers try some 230 things."""
    tried = subprocess.run(
        [sys.executable, "-m", "tests.story.attacks"],
        cwd=CHECKOUT,
        env=sandbox.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr


def _order(sandbox: Sandbox, name: str, user: str, *, reviewer: str | None = None) -> str:
    """Return the command by which a lead data scientist orders a project; with a reviewer, one that deploys."""
    products = sandbox.aws("grace", "servicecatalog search-products")["ProductViewSummaries"]
    title = "model building and training" if reviewer is None else "model building, training, and deployment"
    product = next(found["ProductId"] for found in products if found["Name"].endswith(title))
    versions = sandbox.aws("grace", f"servicecatalog describe-product --id {product}")["ProvisioningArtifacts"]
    newest = max(versions, key=lambda version: version["CreatedTime"])
    details = json.dumps(
        {
            "ProductId": product,
            "ProvisioningArtifactId": newest["Id"],
            "ProvisioningParameters": [
                {"Key": "GitUser", "Value": user},
                *([{"Key": "ProductionReviewer", "Value": reviewer}] if reviewer else []),
            ],
        }
    )
    return f"sagemaker create-project --project-name {name} --service-catalog-provisioning-details '{details}'"


def _everything(sandbox: Sandbox) -> list[Any]:
    """List what a launch makes: repositories, buckets, roles in every account, groups of models."""
    return [
        sandbox.repositories(),
        sandbox.seen_by_root("s3api list-buckets --query Buckets[].Name"),
        *(sandbox.seen_by_root("iam list-roles --query Roles[].RoleName", account) for account in ACCOUNTS.values()),
        sandbox.seen_by_root(
            "sagemaker list-model-package-groups --query ModelPackageGroupSummaryList[].ModelPackageGroupName"
        ),
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Abalone", "must be 1 to 32 lower-case letters, digits and hyphens"),
        ("a-name-of-more-than-thirty-two-ch", "failed to satisfy constraint"),
    ],
)
def test_a_project_with_a_wrong_name_is_refused_before_anything_is_created(
    sandbox: Sandbox, name: str, reason: str
) -> None:
    before = _everything(sandbox)
    assert reason in sandbox.refusal("grace", _order(sandbox, name, "grace"))
    assert _everything(sandbox) == before


@pytest.mark.parametrize(
    ("name", "user", "reviewer", "reason"),
    [
        ("misspelt-user", "grcae", None, "grcae"),
        ("misspelt-reviewer", "grace", "hdey", "hdey"),
        ("own-reviewer", "grace", "Grace", "grace works in the repository and cannot review its deployments"),
    ],
)
def test_a_launch_for_the_wrong_people_fails_with_that_reason_and_leaves_nothing_behind(
    sandbox: Sandbox, name: str, user: str, reviewer: str | None, reason: str
) -> None:
    before = _everything(sandbox)
    sandbox.aws("grace", _order(sandbox, name, user, reviewer=reviewer))
    described = f"sagemaker describe-project --project-name {name}"
    deadline = time.monotonic() + 60
    while (project := sandbox.aws("grace", described))["ProjectStatus"] in {"Pending", "CreateInProgress"}:
        assert time.monotonic() < deadline, project
        time.sleep(0.5)
    assert project["ProjectStatus"] == "CreateFailed"
    assert reason in json.dumps(project["ServiceCatalogProvisionedProductDetails"])
    assert _everything(sandbox) == before


def test_a_project_name_that_is_taken_is_refused(sandbox: Sandbox) -> None:
    before = sandbox.repositories()
    message = sandbox.refusal(
        "grace",
        "sagemaker create-project --project-name abalone --service-catalog-provisioning-details"
        " ProductId=prod-abcdefghijklm,ProvisioningArtifactId=pa-abcdefghijklm",
    )
    assert "already exists" in message
    assert sandbox.repositories() == before


def test_a_killed_update_converges_once_it_is_recovered_and_run_again(sandbox: Sandbox) -> None:
    settings = sandbox.folder / "drill.yaml"
    content = yaml.safe_load((sandbox.folder / "stacks" / "Pulumi.preprod.yaml").read_text())
    content["config"].setdefault("mlops-platform:tags", {})["drill"] = "kill"
    settings.write_text(yaml.safe_dump(content))
    update = f"pulumi up -s preprod --yes --skip-preview --config-file {settings}"
    ended = end_update(sandbox, update, by=signal.SIGKILL, after=5, operation="update")
    assert ended.survivors == []
    recovered = sandbox.recover("preprod")
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    again = sandbox.shell(update)
    assert again.returncode == 0, again.stdout + again.stderr
    preview = sandbox.shell(f"pulumi preview -s preprod --expect-no-changes --config-file {settings}")
    assert preview.returncode == 0, preview.stdout
    refresh = sandbox.shell("pulumi refresh -s preprod --preview-only --expect-no-changes")
    assert refresh.returncode == 0, refresh.stdout


def test_the_sandbox_goes_away_without_a_trace(sandbox: Sandbox) -> None:
    assert sandbox.call("down").returncode == 0
    assert not sandbox.folder.exists()
    assert "no sandbox is running" in sandbox.call("status").stderr
