"""`doctor`: one line for each thing, and what to do about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from bootstrap import doctor, github
from bootstrap.account import Account
from bootstrap.credential import Get
from bootstrap.names import Names
from bootstrap.quotas import DEPLOYMENTS_AT_ONCE
from components.deployment_trigger import RUNS_AT_ONCE
from tests.bootstrap.fakes import CloudFormation, Service, account, answer, refuse
from tests.bootstrap.template import ACCOUNT, ISSUER
from tests.bootstrap.test_credential import PARAMETERS, Parameters

NAMES = Names(unit="analytics", environment="dev")
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
TRUST = {
    "Statement": [
        {"Condition": {"StringEquals": {f"{ISSUER}:aud": "x", f"{ISSUER}:sub": ["repo:acme/p:environment:dev"]}}}
    ]
}
SEEN = "a token that sees the organization"


def deployed_for(server: str, api: str, issuer: str) -> dict[str, str]:
    published = {"server-url": server, "api-url": api, "oidc-issuer": issuer}
    return PARAMETERS | {f"/mlops/analytics/dev/github/{name}": value for name, value in published.items()}


ON_GITHUB_COM = deployed_for("https://github.com", "https://api.github.com", ISSUER)
AT_EXAMPLE = "github.example.com/_services/token"
OF_AN_ENTERPRISE = f"{ISSUER}/acme-holding"


ENVIRONMENT = "/repos/acme/mlops-platform/environments/dev"
POLICIES = f"{ENVIRONMENT}/deployment-branch-policies?per_page=100"
BY_NAME = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
PROTECTED = {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}}
MAIN = {"name": "main", "type": "branch"}
LEGACY = "repo:acme/mlops-platform:environment:dev"
SUBJECT = "repo:acme@1001/mlops-platform@2001:environment:dev"
QUOTAS = {
    "ec2": {"EC2-VPC Elastic IPs": 5},
    "lambda": {"Concurrent executions": 1000},
    "sagemaker": {
        "Studio JupyterLab Apps running on ml.t3.medium instances": 2,
        "ml.m5.large for endpoint usage": 0,
        "ml.m5.large for processing job usage": 4,
        "ml.m5.large for training job usage": 4,
    },
    "vpc": {"Interface VPC endpoints per VPC": 50, "VPCs per Region": 5},
}
SETTINGS = """
config:
  mlops-platform:unit: analytics
  mlops-platform:environment: dev
  mlops-platform:development:
    studio: {userProfiles: [{name: grace, role: lead}, {name: ada, role: dataScientist}]}
    projects: {}
