"""Removal of what a project deployed, with AWS's clients in memory."""

import pytest
from botocore.exceptions import ClientError

from functions.project_onboarding.deployments import Deployments
from tests.functions.project_onboarding.fake_account import NAME
from tests.functions.project_onboarding.fake_clients import Client, error

STRANGER = f"other-{NAME}"
"""A name that has the project's in it and is none of the project."""
NEXT = f"{NAME}x"
"""A name that the project's role may give, as it may any that begins with its prefix: every id has the same length."""


@pytest.fixture
def deployments(client: Client) -> Deployments:
    return Deployments(client, client, client, client, client)


def test_every_endpoint_that_the_project_may_have_made_is_seen_and_no_other(
    deployments: Deployments, client: Client
) -> None:
    client.answers["list_endpoints"] = [
        {"Endpoints": [{"EndpointName": NAME, "EndpointStatus": "InService"}]},
        {
            "Endpoints": [
                {"EndpointName": f"{NAME}-shadow", "EndpointStatus": "Failed"},
                {"EndpointName": NEXT, "EndpointStatus": "InService"},
                {"EndpointName": STRANGER, "EndpointStatus": "InService"},
            ]
        },
    ]

    assert deployments.endpoints(NAME) == {NAME: "InService", f"{NAME}-shadow": "Failed", NEXT: "InService"}
    assert client.did("list_endpoints") == [{"NameContains": NAME}]


def test_every_schedule_in_a_group_of_the_project_is_seen_whatever_its_name(
    deployments: Deployments, client: Client
) -> None:
    def schedule(group: str, name: str, state: str) -> dict[str, str]:
        return {"GroupName": group, "Name": name, "State": state}

    client.answers["list_schedules"] = [
        {
            "Schedules": [
                schedule(f"{NAME}-batch", "nightly", "ENABLED"),
                schedule(STRANGER, f"{NAME}-batch", "ENABLED"),
            ]
        },
        {"Schedules": [schedule(f"{NAME}-watch", "nightly", "DISABLED"), schedule(NAME, "weekly", "DISABLED")]},
    ]

    assert deployments.schedules(NAME) == {
        f"{NAME}-batch/nightly": "ENABLED",
        f"{NAME}-watch/nightly": "DISABLED",
        f"{NAME}/weekly": "DISABLED",
    }


BUCKET, GROUP = "analytics-prod-p-abcdefghijkl-333333333333-eu-west-1", "abalone-p-abcdefghijkl"


def test_an_empty_bucket_and_an_empty_group_of_models_are_deleted(deployments: Deployments, client: Client) -> None:
    client.answers["list_model_packages"] = {"ModelPackageSummaryList": list[str]()}

    deployments.delete_what_is_empty(BUCKET, GROUP)

    assert client.did("delete_bucket") == [{"Bucket": BUCKET}]
    assert client.did("delete_model_package_group") == [{"ModelPackageGroupName": GROUP}]


@pytest.mark.parametrize("code", ["BucketNotEmpty", "NoSuchBucket"])
def test_a_bucket_with_anything_in_it_and_a_group_with_a_model_stay(
    deployments: Deployments, client: Client, code: str
) -> None:
    client.answers |= {"delete_bucket": error(code), "list_model_packages": {"ModelPackageSummaryList": ["a model"]}}

    deployments.delete_what_is_empty(BUCKET, GROUP)

    assert client.did("delete_model_package_group") == []


def test_a_group_of_models_that_is_gone_already_is_no_failure(deployments: Deployments, client: Client) -> None:
    client.answers["list_model_packages"] = error("ValidationException", "ModelPackageGroup does not exist")

    deployments.delete_what_is_empty(BUCKET, GROUP)


def served(client: Client) -> None:
    client.answers |= {
        "list_endpoint_configs": [
            {"EndpointConfigs": [{"EndpointConfigName": f"{NAME}-v1"}, {"EndpointConfigName": STRANGER}]}
        ],
        "list_models": [{"Models": [{"ModelName": f"{NAME}-v1"}, {"ModelName": STRANGER}]}],
        "describe_scalable_targets": [
            {
                "ScalableTargets": [
                    {
                        "ServiceNamespace": "sagemaker",
                        "ResourceId": f"endpoint/{name}/variant/main",
                        "ScalableDimension": "sageprovisioner:variant:DesiredInstanceCount",
                        "MinCapacity": 1,
                    }
                    for name in (NAME, STRANGER)
                ]
            }
        ],
        "describe_alarms": [
            {"MetricAlarms": [{"AlarmName": f"{NAME}-{number}"} for number in range(101)]},
            {"MetricAlarms": [{"AlarmName": STRANGER}]},
        ],
        "list_dashboards": [{"DashboardEntries": [{"DashboardName": NAME}, {"DashboardName": STRANGER}]}],
    }


def test_everything_behind_a_project_s_endpoints_is_deleted_and_nothing_of_another(
    deployments: Deployments, client: Client
) -> None:
    served(client)

    deployments.delete_what_served(NAME)

    assert client.did("delete_endpoint_config") == [{"EndpointConfigName": f"{NAME}-v1"}]
    assert client.did("delete_model") == [{"ModelName": f"{NAME}-v1"}]
    assert client.did("deregister_scalable_target") == [
        {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{NAME}/variant/main",
            "ScalableDimension": "sageprovisioner:variant:DesiredInstanceCount",
        }
    ]
    assert [len(each["AlarmNames"]) for each in client.did("delete_alarms")] == [100, 1]
    assert client.did("delete_dashboards") == [{"DashboardNames": [NAME]}]


def test_deleting_again_is_no_failure(deployments: Deployments, client: Client) -> None:
    served(client)
    client.answers |= {
        "delete_endpoint_config": error("ValidationException", "Could not find endpoint configuration"),
        "delete_model": error("ValidationException", "Could not find model"),
        "deregister_scalable_target": error("ObjectNotFoundException"),
        "delete_alarms": error("ResourceNotFound"),
        "delete_dashboards": error("ResourceNotFound"),
    }

    deployments.delete_what_served(NAME)


@pytest.mark.parametrize("operation", ["delete_endpoint_config", "delete_model", "delete_alarms"])
def test_a_deletion_that_is_denied_is_a_failure(deployments: Deployments, client: Client, operation: str) -> None:
    served(client)
    client.answers[operation] = error("AccessDeniedException", "not authorized")

    with pytest.raises(ClientError):
        deployments.delete_what_served(NAME)
