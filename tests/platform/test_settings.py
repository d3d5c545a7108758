"""Settings are refused as a whole, with every reason, before anything is created."""

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pytest
import yaml

from costs import price_list
from settings import ExistingNetwork, NewNetwork, Problem, Settings, SettingsError, reference
from settings.schema import project_file
from tests.rendering import Resource, configuration_of, render, render_stack

NETWORK = {"cidr": "10.16.0.0/16"}
GITHUB = {
    "organization": "acme",
    "organizationId": 1001,
    "repository": "mlops-platform",
    "repositoryId": 2001,
    "platformUser": "mlops-bot",
}
STUDIO = {"userProfiles": [{"name": "ada", "role": "lead"}]}
NO_ESTIMATE = {"estimate": False}
VALID: dict[str, Any] = {
    "unit": "analytics",
    "environment": "dev",
    "region": "eu-west-1",
    "accountId": "111111111111",
    "network": NETWORK,
    "github": GITHUB,
}


def parse(**changes: object) -> Settings:
    """Settings from valid ones with `changes`; None removes one."""
    values = {key: value for key, value in {**VALID, **changes}.items() if value is not None}
    return Settings.parse(
        {
            f"mlops-platform:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in values.items()
        }
    )


def problems(**changes: object) -> dict[str, Problem]:
    """Return the problems of valid settings after `changes`, by key."""
    with pytest.raises(SettingsError) as refused:
        parse(**changes)
    return {problem.key: problem for problem in refused.value.problems}


def remedy(key: str, **changes: object) -> str:
    """Return the remedy of the only problem that `changes` cause."""
    found = problems(**changes)
    assert list(found) == [key]
    return found[key].remedy


def test_every_problem_is_reported_at_once_with_its_key_its_value_and_what_to_do() -> None:
    with pytest.raises(SettingsError) as refused:
        parse(
            unit="Analytics",
            enviroment="dev",
            region="ireland",
            accountId="1111",
            keepDataOnDestroy="maybe",
            network={"cidr": "10.16.0.0/24", "zones": 1, "nat": "two"},
            github={**GITHUB, "organizationId": "many", "serverUrl": "http://github.example.com"},
            development={"studio": {"userProfiles": [{"name": "ada", "role": "boss"}], "idleMinutes": 5}},
            workload={"developmentAccountId": 111111111111},
            tags={"unit": "other"},
        )
    keys = [problem.key for problem in refused.value.problems]
    assert keys == [
        "accountId",
        "development.studio.idleMinutes",
        "development.studio.userProfiles[0].role",
        "enviroment",
        "github.organizationId",
        "github.serverUrl",
        "keepDataOnDestroy",
        "network.cidr",
        "network.nat",
        "network.zones",
        "region",
        "tags",
        "unit",
        "workload.developmentAccountId",
    ]
    message = str(refused.value)
    for problem in refused.value.problems:
        assert f"mlops-platform:{problem.key} = {problem.value}\n      {problem.remedy}" in message
    assert message.startswith("14 settings are wrong; nothing was created or changed.")


def test_wrong_settings_stop_the_program_before_any_resource() -> None:
    declared: list[Resource] = []
    with pytest.raises(SettingsError):
        render_stack("preprod", {"unit": "Analytics"}, declared=declared)
    assert declared == []
    render_stack("preprod", declared=declared)
    assert declared != []


def test_the_error_is_one_that_pulumi_shows_without_a_traceback() -> None:
    assert issubclass(SettingsError, pulumi.RunError)


def test_missing_settings_are_all_named() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.parse({})
    assert {problem.key: problem.value for problem in refused.value.problems} == dict.fromkeys(
        ["accountId", "environment", "github", "network", "region", "unit"], "(not set)"
    )


def test_an_empty_value_counts_as_missing_because_the_schema_gives_every_setting_one() -> None:
    assert parse(development={}, workload={}, tags={}).development is None
    assert problems(unit="")["unit"].value == "(not set)"