"""


def github_that_answers(
    status: int = 200,
    environment: dict[str, Any] = BY_NAME,
    policies: tuple[dict[str, Any], ...] = (MAIN,),
    policies_status: int = 200,
) -> Get:
    answers = {
        "/orgs/acme": (200, dict[str, Any]()),
        ENVIRONMENT: (status, environment),
        POLICIES: (policies_status, {"total_count": len(policies), "branch_policies": list(policies)}),
    }

    def get(server: github.Server, path: str, token: str | None) -> github.Answer:
        status, body = answers[path]
        if token != SEEN:
            return github.Answer(status=404, headers={}, body={})
        return github.Answer(status=status, headers={}, body=body)

    return get


def quotas(**changed: dict[str, int]) -> dict[str, Any]:
    """Service Quotas, which lists two at a time."""

    def list_service_quotas(ServiceCode: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        known = list((QUOTAS | changed)[ServiceCode].items())
        start = int(NextToken)
        page = [
            {"QuotaName": name, "QuotaCode": f"L-{index}", "Value": float(value)}
            for index, (name, value) in enumerate(known)
        ][start : start + 2]
        return {"Quotas": page} | ({"NextToken": str(start + 2)} if start + 2 < len(known) else {})

    return {"list_service_quotas": list_service_quotas}


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.other.yaml").write_text("no: {settings")
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(SETTINGS)
    return file


def bootstrapped(issuer: str = ISSUER, subjects: str = SUBJECT) -> CloudFormation:
    stack = {
        "StackName": NAMES.stack,
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": "OidcProviderArn", "OutputValue": PROVIDER}],
        "Parameters": [
            {"ParameterKey": "OidcIssuer", "ParameterValue": issuer},
            {"ParameterKey": "DeploySubjects", "ParameterValue": subjects},
        ],
    }
    return CloudFormation(stacks={NAMES.stack: stack})


def healthy(**changed: Any) -> Account:
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    key = {"KeyState": "Enabled", "KeyId": "1", "Arn": "arn:aws:kms:::key/1"}
    services: dict[str, dict[str, Any]] = {
        "s3": {
            "get_bucket_versioning": answer({"Status": "Enabled"}),
            "get_bucket_encryption": answer({"ServerSideEncryptionConfiguration": encryption}),
            "get_public_access_block": answer({"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
        },
        "kms": {
            "describe_key": answer({"KeyMetadata": key}),
            "get_key_rotation_status": answer({"KeyRotationEnabled": True}),
        },
        "iam": {
            "get_open_id_connect_provider": answer({"ClientIDList": ["sts.amazonaws.com"]}),
            "get_role": answer(
                {"Role": {"Arn": "arn:role", "PermissionsBoundary": {}, "AssumeRolePolicyDocument": TRUST}}
            ),
        },
        "secretsmanager": {"describe_secret": answer({"VersionIdsToStages": {"v": ["AWSCURRENT"]}})},
        "service-quotas": quotas(),
        "ec2": {"describe_addresses": answer({"Addresses": [{}]}), "describe_vpcs": answer({"Vpcs": [{}, {}]})},
    }
    whole = {"cloudformation": bootstrapped(), "ssm": Parameters(dict(ON_GITHUB_COM))}
    for name, change in changed.items():
        if name in services:
            services[name] |= change
        else:
            whole[name] = change
    return account(**whole, **{name: Service(answers) for name, answers in services.items()})


def examine(where: Account, token: str | None = SEEN, get: Get | None = None) -> dict[str, doctor.Finding]:
    return {finding.subject: finding for finding in doctor.examine(where, NAMES, token, get or github_that_answers())}


def test_a_healthy_environment_is_fine_throughout() -> None:
    findings = examine(healthy())
    assert list(findings) == [
        "account",
        "bootstrap",
        "state bucket",
        "state key",
        "identity provider",
        "deploy role",
        "preview role",
        "quotas",
        "platform",
        "GitHub",
        "GitHub environment",
        "GitHub credential",
    ]
    assert [each.subject for each in findings.values() if not each.fine] == []
    assert "repo:acme/p:environment:dev" in findings["deploy role"].says


def test_an_account_without_a_bootstrap_says_how_to_make_one_and_stops() -> None:
    findings = examine(healthy(cloudformation=CloudFormation()))
    assert list(findings) == ["account", "bootstrap"]
    assert "python -m bootstrap up --unit analytics --environment dev" in findings["bootstrap"].says


@pytest.mark.parametrize(
    ("service", "change", "subject", "advice"),
    [
        ("s3", {"get_bucket_versioning": answer({})}, "state bucket", "lost versioning"),
        (
            "s3",
            {"get_bucket_encryption": refuse("ServerSideEncryptionConfigurationNotFoundError", "no encryption")},
            "state bucket",
            "no encryption; run: python -m bootstrap up",
        ),
        (
            "s3",
            {"get_bucket_versioning": refuse("AccessDenied", "no")},
            "state bucket",
            "cannot be examined (AccessDenied",
        ),
        ("kms", {"describe_key": refuse("NotFoundException")}, "state key", "names no key"),
        (
            "kms",
            {"describe_key": answer({"KeyMetadata": {"KeyState": "PendingDeletion", "KeyId": "1", "Arn": "arn"}})},
            "state key",
            "aws kms cancel-key-deletion",
        ),
        (
            "kms",
            {"get_key_rotation_status": answer({"KeyRotationEnabled": False})},
            "state key",
            "aws kms enable-key-rotation",
        ),
        ("iam", {"get_open_id_connect_provider": refuse("NoSuchEntity")}, "identity provider", "is gone"),
        (
            "iam",
            {"get_open_id_connect_provider": answer({"ClientIDList": []})},
            "identity provider",
            "aws iam add-client-id",
        ),
        ("iam", {"get_role": refuse("NoSuchEntity")}, "preview role", "analytics-dev-preview is gone"),
        (
            "iam",
            {"get_role": answer({"Role": {"Arn": "arn", "AssumeRolePolicyDocument": TRUST}})},
            "deploy role",
            "lost its permissions boundary",
        ),
        (
            "secretsmanager",
            {"describe_secret": answer({})},
            "GitHub credential",
            "python -m bootstrap github-token --unit analytics --environment dev",
        ),
    ],
)
def test_what_is_missing_comes_with_its_remedy(service: str, change: dict[str, Any], subject: str, advice: str) -> None:
    finding = examine(healthy(**{service: change}))[subject]
    assert not finding.fine
    assert advice in finding.says


def test_before_the_first_deployment_the_next_step_is_to_deploy() -> None:
    findings = examine(healthy(ssm=Parameters({})))
    assert "pulumi up" in findings["platform"].says
    assert "GitHub" not in findings


def test_roles_that_trust_another_issuer_than_the_platforms_are_noticed() -> None:
    elsewhere = deployed_for(
        "https://github.example.com", "https://github.example.com/api/v3", "github.example.com/_services/token"
    )
    finding = examine(healthy(ssm=Parameters(elsewhere)))["token issuer"]
    assert not finding.fine
    assert (
        "python -m bootstrap up --unit analytics --environment dev --github-org acme "
        "--github-repository mlops-platform --github-url https://github.example.com; if the roles are"
    ) in finding.says
    assert f"github.oidcIssuer to https://{ISSUER}" in finding.says


def test_an_issuer_of_the_enterprise_s_own_is_right_where_the_settings_say_so() -> None:
    where = healthy(
        cloudformation=bootstrapped(OF_AN_ENTERPRISE),
        ssm=Parameters(deployed_for("https://github.com", "https://api.github.com", OF_AN_ENTERPRISE)),
    )
    assert [each.says for each in examine(where).values() if not each.fine] == []


def test_roles_that_do_not_trust_the_enterprise_s_own_issuer_are_told_its_name() -> None:
    own = deployed_for("https://github.com", "https://api.github.com", OF_AN_ENTERPRISE)
    where = healthy(cloudformation=bootstrapped(subjects=LEGACY), ssm=Parameters(own))
    assert f"--oidc-issuer {OF_AN_ENTERPRISE} --oidc-subjects legacy; if" in examine(where)["token issuer"].says


def test_github_is_asked_at_the_address_of_its_api_that_the_settings_give() -> None:
    asked: list[str] = []

    def get(server: github.Server, path: str, token: str | None) -> github.Answer:
        asked.append(server.api_url)
        return github_that_answers()(server, path, token)

    api = "https://api.octocorp.ghe.com"
    where = healthy(ssm=Parameters(deployed_for("https://octocorp.ghe.com", api, ISSUER)))
    assert all(each.fine for each in examine(where, get=get).values())
    assert set(asked) == {api}


@pytest.mark.parametrize(
    ("issuer", "subjects", "published", "options"),
    [
        (ISSUER, SUBJECT, ON_GITHUB_COM, ""),
        (ISSUER, SUBJECT, {}, ""),
        (ISSUER, LEGACY, {}, " --oidc-subjects legacy"),
        (ISSUER, f"{SUBJECT},{LEGACY}", {}, " --oidc-subjects both"),
        (OF_AN_ENTERPRISE, SUBJECT, {}, f" --oidc-issuer {OF_AN_ENTERPRISE}"),
        # What the roles trust is kept, whatever the settings say of it.
        (OF_AN_ENTERPRISE, SUBJECT, ON_GITHUB_COM, f" --oidc-issuer {OF_AN_ENTERPRISE}"),
        (AT_EXAMPLE, LEGACY, {}, " --github-url https://github.example.com"),
        (
            "token.actions.octocorp.ghe.com",
            SUBJECT,
            deployed_for("https://octocorp.ghe.com", "https://api.octocorp.ghe.com", "token.actions.octocorp.ghe.com"),
            (
                " --github-url https://octocorp.ghe.com --github-api-url https://api.octocorp.ghe.com"
                " --oidc-issuer token.actions.octocorp.ghe.com --oidc-subjects immutable"
            ),
        ),
    ],
)
def test_what_to_run_again_changes_nothing_of_whom_the_roles_trust(
    issuer: str, subjects: str, published: dict[str, str], options: str
) -> None:
    where = healthy(
        cloudformation=bootstrapped(issuer, subjects),
        ssm=Parameters(published),
        kms={"describe_key": refuse("NotFoundException")},
    )
    again = examine(where)["state key"].says.partition("run: ")[2]
    assert again == (
        "python -m bootstrap up --unit analytics --environment dev --github-org acme "
        f"--github-repository mlops-platform{options}"
    )


def test_the_organization_is_left_to_fill_in_where_the_roles_trust_something_else_than_a_repository() -> None:
    where = healthy(
        cloudformation=bootstrapped(subjects="enterprise:acme"),
        ssm=Parameters({}),
        iam={"get_role": refuse("NoSuchEntity")},
    )
    assert examine(where)["deploy role"].says.endswith("--environment dev --github-org …")


@pytest.mark.parametrize(("token", "hint"), [(None, "set GITHUB_TOKEN"), ("bad", "GITHUB_TOKEN is refused")])
def test_an_organization_that_is_not_visible_says_why(token: str | None, hint: str) -> None:
    finding = examine(healthy(), token)["GitHub"]
    assert not finding.fine
    assert hint in finding.says


def test_no_finding_carries_the_token() -> None:
    assert SEEN not in json.dumps([each.says for each in examine(healthy()).values()])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"sagemaker": QUOTAS["sagemaker"] | {"ml.m5.large for training job usage": 0}},
            "--service-code sagemaker --quota-code L-3 --desired-value 1",
        ),
        (
            {"sagemaker": QUOTAS["sagemaker"] | {"Studio JupyterLab Apps running on ml.t3.medium instances": 1}},
            "is 1, needed 2 (one for everybody in Studio)",
        ),
        ({"lambda": {"Concurrent executions": 10}}, "Concurrent executions is 10, needed 120 (the template cloner"),
        ({"ec2": {"EC2-VPC Elastic IPs": 1}}, "EC2-VPC Elastic IPs is 1, needed 2 (1 in use, and 1 for NAT gateways)"),
        ({"vpc": QUOTAS["vpc"] | {"VPCs per Region": 2}}, "VPCs per Region is 2, needed 3"),
        ({"vpc": {"VPCs per Region": 5}}, "AWS lists no quota 'Interface VPC endpoints per VPC'"),
    ],
)
def test_a_quota_that_is_too_small_is_named_with_what_to_ask_for(changed: dict[str, Any], says: str) -> None:
    before = Parameters({})
    finding = examine(healthy(ssm=before, **{"service-quotas": quotas(**changed)}))["quotas"]
    assert not finding.fine
    assert says in finding.says


def test_what_is_deployed_needs_no_further_address_or_network() -> None:
    deployed = Parameters(ON_GITHUB_COM | {"/mlops/analytics/dev/network/vpc-id": "vpc-1"})
    full = quotas(ec2={"EC2-VPC Elastic IPs": 1}, vpc=QUOTAS["vpc"] | {"VPCs per Region": 2})
    assert examine(healthy(ssm=deployed, **{"service-quotas": full}))["quotas"].fine


@pytest.mark.parametrize(
    ("network", "addresses"), [("{nat: perZone, zones: 3}", 4), ("{nat: none}", 0), ("{vpcId: vpc-1}", 0)]
)
def test_quotas_follow_the_network_that_the_settings_ask_for(settings: Path, network: str, addresses: int) -> None:
    settings.write_text(f"{SETTINGS}  mlops-platform:network: {network}\n")
    short = quotas(ec2={"EC2-VPC Elastic IPs": 0})
    says = examine(healthy(ssm=Parameters({}), **{"service-quotas": short}))["quotas"].says
    assert (f"needed {addresses} " in says) if addresses else "Elastic" not in says


def test_where_models_are_deployed_there_is_room_for_one_that_replaces_another(settings: Path) -> None:
    settings.write_text(f'{SETTINGS}  mlops-platform:workload: {{developmentAccountId: "111111111111"}}\n')
    says = examine(healthy())["quotas"].says
    assert "ml.m5.large for endpoint usage is 0, needed 4 (a deployed model" in says


def test_functions_that_wait_for_approvals_are_counted_too(settings: Path) -> None:
    assert DEPLOYMENTS_AT_ONCE == RUNS_AT_ONCE
    settings.write_text(SETTINGS.replace("projects: {}", 'projects: {preprodAccountId: "222222222222"}'))
    short = quotas(**{"lambda": {"Concurrent executions": 124}})
    says = examine(healthy(**{"service-quotas": short}))["quotas"].says
    assert "is 124, needed 125 (the template cloner reserves 20 and the deployment trigger reserves 5" in says


def test_quotas_need_the_settings(settings: Path) -> None:
    settings.unlink()
    finding = examine(healthy())["quotas"]
    assert not finding.fine
    assert "no Pulumi.*.yaml here is about analytics-dev" in finding.says


@pytest.mark.parametrize(
    ("status", "environment", "says"),
    [
        (404, {}, "the first job that names it makes it, on whatever branch"),
        (200, {"deployment_branch_policy": None}, "jobs on every branch of acme/mlops-platform may enter dev"),
        (200, PROTECTED, "all branches unless one has a branch protection rule (rulesets do not count)"),
        (200, PROTECTED, "Selected branches and tags, add main"),
        (500, {"message": "Server Error"}, f"answered 500 for {ENVIRONMENT}: Server Error"),
    ],
)
def test_an_environment_that_lets_every_branch_deploy_is_noticed(
    status: int, environment: dict[str, Any], says: str
) -> None:
    finding = examine(healthy(), get=github_that_answers(status, environment))["GitHub environment"]
    assert not finding.fine
    assert says in finding.says


@pytest.mark.parametrize(
    ("policies", "says"),
    [
        ((), "lets nobody into dev"),
        (({"name": "*", "type": "branch"}, MAIN), "lets branch *, branch main into dev, which is for main alone"),
        ((MAIN, {"name": "main", "type": "tag"}), "lets branch main, tag main into dev"),
        (({"name": "release", "type": "branch"},), "lets branch release into dev"),
    ],
)
def test_who_else_may_enter_an_environment_is_named(policies: tuple[dict[str, Any], ...], says: str) -> None:
    finding = examine(healthy(), get=github_that_answers(policies=policies))["GitHub environment"]
    assert not finding.fine
    assert says in finding.says
    assert "add main" in finding.says


@pytest.mark.parametrize("policy", [MAIN, {"name": "main"}], ids=["now", "older Enterprise Server"])
def test_an_environment_that_lets_only_main_in_is_fine(policy: dict[str, Any]) -> None:
    finding = examine(healthy(), get=github_that_answers(policies=(policy,)))["GitHub environment"]
    assert finding.fine
    assert finding.says == "acme/mlops-platform lets only main into dev"


def test_an_environment_whose_branches_cannot_be_read_is_not_fine() -> None:
    finding = examine(healthy(), get=github_that_answers(policies_status=403))["GitHub environment"]
    assert not finding.fine
    assert f"answered 403 for {POLICIES}" in finding.says
