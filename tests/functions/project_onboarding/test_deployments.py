"""Removal of what a project deployed, with AWS's clients in memory."""

import pytest
from botocore.exceptions import ClientError

from functions.project_onboarding.deployments import Deployments
from tests.functions.project_onboarding.fake_account import NAME
from tests.functions.project_onboarding.fake_clients import Client, error

STRANGER = "analytics-prod-p-abcdefghijklm"
"""A name that begins like the project's and belongs to another."""


@pytest.fixture
def deployments(client: Client) -> Deployments:
    return Deployments(client, client, client, client)


def test_only_the_projects_own_endpoints_are_seen(deployments: Deployments, client: Client) -> None:
    client.answers["list_endpoints"] = [
        {"Endpoints": [{"EndpointName": NAME, "EndpointStatus": "InService"}]},
        {
            "Endpoints": [
                {"EndpointName": f"{NAME}-shadow", "EndpointStatus": "Failed"},
                {"EndpointName": STRANGER, "EndpointStatus": "InService"},
                {"EndpointName": f"other-{NAME}", "EndpointStatus": "InService"},
            ]
        },
    ]

    assert deployments.endpoints(NAME) == {NAME: "InService", f"{NAME}-shadow": "Failed"}
    assert client.did("list_endpoints") == [{"NameContains": NAME}]


def test_only_the_projects_own_schedules_are_seen(deployments: Deployments, client: Client) -> None:
    client.answers["list_schedules"] = [
        {"Schedules": [{"Name": f"{NAME}-batch", "State": "ENABLED"}]},
        {"Schedules": [{"Name": STRANGER, "State": "ENABLED"}]},
    ]

    assert deployments.schedules(NAME) == {f"{NAME}-batch": "ENABLED"}
    assert client.did("list_schedules") == [{"NamePrefix": NAME}]


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