def test_a_misspelt_setting_is_answered_with_the_likely_one() -> None:
    assert "did you mean region?" in remedy("regoin", regoin="eu-west-1")
    assert "did you mean zones?" in remedy("network.zoness", network={**NETWORK, "zoness": 3})
    profiles = [{"nmae": "ada", "name": "ada", "role": "lead"}]
    key = "development.studio.userProfiles[0].nmae"
    assert "did you mean name?" in remedy(key, development={"studio": {"userProfiles": profiles}})


def test_a_value_that_may_be_a_secret_is_never_shown() -> None:
    found = problems(github={**GITHUB, "token": "ghp_0123456789"}, apiKey="sk-1234")
    assert found["github.token"].value == "(not shown)"
    assert found["apiKey"].value == "(not shown)"


def test_settings_of_other_namespaces_are_left_alone() -> None:
    configuration = {
        f"mlops-platform:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in VALID.items()
    }
    assert Settings.parse({**configuration, "aws:region": "us-east-1"}).region == "eu-west-1"


@pytest.mark.parametrize("unit", ["a", "1team", "Team", "my-team", "thirteenchars", "straße"])
def test_a_unit_that_could_not_begin_a_bucket_name_is_refused(unit: str) -> None:
    assert "lower-case letters and digits" in remedy("unit", unit=unit)


def test_any_environment_name_is_legal() -> None:
    assert parse(environment="qa2").environment.prefix == "analytics-qa2"
    assert "2 to 8" in remedy("environment", environment="production")


@pytest.mark.parametrize("account_id", ["1111", "11111111111a", "1111111111111"])
def test_a_malformed_account_id_is_refused(account_id: str) -> None:
    assert "12 digits" in remedy("accountId", accountId=account_id)


