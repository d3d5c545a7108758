"""A bootstrapped and deployed environment in memory, in which `doctor` finds nothing wrong, and changes to it."""

from typing import Any

from bootstrap import doctor, github
from bootstrap.account import Account
from bootstrap.github import Get
from bootstrap.names import Names
from tests.bootstrap.fakes import PARAMETERS, CloudFormation, Parameters, Service, account, answer, refusal
from tests.bootstrap.template import ACCOUNT, ISSUER, REGION

NAMES = Names(unit="analytics", environment="dev")

PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"

TRUST = {
    "Statement": [
        {"Condition": {"StringEquals": {f"{ISSUER}:aud": "x", f"{ISSUER}:sub": ["repo:acme/p:environment:dev"]}}}
    ]
}

SEEN = "a token that sees the organization"

AT_EXAMPLE = "github.example.com/_services/token"

OF_AN_ENTERPRISE = f"{ISSUER}/acme-holding"

ENVIRONMENT = "/repos/acme/mlops-platform/environments/dev"

POLICIES = f"{ENVIRONMENT}/deployment-branch-policies?per_page=100"

BY_NAME = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}

HEDY = {"type": "User", "reviewer": {"login": "hedy"}}

REVIEWING: dict[str, Any] = {"type": "required_reviewers", "prevent_self_review": True, "reviewers": [HEDY]}

REVIEWER: dict[str, Any] = {"protection_rules": [{"type": "branch_policy"}, REVIEWING], "can_admins_bypass": False}

PROTECTED = {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}}

MAIN = {"name": "main", "type": "branch"}

LEGACY = "repo:acme/mlops-platform:environment:dev"

SUBJECT = "repo:acme@1001/mlops-platform@2001:environment:dev"

SUBJECTS: dict[str, Any] = {
    "use_default": True,
    "use_immutable_subject": True,
    "sub_claim_prefix": "repo:acme@1001/mlops-platform@2001",
}

REPOSITORY: dict[str, Any] = {"full_name": "acme/mlops-platform"}

ALL_ACTIONS = {"enabled_repositories": "all", "allowed_actions": "all"}

NO_ACTIONS: dict[str, Any] = {"github_owned_allowed": False, "verified_allowed": False, "patterns_allowed": []}

PLATFORM = {"actor_type": "Team", "actor_id": 4001, "bypass_mode": "always"}

OWNERS = {"actor_type": "OrganizationAdmin", "actor_id": None, "bypass_mode": "always"}

RULESETS: tuple[dict[str, Any], ...] = (
    {"id": 1, "name": "mlops-protect-main", "enforcement": "active", "bypass_actors": [PLATFORM]},
    {"id": 2, "name": "mlops-protect-platform", "enforcement": "active", "bypass_actors": []},
    {"id": 3, "name": "mlops-only-people-push", "enforcement": "active", "bypass_actors": [OWNERS]},
    {"id": 4, "name": "mlops-platform-branches", "enforcement": "active", "bypass_actors": [PLATFORM]},
    {"id": 5, "name": "website", "enforcement": "disabled", "bypass_actors": [OWNERS]},
)

PULL_REQUEST = {
    "required_approving_review_count": 1,
    "dismiss_stale_reviews_on_push": True,
    "require_last_push_approval": True,
    "required_review_thread_resolution": True,
}

REVIEWED: list[dict[str, Any]] = [
    {"type": "deletion"},
    {"type": "non_fast_forward"},
    {"type": "pull_request", "parameters": PULL_REQUEST},
]

JOBS = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}

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
  mlops-platform:github: {platformUser: mlops-bot}
  mlops-platform:development:
    studio: {userProfiles: [{name: grace, role: lead}, {name: ada, role: dataScientist}]}
    projects: {}
