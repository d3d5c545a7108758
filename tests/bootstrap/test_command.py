"""The command line: its output, its streams and its exit status."""

import io
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bootstrap import __main__ as command
from bootstrap import credential, doctor, github, login, settings_file, up
from bootstrap.account import Account, connect
from bootstrap.doctor import examine_quotas
from bootstrap.errors import BootstrapError
from tests.bootstrap.fakes import CloudFormation, Parameters, Service, account, refusal, refuse
from tests.bootstrap.healthy import SETTINGS, healthy, quotas

ROOT = Path(__file__).parents[2]


def head_bucket(Bucket: str) -> dict[str, Any]:  # noqa: N803
    if Bucket != "analytics-dev-state-111111111111-eu-west-1":
        raise refusal("404", "Not Found")
    return {}


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Connect every command to an account without services; return the requested regions."""
    regions: list[str | None] = []

    def connect_to_nothing(region: str | None) -> Account:
        regions.append(region)
        return account(cloudformation=CloudFormation(), s3=Service({"head_bucket": head_bucket}))

    def enough(*_: object) -> doctor.Finding:
        return doctor.Finding(subject="quotas", fine=True, message="enough")

    monkeypatch.setattr(command, "connect", connect_to_nothing)
    monkeypatch.setattr(doctor, "examine_quotas", enough)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    return regions


UP = ["up", "--unit", "analytics", "--environment", "dev", "--github-org", "acme"]
IDS = ["--github-org-id", "1001", "--github-repository-id", "2001"]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("created", "is bootstrapped"), ("updated", "is up to date now"), ("unchanged", "is unchanged")],
)
def test_up_prints_the_outputs_and_the_login(
    connected: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    outcome: str,
    said: str,
) -> None:
    trusted: list[up.Trust] = []

    def fake_up(_: Account, __: object, trust: up.Trust, *___: object) -> tuple[str, dict[str, str]]:
        trusted.append(trust)
        return outcome, {"DeployRoleArn": "arn:aws:iam::111111111111:role/analytics-dev-deploy"}

    monkeypatch.setattr(up, "up", fake_up)
    assert command.main([*UP, *IDS, "--region", "eu-central-1"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"analytics-dev {said}.")
    assert "role/analytics-dev-deploy" in printed
    assert "pulumi stack select --create dev --secrets-provider" in printed
    assert connected == ["eu-central-1"]
    assert trusted[0].deploy_subjects == ("repo:acme@1001/mlops-platform@2001:environment:dev",)


def test_up_ends_with_the_quotas_that_would_end_the_first_deployment(
    connected: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: Path,
) -> None:
    del connected, settings
    fresh = healthy(ssm=Parameters({}), **{"service-quotas": quotas(**{"lambda": {"Concurrent executions": 10}})})

    def connect_to_new_account(_: str | None) -> Account:
        return fresh

    def fake_up(*_: object) -> tuple[str, dict[str, str]]:
        return "created", {}

    monkeypatch.setattr(command, "connect", connect_to_new_account)
    monkeypatch.setattr(doctor, "examine_quotas", examine_quotas)
    monkeypatch.setattr(up, "up", fake_up)
    assert command.main([*UP, *IDS]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("Before you deploy, see to the account's quotas, which AWS may take days to raise: Concur")
    assert "is 10, needed 120" in last
    assert "aws service-quotas request-service-quota-increase --service-code lambda" in last


def test_an_enterprise_server_needs_no_ids_but_its_spelling_is_looked_up(
    connected: list[str | None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del connected
    trusted: list[up.Trust] = []

    def fake_up(_: Account, __: object, trust: up.Trust, *___: object) -> tuple[str, dict[str, str]]:
        trusted.append(trust)
        return "created", {}

    def unreachable(*_: object) -> github.Repository:
        raise BootstrapError("https://github.example.com cannot be reached")

    def found(*_: object) -> github.Repository:
        return github.Repository(organization="Acme", name="MLOps-Platform", organization_id=1, repository_id=2)

    def template(_: github.Server, path: str, token: str | None) -> github.Answer:
        assert (path, token) == ("/repos/Acme/MLOps-Platform/actions/oidc/customization/sub", None)
        return github.Answer(status=200, headers={}, body={"use_default": True})

    monkeypatch.setattr(up, "up", fake_up)
    monkeypatch.setattr(github, "find_repository", found)
    monkeypatch.setattr(github, "get", template)
    assert command.main([*UP, "--github-url", "https://github.example.com"]) == 0
    assert trusted.pop().preview_subjects == ("repo:Acme/MLOps-Platform:pull_request",)
    monkeypatch.setattr(github, "find_repository", unreachable)
    capsys.readouterr()
    assert command.main([*UP, "--github-url", "https://github.example.com"]) == 0
    said = capsys.readouterr()
    assert said.out
    assert "cannot be reached" in said.err
    assert "trust acme/mlops-platform as it was given" in said.err
    assert trusted[0].issuer == "github.example.com/_services/token"
    assert trusted[0].preview_subjects == ("repo:acme/mlops-platform:pull_request",)


@pytest.mark.parametrize(
    ("beginning", "options", "problem"),
    [
        ("repo:acme@1001/mlops-platform@2001", [], None),
        ("repo:acme@1001/mlops-platform@2001", ["--oidc-subjects", "both"], None),
        ("repo:acme/mlops-platform", ["--oidc-subjects", "both"], None),
        ("repo:acme/mlops-platform", ["--oidc-subjects", "legacy"], None),
        (
            "repo:acme/mlops-platform",
            [],
            "--oidc-subjects legacy, or both until you have opted in to immutable subjects.",
        ),
        # As after a rename, when `use_immutable_subject` is still false.
        ("repo:acme@1001/mlops-platform@2001", ["--oidc-subjects", "legacy"], "Give --oidc-subjects immutable."),
    ],
)
def test_up_trusts_the_subjects_that_github_writes_or_changes_nothing(
    connected: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    beginning: str,
    options: list[str],
    problem: str | None,
) -> None:
    def found(*_: object) -> github.Repository:
        return github.Repository(organization="acme", name="mlops-platform", organization_id=1001, repository_id=2001)

    def template(_: github.Server, __: str, token: str | None) -> github.Answer:
        assert token == "seen"
        body = {"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": beginning}
        return github.Answer(status=200, headers={}, body=body)

    def fake_up(*_: object) -> tuple[str, dict[str, str]]:
        return "created", {}

    monkeypatch.setenv("GITHUB_TOKEN", "seen")
    monkeypatch.setattr(github, "find_repository", found)
    monkeypatch.setattr(github, "get", template)
    monkeypatch.setattr(up, "up", fake_up)
    assert command.main([*UP, *options]) == (1 if problem else 0)
    said = capsys.readouterr()
    assert (problem or "") in said.err
    assert bool(connected) is (problem is None)


def test_up_says_so_when_github_does_not_tell_how_it_writes_subjects(
    connected: list[str | None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del connected

    def found(*_: object) -> github.Repository:
        return github.Repository(organization="acme", name="mlops-platform", organization_id=1001, repository_id=2001)

    def refused(*_: object) -> github.Answer:
        return github.Answer(status=404, headers={}, body={"message": "Not Found"})

    def fake_up(*_: object) -> tuple[str, dict[str, str]]:
        return "created", {}

    monkeypatch.setattr(github, "find_repository", found)
    monkeypatch.setattr(github, "get", refused)
    monkeypatch.setattr(up, "up", fake_up)
    assert command.main(UP) == 0
    said = capsys.readouterr().err
    assert "does not tell how it writes the subjects of the tokens of acme/mlops-platform (404: Not Found)" in said
    assert "python -m bootstrap doctor compares later" in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([*UP[:2], "Analytics", *UP[3:], *IDS], "unit 'Analytics'"),
        ([*UP, "--github-org-id", "1001"], "Give both"),
        (
            [*UP, "--parts", "workload"],
            "--parts workload: the settings of analytics-dev in this folder have development",
        ),
        ([*UP, "--github-url", "http://github.example.com"], "give its address alone"),
        (["recover", "--environment", "dev"], "Nothing is bootstrapped for dev"),
    ],
)
def test_errors_go_to_standard_error_and_nothing_is_printed_for_a_shell(
    connected: list[str | None], capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    del connected
    assert command.main(arguments) == 1
    said = capsys.readouterr()
    assert problem in said.err
    assert said.out == ""


def test_an_error_of_aws_is_reported_without_a_traceback(
    connected: list[str | None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del connected

    def fail(*_: object, **__: object) -> None:
        raise refusal("ThrottlingException", "Rate exceeded")

    monkeypatch.setattr(doctor, "examine", fail)
    assert command.main(["doctor", "--unit", "analytics", "--environment", "dev"]) == 1
    assert "Rate exceeded" in capsys.readouterr().err


def test_doctor_reads_the_settings_of_the_folder_that_is_named(
    connected: list[str | None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del connected
    folders = list[Path]()

    def examined(*_: object, folder: Path) -> list[doctor.Finding]:
        folders.append(folder)
        return [doctor.Finding(subject="quotas", fine=True, message="enough")]

    monkeypatch.setattr(doctor, "examine", examined)
    words = ["doctor", "--unit", "analytics", "--environment", "dev"]
    assert command.main(words) == 0
    assert command.main([*words, "--settings", str(tmp_path)]) == 0
    assert folders == [Path(), tmp_path]


@pytest.mark.parametrize("words", [["--unit", "analytics"], []], ids=["unit", "no unit"])
def test_an_identity_that_may_not_read_is_told_in_one_line_which_one_may(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    denied = "User: arn:aws:sts::111111111111:assumed-role/analytics-dev-deploy/me is not authorized to perform: …"
    refusing = Service({"describe_stacks": refuse("AccessDenied", denied)})

    def connect_to_refusing(_: str | None) -> Account:
        return account(cloudformation=refusing)

    monkeypatch.setattr(command, "connect", connect_to_refusing)
    assert command.main(["doctor", *words, "--environment", "dev"]) == 1
    [said] = capsys.readouterr().err.splitlines()
    assert said.endswith("may not call Operation; use credentials of an administrator of the account")
    assert "not authorized" not in said


def test_login_prints_nothing_but_commands(connected: list[str | None], capsys: pytest.CaptureFixture[str]) -> None:
    del connected
    assert command.main(["login", "--unit", "analytics", "--environment", "dev", "--stack", "mine"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["export"] * 4 + ["pulumi"]
    assert "--create mine " in lines[-1]


def test_a_shell_does_not_go_on_with_another_backend_after_a_login_that_failed(
    connected: list[str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    del connected
    assert command.main(["login", "--environment", "dev"]) == 1
    said = capsys.readouterr()
    assert "Nothing is bootstrapped for dev" in said.err
    shell = ["bash", "-c", 'eval "$LOGIN" && echo goes on; echo "${PULUMI_BACKEND_URL-none}"']
    variables = {"LOGIN": said.out, "PULUMI_BACKEND_URL": "s3://analytics-prod-state"}
    done = subprocess.run(shell, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == "none\n"


@pytest.mark.parametrize("words", [["login"], ["recover"], ["github-token"]])
def test_with_another_environments_credentials_one_line_says_so(
    connected: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    del connected
    monkeypatch.setattr("sys.stdin", io.StringIO("token-0123456789"))
    assert command.main([*words, "--unit", "analytics", "--environment", "prod"]) == 1
    said = capsys.readouterr()
    assert said.out == (f"{login.REFUSED}\n" if words == ["login"] else "")
    assert said.err == (
        "bootstrap: analytics-prod is not bootstrapped in account 111111111111, eu-west-1 (no bucket "
        "analytics-prod-state-111111111111-eu-west-1): use the credentials and the region of prod.\n"
    )


def test_the_token_comes_from_standard_input_and_is_not_printed(
    connected: list[str | None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del connected
    given: list[str] = []

    def store(
        _: Account, __: object, token: str, server_url: str | None, platform_user: str | None, *, releases: bool
    ) -> credential.Stored:
        assert (server_url, releases) == (None, False)
        given.append(token)
        return credential.Stored(owner="ada", changed=len(given) == 1)

    monkeypatch.setattr(credential, "store", store)
    for verdict in ("stored", "unchanged"):
        monkeypatch.setattr("sys.stdin", io.StringIO("token-0123456789\n"))
        assert command.main(["github-token", "--unit", "analytics", "--environment", "dev"]) == 0
        said = capsys.readouterr()
        assert said.out == f"analytics-dev: the token of ada is {verdict}.\n"
        assert "0123456789" not in said.err
    assert given == ["token-0123456789\n"] * 2


@pytest.mark.parametrize(("days", "warned"), [(90, False), (13, True)])
def test_the_end_of_the_token_is_said_and_warned_of_when_it_is_near(
    connected: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    days: int,
    warned: bool,
) -> None:
    del connected

    def store(*_: object, **__: object) -> credential.Stored:
        return credential.Stored(owner="ada", changed=True, ends=datetime.now(UTC) + timedelta(days=days, hours=1))

    monkeypatch.setattr(credential, "store", store)
    monkeypatch.setattr("sys.stdin", io.StringIO("token-0123456789\n"))
    assert command.main(["github-token", "--unit", "analytics", "--environment", "dev"]) == 0
    said = capsys.readouterr()
    assert "the token of ada is stored; it ends on 20" in said.out
    assert f"in {days} days." in said.out
    assert ("Make another one before that" in said.err) is warned


def test_permissions_that_github_does_not_tell_are_listed(
    connected: list[str | None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del connected

    def store(*_: object, **__: object) -> credential.Stored:
        return credential.Stored(owner="ada", changed=True, scopes_known=False)

    monkeypatch.setattr(credential, "store", store)
    monkeypatch.setattr("sys.stdin", io.StringIO("token-0123456789\n"))
    assert command.main(["github-token", "--unit", "analytics", "--environment", "dev"]) == 0
    assert "Administration, Contents, Environments" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "user", "releases"),
    [
        (SETTINGS, "mlops-bot", False),
        (SETTINGS.replace("mlops-bot", "mlops-bot, releaseManagers: [hedy, lise]"), "mlops-bot", True),
        (SETTINGS.replace("platformUser: mlops-bot", ""), None, False),
        (SETTINGS.replace("environment: dev", "environment: prod"), None, False),
        (None, None, False),
    ],
    ids=["named", "by-pull-request", "not-named", "of-another-environment", "no-file"],
)
def test_the_token_s_owner_is_whom_the_environment_s_settings_in_this_folder_name(
    connected: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    settings: str | None,
    user: str | None,
    releases: bool,
) -> None:
    del connected
    asked: list[object] = []

    def store(*_: object, platform_user: str | None, releases: bool) -> credential.Stored:
        asked.append((platform_user, releases))
        return credential.Stored(owner="ada", changed=True)

    monkeypatch.setattr(credential, "store", store)
    monkeypatch.setattr("sys.stdin", io.StringIO("token-0123456789\n"))
    monkeypatch.chdir(tmp_path)
    if settings is not None:
        (tmp_path / "Pulumi.dev.yaml").write_text(settings)

    assert command.main(["github-token", "--unit", "analytics", "--environment", "dev"]) == 0
    assert asked == [(user, releases)]


def test_a_token_on_the_command_line_is_refused() -> None:
    with pytest.raises(SystemExit):
        command.main(["github-token", "--environment", "dev", "--token", "token-0123456789"])


@pytest.mark.parametrize(("fine", "status"), [(True, 0), (False, 1)])
def test_doctor_exits_with_an_error_while_something_is_left_to_do(
    connected: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fine: bool,
    status: int,
) -> None:
    del connected

    def examine(*_: object, **__: object) -> list[doctor.Finding]:
        return [
            doctor.Finding(subject="account", fine=True, message="here"),
            doctor.Finding(subject="state key", fine=fine, message="as it is"),
        ]

    monkeypatch.setattr(doctor, "examine", examine)
    assert command.main(["doctor", "--unit", "analytics", "--environment", "dev"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "ok" if fine else "TODO"]


@pytest.mark.parametrize("stack", ["dev", "preprod", "prod"])
def test_describe_prints_the_account_region_and_roles_of_a_stack(
    stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["describe", str(ROOT / f"Pulumi.{stack}.yaml")]) == 0
    known = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    account_id = {"dev": "111111111111", "preprod": "222222222222", "prod": "333333333333"}[stack]
    assert known == {
        "unit": "analytics",
        "environment": stack,
        "region": "eu-west-1",
        "account_id": account_id,
        "deploy_role_arn": f"arn:aws:iam::{account_id}:role/analytics-{stack}-deploy",
        "preview_role_arn": f"arn:aws:iam::{account_id}:role/analytics-{stack}-preview",
        "drift_role_arn": f"arn:aws:iam::{account_id}:role/analytics-{stack}-drift",
    }


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("config: {mlops-platform:unit: analytics}", "give mlops-platform:environment"),
        ("config: {mlops-platform:accountId: 111111111111}", "mlops-platform:accountId as text, in quotes"),
        ("- nothing", "has no settings: begin it with `config:`"),
        ("config: [", "cannot be read"),
    ],
)
def test_settings_without_unit_environment_region_or_account_are_rejected(
    tmp_path: Path, content: str, problem: str
) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(content)
    with pytest.raises(BootstrapError, match=problem):
        settings_file.describe(file)


def test_without_a_region_no_request_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(BootstrapError, match="give --region"):
        connect(None, {})


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1", "mx-central-1", "ap-southeast-5"])
def test_in_a_region_that_the_platform_does_not_work_in_no_request_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, region: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(BootstrapError, match=f"does not work in {region}: choose an AWS region") as refused:
        connect(region, {})
    assert "eu-west-1" in str(refused.value)
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(SETTINGS.format(environment="dev").replace("eu-west-1", region))
    with pytest.raises(BootstrapError, match=f"does not work in {region}"):
        settings_file.describe(file)


def test_credentials_that_aws_rejects_lead_to_the_advice_to_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        region_name = "eu-west-1"

        def __init__(self, region_name: str | None) -> None:
            assert region_name == "us-east-1"

        def client(self, service: str, config: object) -> Any:
            del config
            assert service == "sts"
            return self

        def get_caller_identity(self) -> None:
            raise refusal("ExpiredToken", "The security token included in the request is expired")

    monkeypatch.setattr("boto3.Session", Session)
    with pytest.raises(BootstrapError, match=r"token .* is expired") as problem:
        connect(None, {"AWS_REGION": "us-east-1"})
    assert "Log in first" in str(problem.value)


SETTINGS = """\
config:
  mlops-platform:unit: "payments"
  mlops-platform:environment: "{environment}" # quotes and comments are YAML, too
  mlops-platform:region: eu-west-1
  mlops-platform:accountId: "111111111111"
"""


def test_stacks_prints_the_stacks_of_each_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for stack in ("dev", "payments-dev", "prod"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(SETTINGS.format(environment=stack.rpartition("-")[2]))
    monkeypatch.chdir(tmp_path)
    assert command.main(["stacks"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        'dev=["dev", "payments-dev"]',
        "preprod=[]",
        'prod=["prod"]',
        'all=["dev", "payments-dev", "prod"]',
    ]


def test_a_stack_that_no_job_deploys_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Pulumi.devus.yaml").write_text(SETTINGS.format(environment="devus"))
    monkeypatch.chdir(tmp_path)
    assert command.main(["stacks"]) == 1
    assert "Pulumi.devus.yaml belongs to the environment devus, which no job deploys" in capsys.readouterr().err