REGIONS_OF_AWS = [
    (partition, region)
    for partition in boto3.Session().get_available_partitions()
    for region in boto3.Session().get_available_regions("sagemaker", partition_name=partition)
]
WITHOUT_IMAGES = {"ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "mx-central-1"}


@pytest.mark.parametrize("region", ["ireland", "eu-west", "eu-west-9", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_a_region_that_does_not_exist_or_belongs_to_another_partition_is_refused(region: str) -> None:
    assert "AWS region" in remedy("region", region=region)


def test_of_all_regions_of_sagemaker_those_are_accepted_that_have_its_images() -> None:
    for partition, region in REGIONS_OF_AWS:
        if partition == "aws" and region not in WITHOUT_IMAGES:
            assert parse(region=region, costs=NO_ESTIMATE).region == region
        else:
            found = remedy("region", region=region)
            assert "choose an AWS region that has SageMaker's images" in found
            assert "eu-west-1" in found


def test_names_that_would_overflow_a_bucket_name_are_refused_before_a_launch_fails() -> None:
    found = remedy("region", unit="twelveletter", environment="eightlet", region="ap-southeast-1")
    assert "twelveletter-eightlet-p-abcdefghijkl-000000000000-ap-southeast-1" in found
    assert "by 1" in found
    assert parse(unit="elevenlette", environment="eightlet", region="ap-southeast-1", costs=NO_ESTIMATE)


def test_a_region_without_prices_is_refused_unless_the_estimate_is_left_out() -> None:
    assert remedy("region", region="eu-central-1") == (
        "the price list has eu-west-1 and us-east-1 only: set costs.estimate to false, which leaves out the cost of an idle "
        "month and nothing else, or add the region to costs/prices.toml"
    )
    assert parse(region="eu-central-1", costs=NO_ESTIMATE).region == "eu-central-1"


@pytest.mark.parametrize("amount", [0, -1])
def test_a_budget_of_nothing_is_refused(amount: int) -> None:
    found = remedy("costs.monthlyBudgetUsd", costs={"monthlyBudgetUsd": amount})
    assert found == "give whole US dollars, 1 at least; leave it out to have no budget"
    assert parse(costs={"monthlyBudgetUsd": 1}).costs.monthly_budget_usd == 1


@pytest.mark.parametrize(
    ("cidr", "why"),
    [
        ("10.16.0.0/15", "no larger than"),
        ("10.16.0.0/21", "too small"),
        ("10.16.0.1/16", "CIDR form"),
        ("10.16.0.0", "too small"),
        ("ten", "CIDR form"),
        ("8.8.0.0/16", "private addresses"),
        *(
            (cidr, "private addresses")
            for cidr in (
                *("0.1.0.0/16", "100.64.0.0/16", "127.0.0.0/16", "169.254.0.0/16", "172.32.0.0/16", "192.0.0.0/20"),
                *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.169.0.0/16", "198.18.0.0/16", "198.19.0.0/20"),
                *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/16", "240.0.0.0/16", "255.255.0.0/16"),
            )
        ),
        ("172.17.0.0/16", "Docker"),
        ("172.16.0.0/15", "no larger than"),
    ],
)
def test_a_network_that_cannot_hold_the_platform_is_refused(cidr: str, why: str) -> None:
    assert why.replace("no larger than", "no network larger than") in remedy("network.cidr", network={"cidr": cidr})


def test_overlapping_networks_are_refused() -> None:
    network = {"cidr": "10.16.0.0/16", "connectedCidrs": ["10.16.128.0/17", "10.20.0.0/16"]}
    assert "overlaps 10.16.128.0/17" in remedy("network.cidr", network=network)
    network = {"cidr": "10.16.0.0/16", "connectedCidrs": ["10.20.0.0/16", "10.20.1.0/24"]}
    assert "10.20.1.0/24 overlaps 10.20.0.0/16" in remedy("network.connectedCidrs", network=network)


def test_an_existing_network_is_named_by_its_ids() -> None:
    network = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]}
    assert isinstance(parse(network=network).network, ExistingNetwork)
    assert isinstance(parse().network, NewNetwork)
    assert "existing VPC" in remedy("network.vpcId", network={**network, "vpcId": "my-vpc"})
    assert "existing subnet" in remedy(
        "network.subnetIds[1]", network={**network, "subnetIds": ["subnet-0a1b2c3d", "b"]}
    )
    assert "at least 2" in remedy("network.subnetIds", network={**network, "subnetIds": ["subnet-0a1b2c3d"]})
    seven = [f"subnet-0a1b2c3{digit}" for digit in range(7)]
    assert "list at most 6, because" in remedy("network.subnetIds", network={**network, "subnetIds": seven})
    assert "list each once" in remedy("network.subnetIds", network={**network, "subnetIds": ["subnet-0a1b2c3d"] * 2})


def test_jobs_have_a_security_group_of_their_own_only_beside_that_of_studio() -> None:
    network = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]}
    of_jobs, of_studio = {"jobSecurityGroupId": "sg-1a1b2c3d"}, {"securityGroupId": "sg-0a1b2c3d"}
    development = {"studio": STUDIO, "projects": {"publishTemplateRepositories": False}}
    assert parse(network={**network, **of_studio, **of_jobs}, development=development)
    assert "name network.securityGroupId too" in remedy("network.jobSecurityGroupId", network={**network, **of_jobs})
    same = {"securityGroupId": "sg-1a1b2c3d"}
    assert "name another group" in remedy("network.jobSecurityGroupId", network={**network, **of_jobs, **same})
    assert "name the group of jobs by network.securityGroupId" in remedy(
        "development", network={**network, **of_studio, **of_jobs}, development=None
    )


def test_a_key_of_a_section_is_not_written_with_a_dot() -> None:
    assert "below mlops-platform:development, as studio" in remedy(
        "development.studio", **{"development.studio": STUDIO}
    )