"""


def deployed_for(server: str, api: str, issuer: str) -> dict[str, str]:
    published = {"server-url": server, "api-url": api, "oidc-issuer": issuer}
    return PARAMETERS | {f"/mlops/analytics/dev/github/{name}": value for name, value in published.items()}


ON_GITHUB_COM = deployed_for("https://github.com", "https://api.github.com", ISSUER)

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:analytics-dev-alarms"


def github_that_answers(
    status: int = 200,
    environment: dict[str, Any] = BY_NAME,
    policies: tuple[dict[str, Any], ...] = (MAIN,),
    policies_status: int = 200,
    scopes: str | None = None,
    login: str = "acme",
    repository: dict[str, Any] = REPOSITORY,
    actions: tuple[int, dict[str, Any]] = (200, ALL_ACTIONS),
    selected: dict[str, Any] = NO_ACTIONS,
    rules: tuple[int, object] = (200, REVIEWED),
    rulesets: tuple[dict[str, Any], ...] = RULESETS,
    members: tuple[str, ...] = ("Mlops-Bot",),
    jobs: dict[str, Any] = JOBS,
    managers: tuple[str, ...] = (),
    maintainers: tuple[str, ...] = (),
    plan: str | None = None,
    subjects: tuple[int, dict[str, Any]] = (200, SUBJECTS),
    organization_claims: tuple[str, ...] = ("repo", "context"),
    ends: str | None = None,
    production: tuple[int, dict[str, Any]] = (200, REVIEWER),
    teams: dict[str, tuple[str, ...]] | None = None,
    secrets: tuple[int, tuple[str, ...]] = (200, ()),
    organization_secrets: tuple[int, tuple[str, ...]] = (200, ()),
) -> Get:
    def named(kept: tuple[int, tuple[str, ...]]) -> tuple[int, dict[str, Any]]:
        return kept[0], {"total_count": len(kept[1]), "secrets": [{"name": name} for name in kept[1]]}

    answers: dict[str, tuple[int, Any]] = {
        "/orgs/acme": (200, {"login": login, **({"plan": {"name": plan}} if plan else {})}),
        "/repos/acme/mlops-platform": (200, repository),
        "/repos/acme/mlops-platform/actions/oidc/customization/sub": subjects,
        "/orgs/acme/actions/oidc/customization/sub": (200, {"include_claim_keys": list(organization_claims)}),
        "/orgs/acme/actions/permissions": actions,
        "/orgs/acme/actions/permissions/selected-actions": (200, selected),
        "/orgs/acme/actions/permissions/workflow": (200, jobs),
        "/orgs/acme/teams/mlops-platform-account": (200, {"id": 4001}),
        "/orgs/acme/teams/mlops-platform-account/members": (200, [{"login": login} for login in members]),
        "/orgs/acme/teams/mlops-release-managers": (200, {"id": 4002}),
        "/orgs/acme/teams/mlops-release-managers/members": (200, [{"login": login} for login in managers]),
        "/orgs/acme/teams/mlops-release-managers/members?role=maintainer": (
            200,
            [{"login": login} for login in maintainers],
        ),
        "/orgs/acme/rulesets?per_page=100": (200, [{"id": each["id"], "name": each["name"]} for each in rulesets]),
        **{f"/orgs/acme/rulesets/{each['id']}": (200, each) for each in rulesets},
        "/repos/acme/mlops-platform/rules/branches/main?per_page=100": rules,
        "/repos/acme/mlops-platform/actions/secrets?per_page=100": named(secrets),
        "/repos/acme/mlops-platform/actions/organization-secrets?per_page=100": named(organization_secrets),
        **{
            f"/orgs/acme/teams/{team}/members?per_page=100": (200, [{"login": login} for login in logins])
            for team, logins in (teams or {}).items()
        },
        "/repos/acme/mlops-platform/environments/prod": production,
        ENVIRONMENT: (status, REVIEWER | environment),
        POLICIES: (policies_status, {"total_count": len(policies), "branch_policies": list(policies)}),
    }

    def get(server: github.Server, path: str, token: str | None) -> github.Answer:
        status, body = answers[path]
        if token != SEEN:
            return github.Answer(status=404, headers={}, body={})
        headers = {} if scopes is None else {"x-oauth-scopes": scopes}
        if ends is not None:
            headers["github-authentication-token-expiration"] = ends
        listed = body if isinstance(body, list) else ()
        return github.Answer(status=status, headers=headers, body={} if listed else body, items=listed)

    return get


def quotas(**changed: dict[str, int]) -> dict[str, Any]:
    """Service Quotas with two entries on each page."""

    def list_service_quotas(ServiceCode: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        known = list((QUOTAS | changed)[ServiceCode].items())
        start = int(NextToken)
        page = [
            {"QuotaName": name, "QuotaCode": f"L-{index}", "Value": float(value)}
            for index, (name, value) in enumerate(known)
        ][start : start + 2]
        return {"Quotas": page} | ({"NextToken": str(start + 2)} if start + 2 < len(known) else {})

    return {"list_service_quotas": list_service_quotas}


def subscriptions(**arns: str) -> dict[str, Any]:
    """SNS with one subscription on each page: the ARN of each address at example.com."""

    def list_subscriptions_by_topic(TopicArn: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        if TopicArn != TOPIC:
            raise refusal("NotFound", "Topic does not exist")
        number = int(NextToken)
        page = [
            {"Endpoint": f"{name}@example.com", "Protocol": "email", "SubscriptionArn": arn, "TopicArn": TOPIC}
            for name, arn in arns.items()
        ][number : number + 1]
        return {"Subscriptions": page} | ({"NextToken": str(number + 1)} if number + 1 < len(arns) else {})

    return {"list_subscriptions_by_topic": list_subscriptions_by_topic}


def rules(outbound: str, *inbound: str) -> Any:
    """EC2's answer about the rules of a security group."""
    found = [{"SecurityGroupRuleId": outbound, "GroupId": "sg-1", "IsEgress": True}]
    found += [{"SecurityGroupRuleId": each, "GroupId": "sg-1", "IsEgress": False} for each in inbound]
    return answer({"SecurityGroupRules": found})


