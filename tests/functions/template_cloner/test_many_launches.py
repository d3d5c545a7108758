"""Twenty launches at once on the local AWS and the local GitHub, whose limits hold: none is lost, and none is half made.

GitHub's minutes have thirty seconds here, and take sixty requests for content, so that the launches reach the limit on a slow machine, too.
Requests wait for real: those that the limit holds up, and those for which the function has no capacity.
"""

import json
import socket
import ssl
import subprocess
import sys
import time
import tomllib
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from functions.template_cloner.resources import ProjectRepository
from sandbox.github.seed import Limits, Timing
from tests.functions.template_cloner.test_settings import ENVIRONMENT
from tests.sandbox_aws.account import Account, allow, document
from tests.sandbox_aws.certificates import Certificates
from tests.sandbox_aws.test_aws_functions import create as create_function
from tests.sandbox_github.client import seed
from tests.sandbox_github.remote import Remote
from tests.sandbox_github.test_two_people import rules

FUNCTIONS = Path(__file__).parents[3] / "functions"
CLONER = "arn:aws:lambda:eu-west-1:111111111111:function:launching"
PLATFORM = "token-of-the-platform"
AT_ONCE = 20
RUNS_AT_ONCE = 12
"""Requests that the function carries out at once: the others wait in its queue."""
REQUESTS_OF_A_LAUNCH = 6
"""Requests for content: a repository, its settings, an environment and its branch, and two users."""
LIMITS = Limits(
    content_per_hour=AT_ONCE * REQUESTS_OF_A_LAUNCH + 3,
    content_per_minute=60,
    points_per_minute=100_000,
    seconds_per_minute=30,
)
"""The rest of an hour after the launches does not suffice for another one."""
SECONDS = 180
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORKFLOW = """
on: {workflow_dispatch: }
jobs:
  train:
    if: false
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory, certificate_files: Certificates) -> Iterator[Remote]:
    """A GitHub with a template, whose main is protected as that of projects, and the token of the platform."""
    folder = tmp_path_factory.mktemp("github")
    users = [*seed().users, {"login": "platform", "id": 15, "admin": True}]
    tokens = [*seed().tokens, {"token": PLATFORM, "login": "platform", "scopes": "repo,workflow,delete_repo"}]
    seeded = seed(users=users, tokens=tokens, limits=LIMITS, timing=Timing(generation=0.1, workflow_registration=0.1))
    (folder / "seed.json").write_text(seeded.model_dump_json())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    files = [
        *("--certificate", certificate_files.server, "--key", certificate_files.key),
        *("--certificate-authority", certificate_files.authority),
    ]
    command = [sys.executable, "-m", "sandbox.github", "--port", port, "--folder", folder, *files]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*map(str, command), "--aws-url", "https://localhost:1"], stdout=log, stderr=subprocess.STDOUT
        )
    trust = ssl.create_default_context(cafile=str(certificate_files.authority))
    connection = HTTPSConnection("localhost", port, timeout=20, context=trust)
    found = Remote(f"https://localhost:{port}", folder, certificate_files.authority, connection)
    try:
        _wait_until_listening(connection, server)
        path = found.with_workflow("mlops-template-model-training", WORKFLOW, is_template=True)
        found.put(path, ".github/workflows/train.yml", WORKFLOW)
        protection = rules()
        protection["rules"] += [{"type": "deletion"}, {"type": "non_fast_forward"}]
        protection["bypass_actors"] = [{"actor_id": 15, "actor_type": "User", "bypass_mode": "always"}]
        assert found("POST", "/orgs/acme/rulesets", protection).status == 201
        yield found
    finally:
        connection.close()
        server.terminate()
        server.wait(timeout=10)


def _wait_until_listening(connection: HTTPSConnection, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            connection.connect()
            return
        time.sleep(0.02)
    pytest.fail("the local GitHub did not start")


@pytest.fixture(scope="module")
def cloner(dev: Account, organization: Remote) -> str:
    """The template cloner, which reaches that GitHub."""
    files = {
        f"functions/{path.relative_to(FUNCTIONS)}": path.read_text()
        for folder in ("shared", "template_cloner")
        for path in (FUNCTIONS / folder).rglob("*.py")
    }
    functions = create_function(dev, "launching", "functions.template_cloner.handler.handler", files)
    secret = dev.client("secretsmanager").create_secret(Name="launching", SecretString=json.dumps({"token": PLATFORM}))
    variables = ENVIRONMENT | {
        "GITHUB_API_URL": f"{organization.url}/api/v3",
        "GITHUB_SERVER_URL": organization.url,
        "GITHUB_CREDENTIAL_SECRET_ARN": secret["ARN"],
    }
    functions.update_function_configuration(FunctionName="launching", Timeout=150, Environment={"Variables": variables})
    functions.put_function_concurrency(FunctionName="launching", ReservedConcurrentExecutions=RUNS_AT_ONCE)
    actions = ["cloudformation:DescribeStacks", "secretsmanager:GetSecretValue"]
    records = ["ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"]
    dev.client("iam").put_role_policy(
        RoleName="functions-launching", PolicyName="own", PolicyDocument=document(allow([*actions, *records]))
    )
    return CLONER


def project(number: int) -> ProjectRepository:
    """Return the repository of a project."""
    return ProjectRepository(
        organization="acme",
        project_name="many",
        project_id=f"p-{number:012d}",
        kind="model-training",
        users=("mia", "rita"),
        environments=("dev",),
        settings={},
    )


def begin(dev: Account, cloner: str, number: int) -> str:
    """Begin the launch of a project, and return the id of its stack."""
    wanted = project(number)
    common = {"ServiceToken": cloner, "ServiceTimeout": str(SECONDS)}
    repository = {
        "ProjectName": wanted.project_name,
        "ProjectId": wanted.project_id,
        "Kind": wanted.kind,
        "Users": list(wanted.users),
        "Environments": list(wanted.environments),
    }
    run = {"Repository": {"Fn::GetAtt": ["Repository", "FullName"]}, "Workflow": "train.yml"}
    resources = {
        "Repository": {"Type": "Custom::ProjectRepository", "Properties": common | repository},
        "FirstRun": {"Type": "Custom::FirstWorkflowRun", "Properties": common | run},
    }
    template = json.dumps({"Resources": resources})
    made = dev.client("cloudformation").create_stack(StackName=f"launch-{number}", TemplateBody=template)
    return str(made["StackId"])


def ended(dev: Account, stack: str) -> Mapping[str, Any]:
    """Wait for the end of a launch, and return its stack."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = dev.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            return found
        assert time.monotonic() < deadline, f"{stack} is still {found['StackStatus']}"
        time.sleep(0.2)