@pytest.mark.parametrize(
    "network",
    [
        {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], "cidr": "10.16.0.0/16"},
        {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], "zones": 2},
        {"cidr": "10.16.0.0/16", "securityGroupId": "sg-0a1b2c3d"},
    ],
)
def test_a_network_that_is_new_and_existing_is_refused(network: dict[str, Any]) -> None:
    assert "not both" in remedy("network", network=network)


def test_a_person_is_listed_once() -> None:
    profiles = [{"name": "ada", "role": "lead"}, {"name": "ada", "role": "dataScientist"}]
    found = remedy("development.studio.userProfiles", development={"studio": {"userProfiles": profiles}})
    assert "ada" in found


@pytest.mark.parametrize("email", ["hedy", "hedy@example", "hedy@@example.com", "Hedy <hedy@example.com>"])
def test_a_malformed_address_is_refused(email: str) -> None:
    assert "give an address" in remedy("alarms.emails[0]", alarms={"emails": [email]})


def test_an_address_is_listed_once() -> None:
    assert "hedy@example.com" in remedy("alarms.emails", alarms={"emails": ["hedy@example.com"] * 2})
    assert parse(alarms={"emails": ["hedy@example.com"]}).alarms.emails == ["hedy@example.com"]
    assert parse(alarms={}).alarms.emails == []


def test_models_come_from_the_environment_dev_unless_settings_name_another() -> None:
    account = {"developmentAccountId": "111111111111"}
    dev, lab = parse(workload=account).workload, parse(workload={**account, "developmentEnvironment": "lab"}).workload
    assert dev is not None
    assert lab is not None
    assert (dev.development_environment, lab.development_environment) == ("dev", "lab")
    assert "2 to 8" in remedy("workload.developmentEnvironment", workload={**account, "developmentEnvironment": "Dev"})


def test_the_default_instance_type_must_be_an_allowed_one() -> None:
    studio = {**STUDIO, "defaultInstanceType": "ml.p4d.24xlarge"}
    assert "allowedInstanceTypes" in remedy("development.studio.defaultInstanceType", development={"studio": studio})
    studio = {**STUDIO, "defaultInstanceType": "ml.m5.lrge"}
    found = remedy("development.studio.defaultInstanceType", development={"studio": studio})
    assert "did you mean ml.m5.large?" in found


def test_instance_types_are_as_few_and_short_as_a_policy_can_name() -> None:
    def remedy_for(*types: str) -> str:
        studio = {**STUDIO, "allowedInstanceTypes": ["ml.t3.medium", *types]}
        (found,) = problems(development={"studio": studio}).values()
        return found.remedy

    sizes = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge")
    assert "list at most 12, because" in remedy_for(
        *(f"ml.{family}.{size}" for family in ("m5", "r5") for size in sizes)
    )


def test_projects_do_not_deploy_to_the_environment_that_launches_them() -> None:
    development = {"studio": STUDIO, "projects": {"preprodAccountId": "222222222222", "prodAccountId": "333333333333"}}
    assert "launch them from an environment of another name" in remedy(
        "development", environment="prod", development=development
    )


@pytest.mark.parametrize(
    "instance_type", ["ml.m5.extremely-large", "ml.elevenchars.large", "ml.t2.medium", "system", "m5.large"]
)
def test_an_instance_type_that_no_app_of_studio_runs_on_is_refused(instance_type: str) -> None:
    key = "development.studio.allowedInstanceTypes[1]"
    studio = {**STUDIO, "allowedInstanceTypes": ["ml.t3.medium", instance_type]}
    assert "give a SageMaker instance type" in remedy(key, development={"studio": studio})


def test_studio_and_projects_come_together() -> None:
    assert problems(development={"projects": {"launchesAtOnce": 1}})["development.studio"].value == "(not set)"
    development = parse(development={"studio": STUDIO}).development
    assert development is not None
    assert development.projects.launches_at_once == 20