def bootstrapped(issuer: str = ISSUER, subjects: str = SUBJECT) -> CloudFormation:
    stack = {
        "StackName": NAMES.stack,
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": "OidcProviderArn", "OutputValue": PROVIDER}],
        "Parameters": [
            {"ParameterKey": "OidcIssuer", "ParameterValue": issuer},
            {"ParameterKey": "DeploySubjects", "ParameterValue": subjects},
            {"ParameterKey": "Parts", "ParameterValue": "development"},
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
            "get_account_summary": answer({"SummaryMap": {"Roles": 40, "RolesQuota": 1000}}),
            "get_open_id_connect_provider": answer({"ClientIDList": ["sts.amazonaws.com"]}),
            "get_role": answer(
                {"Role": {"Arn": "arn:role", "PermissionsBoundary": {}, "AssumeRolePolicyDocument": TRUST}}
            ),
        },
        "secretsmanager": {"describe_secret": answer({"VersionIdsToStages": {"v": ["AWSCURRENT"]}})},
        "service-quotas": quotas(),
        "sns": subscriptions(grace=f"{TOPIC}:1"),
        "ec2": {
            "describe_addresses": answer({"Addresses": [{}]}),
            "describe_security_group_rules": rules("sgr-out"),
            "describe_vpcs": answer({"Vpcs": [{}, {}]}),
        },
        "sagemaker": {
            "list_domains": answer(
                {
                    "Domains": [
                        {"DomainId": "d-1", "DomainName": "other"},
                        {"DomainId": "d-2", "DomainName": NAMES.prefix},
                    ]
                }
            ),
            "describe_domain": answer({"DefaultUserSettings": {"SecurityGroups": ["sg-1"]}}),
            "list_user_profiles": answer({"UserProfiles": [{"UserProfileName": "ada"}, {"UserProfileName": "grace"}]}),
            "describe_user_profile": answer({"UserSettings": {}}),
        },
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
