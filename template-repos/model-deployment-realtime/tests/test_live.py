"""The live endpoint: waiting for it, checking what it serves, removing what was superseded."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from fake_aws import FakeCloudWatch, FakeSageMaker

from deployment.live import LiveEndpoint, instances
from mlops_platform.release import DeploymentError
from mlops_platform.release.testing.example import PROJECT

PREPROD = PROJECT.environments["preprod"]
NAME = PREPROD.deployment_name
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@dataclass
class Watched:
    """An endpoint, and a time that passes only while the code under test waits."""

    sagemaker: FakeSageMaker
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)
    said: list[str] = field(default_factory=list[str])
    waited: float = 0.0

    @property
    def endpoint(self) -> LiveEndpoint:
        return LiveEndpoint(
            environment=PREPROD,
            sagemaker=self.sagemaker,
            cloudwatch=self.cloudwatch,
            minutes_to_wait=20,
            say=self.said.append,
            now=lambda: self.waited,
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.waited += seconds


def existing(
    status: str = "InService", configuration: str = f"{NAME}-v1-aaaaaaa", *, reason: str = "", modified: datetime = NOON
) -> FakeSageMaker:
    return FakeSageMaker(
        endpoint={
            "EndpointName": NAME,
            "EndpointStatus": status,
            "EndpointConfigName": configuration,
            "LastModifiedTime": modified,
            **({"FailureReason": reason} if reason else {}),
        }
    )


def test_there_is_nothing_to_wait_for_before_the_first_deployment() -> None:
    watched = Watched(FakeSageMaker())
    assert watched.endpoint.ready_for_update() is None
    assert watched.waited == 0


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_a_busy_endpoint_is_waited_for(status: str) -> None:
    service = existing()
    service.statuses = [status] * 30 + ["InService"]
    watched = Watched(service)
    found = watched.endpoint.ready_for_update()
    assert found is not None
    assert found["EndpointStatus"] == "InService"
    assert watched.said == [f"{NAME} is {status}: waiting"]
    assert 30 < watched.waited < 300


def test_an_alarm_about_drift_is_no_reason_for_a_rollback() -> None:
    service = existing()
    watched = Watched(service, FakeCloudWatch({f"{NAME}-drift": "1.0"}, {f"{NAME}-drift": "Mlops/Drift"}))
    before = {"EndpointConfigName": f"{NAME}-v1-aaaaaaa", "LastModifiedTime": NOON}
    after = {**before, "EndpointStatus": "InService", "LastModifiedTime": LATER}
    with pytest.raises(DeploymentError, match="pulumi up failed in preprod"):
        watched.endpoint.require_serving(after, None, before=before)


def test_waiting_ends_while_the_credentials_last() -> None:
    watched = Watched(existing("Updating"))
    with pytest.raises(DeploymentError, match="is still Updating after 20 minutes; run this again"):
        watched.endpoint.ready_for_update()
    assert watched.waited <= 20 * 60


def test_a_failed_endpoint_is_deleted_and_created_anew() -> None:
    watched = Watched(existing("Failed", reason="no capacity"))
    assert watched.endpoint.ready_for_update() is None
    assert watched.sagemaker.deleted == [NAME]
    assert watched.said[0] == f"{NAME} has failed (no capacity): deleting it, to create it anew"


def test_an_endpoint_that_serves_the_requested_configuration_is_a_success() -> None:
    watched = Watched(existing())
    watched.endpoint.require_serving(watched.endpoint.settled(), f"{NAME}-v1-aaaaaaa", before=None)


def test_a_release_that_was_rolled_back_is_a_failure_with_its_reason_and_its_alarms() -> None:
    service = existing(reason="The following alarms fired: version-errors")
    alarms = {f"{NAME}-version-errors": "Threshold Crossed: 2 datapoints", "another-endpoint-errors": "not ours"}
    watched = Watched(service, FakeCloudWatch(alarms))
    with pytest.raises(DeploymentError) as caught:
        watched.endpoint.require_serving(watched.endpoint.settled(), f"{NAME}-v2-bbbbbbb", before=None)
    assert str(caught.value).splitlines() == [
        "preprod was rolled back: it serves what it served before",
        f"  {NAME} is InService with {NAME}-v1-aaaaaaa",
        f"  asked for was {NAME}-v2-bbbbbbb",
        "  reason: The following alarms fired: version-errors",
        f"  alarm {NAME}-version-errors: Threshold Crossed: 2 datapoints",
    ]


def test_a_failed_or_missing_endpoint_is_a_failure() -> None:
    failed = Watched(existing("Failed", reason="the container did not answer"))
    with pytest.raises(
        DeploymentError, match=r"preprod does not serve the model\n.* is Failed .*\n.*\n.*did not answer"
    ):
        failed.endpoint.require_serving(failed.endpoint.settled(), f"{NAME}-v1-aaaaaaa", before=None)
    missing = Watched(FakeSageMaker())
    with pytest.raises(DeploymentError, match=r"is absent\n.*\n  reason: SageMaker gave none"):
        missing.endpoint.require_serving(missing.endpoint.settled(), f"{NAME}-v1-aaaaaaa", before=None)


def test_a_failed_update_is_a_failure_even_if_the_endpoint_serves() -> None:
    watched = Watched(existing())
    with pytest.raises(DeploymentError, match=r"pulumi up failed in preprod; its messages are above\n.* is InService"):
        watched.endpoint.require_serving(watched.endpoint.settled(), None, before=None)


def test_a_rollback_without_a_reason_is_told_by_the_alarm_that_is_on() -> None:
    alarms = FakeCloudWatch({f"{NAME}-version-errors": "Threshold Crossed: 2 datapoints"})
    watched = Watched(existing(modified=LATER), alarms)
    with pytest.raises(
        DeploymentError, match=r"preprod was rolled back: .*\n.*\n  reason: SageMaker gave none\n  alarm "
    ):
        watched.endpoint.require_serving(watched.endpoint.settled(), None, before=existing().endpoint)


def test_a_rollback_that_makes_the_engine_fail_is_reported_as_a_rollback() -> None:
    watched = Watched(existing(reason="The following alarms fired", modified=LATER))
    with pytest.raises(DeploymentError, match=r"preprod was rolled back: .*\n.*\n  reason: The following alarms fired"):
        watched.endpoint.require_serving(watched.endpoint.settled(), None, before=existing().endpoint)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(existing(reason="The following alarms fired"), id="the reason is that of an earlier release"),
        pytest.param(existing(modified=LATER), id="autoscaling changed it meanwhile"),
        pytest.param(
            existing(configuration=f"{NAME}-v2-bbbbbbb", reason="The following alarms fired", modified=LATER),
            id="it serves what is new",
        ),
    ],
)
def test_an_update_that_failed_for_other_reasons_was_not_rolled_back(after: FakeSageMaker) -> None:
    watched = Watched(after)
    with pytest.raises(DeploymentError, match="pulumi up failed in preprod; its messages are above"):
        watched.endpoint.require_serving(watched.endpoint.settled(), None, before=existing().endpoint)


def versions(*names: str) -> FakeSageMaker:
    service = existing(configuration=f"{NAME}-{names[0]}")
    service.configurations = {f"{NAME}-{name}": [f"{NAME}-{name}"] for name in names}
    service.models = [f"{NAME}-{name}" for name in names]
    return service


def test_the_live_and_the_former_configuration_are_kept_and_the_rest_removed() -> None:
    service = versions("v3-ccccccc", "v2-bbbbbbb", "v1-aaaaaaa")
    Watched(service).endpoint.prune(serving=f"{NAME}-v3-ccccccc", before=f"{NAME}-v2-bbbbbbb")
    assert list(service.configurations) == service.models == [f"{NAME}-v3-ccccccc", f"{NAME}-v2-bbbbbbb"]


def test_the_former_configuration_is_kept_although_a_failed_one_is_younger() -> None:
    service = versions("v4-ddddddd", "v3-failed0", "v1-aaaaaaa")
    Watched(service).endpoint.prune(serving=f"{NAME}-v4-ddddddd", before=f"{NAME}-v1-aaaaaaa")
    assert list(service.configurations) == [f"{NAME}-v4-ddddddd", f"{NAME}-v1-aaaaaaa"]


def test_deploying_the_live_version_again_keeps_the_former_configuration() -> None:
    service = versions("v3-ccccccc", "v2-bbbbbbb", "v1-aaaaaaa")
    Watched(service).endpoint.prune(serving=f"{NAME}-v3-ccccccc", before=f"{NAME}-v3-ccccccc")
    assert list(service.configurations) == [f"{NAME}-v3-ccccccc", f"{NAME}-v2-bbbbbbb"]


def test_a_shadow_is_kept_with_its_configuration() -> None:
    service = versions("v3-ccccccc")
    service.configurations[f"{NAME}-v3-ccccccc"].append(f"{NAME}-v4-shadow0")
    service.models.append(f"{NAME}-v4-shadow0")
    assert Watched(service).endpoint.prune(serving=f"{NAME}-v3-ccccccc", before="") == []


def test_resources_with_other_prefixes_are_not_deleted() -> None:
    service = versions("v1-aaaaaaa")
    service.models.append(f"copy-of-{NAME}-v1")
    service.configurations[f"copy-of-{NAME}-v1"] = []
    assert Watched(service).endpoint.prune(serving=f"{NAME}-v1-aaaaaaa", before="") == []


def test_instances_are_those_that_autoscaling_wants() -> None:
    assert instances(None) == 0
    assert instances({"ProductionVariants": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 4}]}) == 4