@pytest.mark.parametrize("key", ["studio", "projects"])
def test_the_error_for_a_setting_that_moved_names_its_new_place(key: str) -> None:
    assert f"write it below mlops-platform:development, as {key}" in remedy(key, **{key: STUDIO})


def test_development_without_a_way_out_is_refused() -> None:
    development = {"studio": STUDIO}
    found = remedy("development", development=development, network={**NETWORK, "nat": "none"})
    assert "NAT gateway" in found
    found = remedy("development", development=development, network={**NETWORK, "privateAccess": "none"})
    assert "set network.privateAccess to nat, endpoints or both" in found


@pytest.mark.parametrize(
    ("access", "nat", "why"),
    [
        ("none", "single", "remove it: network.privateAccess is none, which has no NAT gateway"),
        ("endpoints", "perZone", "remove it"),
        ("nat", "none", "choose single or perZone, or another access"),
        ("both", "none", "choose single or perZone"),
    ],
)
def test_nat_gateways_without_a_use_are_refused(access: str, nat: str, why: str) -> None:
    assert why in remedy("network.nat", network={**NETWORK, "privateAccess": access, "nat": nat})


def test_github_com_is_not_reached_from_a_network_without_a_nat_gateway() -> None:
    github = {**GITHUB, "throughNetwork": True}
    network = {**NETWORK, "privateAccess": "endpoints"}
    assert "set network.privateAccess to nat or both" in remedy("github", github=github, network=network)
    own_server = {**github, "serverUrl": "https://github.example.com"}
    assert parse(github=own_server, network=network).functions_in_network
    assert parse(github=github, network={**NETWORK, "privateAccess": "nat"}).functions_in_network


def test_functions_stay_in_a_network_where_they_always_were_until_the_settings_say_otherwise() -> None:
    existing = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]}
    outside = {**GITHUB, "throughNetwork": False}
    for network in (existing, {**NETWORK, "nat": "single"}):
        assert parse(network=network).functions_in_network
        assert not parse(network=network, github=outside).functions_in_network
    assert not parse(network={**NETWORK, "privateAccess": "nat"}).functions_in_network


def test_private_access_is_one_of_four_answers() -> None:
    assert "'none', 'nat', 'endpoints' or 'both'" in remedy(
        "network.privateAccess", network={**NETWORK, "privateAccess": "vpn"}
    )


def test_tags_whose_names_differ_in_capitals_only_are_refused_as_iam_would() -> None:
    assert "sets Environment itself" in remedy("tags", tags={"Environment": "x"})
    assert "takes Owner, owner for one name" in remedy("tags", tags={"owner": "x", "Owner": "y"})


def test_tags_that_would_overflow_an_object_of_s3_are_refused() -> None:
    assert "at most 6" in remedy("tags", tags={f"tag{number}": "x" for number in range(7)})
    assert "sets unit itself" in remedy("tags", tags={"unit": "x"})
    assert "a&b" in remedy("tags", tags={"a&b": "x"})


def test_an_enterprise_server_is_one_setting_from_which_the_others_follow() -> None:
    server = parse(github={**GITHUB, "serverUrl": "https://github.example.com"}).github
    assert server.api_url == "https://github.example.com/api/v3"
    assert server.oidc_issuer == "https://github.example.com/_services/token"
    assert server.oidc_issuer_host == "github.example.com/_services/token"
    assert server.oidc_subjects == "legacy"
    github = parse().github
    assert github.api_url == "https://api.github.com"
    assert github.oidc_issuer_host == "token.actions.githubusercontent.com"
    assert github.oidc_subjects == "immutable"
    assert "server alone" in remedy(
        "github.serverUrl", github={**GITHUB, "serverUrl": "https://github.example.com/git"}
    )