@dataclass(frozen=True, kw_only=True)
class Launches:
    """Twenty launches that began at once."""

    stacks: Sequence[str]
    """Status of each in the end."""
    waiting: Counter[str]
    """Their status when the function's log said that it waited for GitHub."""
    refused: int
    """Requests that GitHub refused."""


@pytest.fixture(scope="module")
def launches(dev: Account, organization: Remote, cloner: str) -> Launches:
    stacks = [begin(dev, cloner, number) for number in range(AT_ONCE)]
    described = dev.client("cloudformation").describe_stacks
    deadline = time.monotonic() + SECONDS
    while not waits(dev):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    waiting = Counter(described(StackName=each)["Stacks"][0]["StackStatus"] for each in stacks)
    statuses = [str(ended(dev, each)["StackStatus"]) for each in stacks]
    requests: list[dict[str, Any]] = organization.raw("GET", "/_sandbox/requests").json
    refused = [each for each in requests if each["status"] == 403]
    return Launches(stacks=statuses, waiting=waiting, refused=len(refused))


def waits(dev: Account) -> bool:
    """Return whether the function's log says that it waits for GitHub."""
    logs = dev.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/launching")["logGroups"]
    pattern = '"waiting for GitHub"'
    return any(
        logs.filter_log_events(logGroupName=each["logGroupName"], filterPattern=pattern)["events"] for each in groups
    )


def test_launches_that_wait_for_githubs_limit_are_seen_as_being_created(launches: Launches) -> None:
    assert launches.waiting["CREATE_IN_PROGRESS"] > 0
    assert set(launches.waiting) <= {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"}


def test_none_of_twenty_launches_at_once_is_lost(launches: Launches) -> None:
    assert Counter(launches.stacks) == {"CREATE_COMPLETE": AT_ONCE}


@pytest.mark.usefixtures("launches")
def test_none_of_them_is_half_made(dev: Account, organization: Remote) -> None:
    for wanted in map(project, range(AT_ONCE)):
        place = f"/repos/{wanted.full_name}"
        settings = b64decode(organization("GET", f"{place}/contents/project.toml").json["content"]).decode()
        assert tomllib.loads(settings)["project"]["id"] == wanted.project_id
        policies = organization("GET", f"{place}/environments/dev/deployment-branch-policies").json
        assert [each["name"] for each in policies["branch_policies"]] == ["main"]
        for login in wanted.users:
            found = organization("GET", f"{place}/collaborators/{login}/permission").json
            assert found["permission"] == "write"
        assert organization("GET", f"{place}/actions/workflows/train.yml/runs").json["total_count"] == 1
        record = dev.client("ssm").get_parameter(Name=f"/mlops/analytics/dev/launches/{wanted.record_key}")
        assert json.loads(record["Parameter"]["Value"])["state"] == "launched"


def test_those_who_wait_do_not_ask_again_and_again(launches: Launches) -> None:
    assert 0 < launches.refused < AT_ONCE * REQUESTS_OF_A_LAUNCH


@pytest.mark.usefixtures("launches")
def test_a_launch_for_which_the_hour_has_no_requests_left_fails_at_once_and_leaves_nothing(
    dev: Account, organization: Remote, cloner: str
) -> None:
    began = time.monotonic()
    stack = begin(dev, cloner, AT_ONCE)
    assert ended(dev, stack)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert time.monotonic() - began < SECONDS / 2
    events = dev.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    [failure] = [each for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert "GitHub's rate limit is used up until " in failure["ResourceStatusReason"]
    assert "after that, launch again" in failure["ResourceStatusReason"]
    assert organization("GET", f"/repos/{project(AT_ONCE).full_name}").status == 404
    keys = dev.client("ssm").get_parameters_by_path(Path="/mlops/analytics/dev/launches", Recursive=True)["Parameters"]
    assert project(AT_ONCE).record_key not in [each["Name"].partition("launches/")[2] for each in keys]