def test_an_enterprise_with_data_residency_is_one_setting_from_which_the_others_follow() -> None:
    github = parse(github={**GITHUB, "serverUrl": "https://octocorp.ghe.com"}).github
    assert github.api_url == "https://api.octocorp.ghe.com"
    assert github.oidc_issuer == "https://token.actions.octocorp.ghe.com"
    assert github.oidc_subjects == "immutable"


def test_the_case_of_a_server_is_no_matter() -> None:
    github = parse(github={**GITHUB, "serverUrl": "https://GitHub.com"}).github
    assert (github.server_url, github.api_url) == ("https://github.com", "https://api.github.com")
    assert github.oidc_subjects == "immutable"


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse().unit = "other"  # pyrefly: ignore[read-only]


def test_the_schema_in_pulumi_yaml_is_the_one_of_the_settings() -> None:
    assert Path("Pulumi.yaml").read_text(encoding="utf-8") == project_file()
    schema = yaml.safe_load(project_file())["config"]
    assert set(schema) - {"pulumi:disable-default-providers"} == {
        field.alias for field in Settings.model_fields.values()
    }


def test_the_page_of_settings_is_the_one_of_their_declarations() -> None:
    page = reference.page()
    assert reference.PAGE.read_text(encoding="utf-8") == page, "write it again: python -m settings"
    rows = dict(re.findall(r"^\| `([\w.\[\]]+)` \| (.+) \|$", page, re.MULTILINE))
    assert rows["development.studio.userProfiles[].role"].startswith("`lead` or `dataScientist` | required | A `lead` ")
    assert rows["network.zones"].startswith("whole number (2 to 6) | `2` | Number of availability zones; ")
    assert rows["network.vpcId"].startswith("string | required | ")
    assert rows["github.apiUrl"].startswith("string | derived from others | ")
    assert rows["keepDataOnDestroy"].startswith("`true` or `false` | `true` | ")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert len(set(headings)) == len(headings), "a heading leads to one section"


def test_the_page_of_settings_has_the_prices_of_the_price_list() -> None:
    meaning = " ".join(str(NewNetwork.model_fields["private_access"].description).split())
    for region in price_list.regions():
        prices = price_list.prices_in(region)
        gateway = prices["nat-gateway-hour"].month + prices["public-ipv4-hour"].month
        for usd in (gateway, prices["interface-endpoint-hour"].month):
            assert f"{usd:.2f} USD in {region}" in meaning


def test_no_provider_exists_that_the_program_did_not_make() -> None:
    project = yaml.safe_load(Path("Pulumi.yaml").read_text(encoding="utf-8"))
    assert project["config"]["pulumi:disable-default-providers"] == {"value": ["*"]}


@pytest.mark.parametrize("stack", ["dev", "preprod", "prod"])
def test_the_checked_in_stacks_are_valid(stack: str) -> None:
    assert Settings.parse(configuration_of(stack)).environment.name == stack


def test_the_checked_in_networks_share_no_address() -> None:
    networks = [Settings.parse(configuration_of(stack)).network for stack in ("dev", "preprod", "prod")]
    cidrs = [network.cidr for network in networks if isinstance(network, NewNetwork)]
    assert len(cidrs) == 3
    assert not any(first.overlaps(second) for first in cidrs for second in cidrs if first is not second)


def test_an_invoke_that_a_rendering_does_not_answer_is_an_error() -> None:
    import pulumi_aws as aws

    with pytest.raises(Exception, match="getRegion"):
        render(lambda: aws.get_region().region)


def test_the_stack_that_looks_after_the_organization_names_the_platforms_user() -> None:
    development = {"studio": STUDIO}
    github = {key: value for key, value in GITHUB.items() if key != "platformUser"}
    assert "set github.platformUser to its login" in remedy("development", development=development, github=github)
    elsewhere = {"studio": STUDIO, "projects": {"publishTemplateRepositories": False}}
    assert parse(development=elsewhere, github=github).github.platform_user is None


@pytest.mark.parametrize("approvals", [0, -1, 11])
def test_no_setting_lets_a_change_go_unreviewed(approvals: int) -> None:
    assert list(problems(github={**GITHUB, "requiredApprovals": approvals})) == ["github.requiredApprovals"]


def test_one_approval_is_needed_unless_the_settings_want_more() -> None:
    assert parse().review_rules.required_approvals == 1
    assert parse(github={**GITHUB, "requiredApprovals": 2}).review_rules.required_approvals == 2


def test_the_apps_of_githubs_own_server_are_known_and_those_of_others_are_not() -> None:
    assert (parse().github.actions_app_id, parse().github.dependabot_app_id) == (15368, 29110)
    server = parse(github={**GITHUB, "serverUrl": "https://github.example.com"}).github
    assert (server.actions_app_id, server.dependabot_app_id) == (None, None)
    told = parse(github={**GITHUB, "serverUrl": "https://github.example.com", "actionsAppId": 7}).github
    assert told.actions_app_id == 7


def test_leads_are_known_by_their_logins_where_the_settings_have_them() -> None:
    profiles = [
        {"name": "ada", "role": "lead", "githubLogin": "ada-l"},
        {"name": "grace", "role": "lead"},
        {"name": "mary", "role": "dataScientist", "githubLogin": "mary"},
    ]
    assert parse(development={"studio": {"userProfiles": profiles}}).review_rules.leads == ["ada-l"]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"releaseManagers": ["hedy", "Hedy"]}, "list each once"),
        ({"releaseManagers": ["@hedy"]}, "give a login"),
        ({"releaseManagers": ["acme/release-managers"]}, "give a login"),
        ({"approvers": ["grace"]}, "another domain may have a profile of the same name"),
        ({"approvers": ["d-abcdefghijkl/grace@example.com"]}, "give the domain's id and the user profile"),
        ({"approvers": ["d-abcdefghijkl/grace", "D-ABCDEFGHIJKL/grace"]}, "give the domain's id and the user profile"),
        ({"approvers": ["d-abcdefghijkl/grace", "d-abcdefghijkl/Grace"]}, "list each once"),
        ({"approvers": ["d-abcdefghijkl/"]}, "give the domain's id and the user profile"),
        ({"approvers": ["studio/grace"]}, "give the domain's id and the user profile"),
        ({"approvers": [f"d-abcdefghijkl/lead-{number}" for number in range(21)]}, "list at most 20"),
        (
            {"release": "unprotected", "releaseManagers": ["hedy"]},
            "nobody releases models where release is unprotected",
        ),
    ],
)
def test_release_managers_and_approvers_are_people_of_whom_each_is_named_once(
    changes: dict[str, Any], wrong: str
) -> None:
    (found,) = problems(development=None, workload={"developmentAccountId": "111111111111", **changes}).values()
    assert wrong in found.remedy


@pytest.mark.parametrize("name", ["arn:aws:iam::333333333333:role/orders", "orders*", "", "/orders", "teams//orders"])
def test_who_brings_truth_is_named_exactly(name: str) -> None:
    workload = {"developmentAccountId": "111111111111", "truthWriters": [name]}
    (found,) = problems(development=None, workload=workload).values()
    assert "give the name of a role as its ARN has it after role/" in found.remedy


def test_models_are_released_by_main_unless_the_settings_choose_the_branch() -> None:
    def branch(**workload: Any) -> str:
        found = parse(development=None, workload={"developmentAccountId": "111111111111", **workload}).workload
        assert found is not None
        return found.release_branch

    assert branch(releaseManagers=["hedy"]) == branch(release="unprotected") == "main"
    assert branch(release="branch", releaseManagers=["hedy"]) == "production"


def test_the_team_of_release_managers_is_named_where_it_is_made() -> None:
    releasing = {**GITHUB, "releaseManagers": ["hedy", "lise"]}
    assert parse(github=releasing).github.release_managers == ["hedy", "lise"]
    workload = {"developmentAccountId": "111111111111", "releaseManagers": ["hedy", "lise"]}
    wrong = remedy("workload", development=None, workload=workload, github=releasing)
    assert "github.releaseManagers belongs to the stack of development" in wrong
    assert list(problems(github={**GITHUB, "releaseManagers": ["hedy", "Hedy"]})) == ["github.releaseManagers"]


@pytest.mark.parametrize("both", ["Grace", "cloner"])
def test_who_approves_models_or_is_the_platform_releases_none(both: str) -> None:
    profiles = [{"name": "grace", "role": "lead", "githubLogin": "grace"}]
    github = {**GITHUB, "platformUser": "cloner", "releaseManagers": ["hedy", both]}
    wrong = remedy("development", github=github, development={"studio": {"userProfiles": profiles}})
    assert f"{both} of github.releaseManagers approves models, or is the platform's own account" in wrong


DIGEST = "0123456789abcdef" * 4
EARLIER = {"version": "abalone-p-1a2b3c4d5e6f/3", "modelSha256": DIGEST, "containerSha256": DIGEST}


@pytest.mark.parametrize(
    ("entries", "wrong"),
    [
        ([{**EARLIER, "version": "abalone-p-1a2b3c4d5e6f"}], "give group and number"),
        ([{**EARLIER, "modelSha256": "sha256:" + DIGEST}], "give a SHA-256 as 64 hexadecimal digits"),
        ([EARLIER, EARLIER], "list each once; more than once: abalone-p-1a2b3c4d5e6f/3"),
    ],
)
def test_an_earlier_version_is_entered_once_with_its_digests(entries: list[dict[str, str]], wrong: str) -> None:
    workload = {"developmentAccountId": "111111111111", "earlierVersions": entries}
    (found,) = problems(development=None, workload=workload).values()
    assert wrong in found.remedy


def test_as_many_earlier_versions_as_may_be_entered_fit_into_the_functions_environment() -> None:
    longest = "a" * 32 + "-p-1a2b3c4d5e6f/"
    entries = [{**EARLIER, "version": f"{longest}{10000 + number}"} for number in range(10)]
    workload = {"developmentAccountId": "111111111111", "earlierVersions": entries}
    found = parse(development=None, workload=workload).workload
    assert found
    # The other variables of the function take about 600 characters of 4,096.
    assert len(json.dumps({each.version: each.evidence for each in found.earlier_versions})) < 3000
    assert "10" in remedy("workload.earlierVersions", workload={**workload, "earlierVersions": [*entries, EARLIER]})


@pytest.mark.parametrize(
    ("setting", "types", "wrong"),
    [
        ("endpoint", ["ml.m5.larg"], "give a SageMaker instance type that endpoints run on; did you mean ml.m5.large?"),
        ("endpoint", ["ml.m5.large", "ml.m5.large"], "list each once"),
        ("batch", ["ml.t2.medium"], "give a SageMaker instance type that batches run on; did you mean ml.t3.medium?"),
        ("batch", ["ml.m5.large", "ml.m5.large"], "list each once"),
    ],
)
def test_endpoints_and_batches_run_on_types_of_instances_that_there_are(
    setting: str, types: list[str], wrong: str
) -> None:
    workload = {"developmentAccountId": "111111111111", f"{setting}InstanceTypes": types}
    found = problems(development=None, workload=workload)
    assert wrong in next(iter(found.values())).remedy


@pytest.mark.parametrize(("setting", "parameter"), [("endpoint", "endpoints"), ("batch", "batches")])
def test_projects_are_told_on_which_instances_they_may_run(setting: str, parameter: str) -> None:
    workload = {"developmentAccountId": "111111111111", f"{setting}InstanceTypes": ["ml.c5.xlarge", "ml.m5.large"]}
    found = parse(development=None, workload=workload).parameters[f"{parameter}/instance-types"]
    assert found == "ml.c5.xlarge,ml.m5.large"
