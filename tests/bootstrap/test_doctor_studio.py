"""`doctor`: the security groups of Studio's apps, which admit nothing."""

import pytest

from tests.bootstrap.fakes import answer
from tests.bootstrap.healthy import examine, healthy, rules

pytestmark = pytest.mark.usefixtures("settings")


def test_a_group_of_apps_without_rules_for_inbound_traffic_is_fine() -> None:
    finding = examine(healthy())["Studio"]
    assert (finding.fine, finding.message) == (True, "sg-1 of d-2 admits nothing")


def test_a_group_of_apps_that_admits_anything_is_reported_with_the_commands_that_mend_it() -> None:
    open_to = {"describe_security_group_rules": rules("sgr-out", "sgr-1", "sgr-2")}
    finding = examine(healthy(ec2=open_to))["Studio"]
    assert not finding.fine
    assert finding.message.startswith("sg-1 of d-2 admits traffic, so that jobs or the apps of other people")
    assert "network.jobSecurityGroupId" in finding.message
    for rule in ("sgr-1", "sgr-2"):
        assert f"revoke-security-group-ingress --group-id sg-1 --security-group-rule-ids {rule}" in finding.message
    assert "sgr-out" not in finding.message


@pytest.mark.parametrize(
    ("referenced", "profiles", "fine"),
    [
        pytest.param("sg-grace", {"grace": ["sg-grace"]}, True, id="one person's apps alone"),
        pytest.param("sg-grace", {"ada": ["sg-grace"], "grace": ["sg-grace"]}, False, id="the apps of two people"),
        pytest.param("sg-jobs", {"grace": ["sg-grace"]}, False, id="jobs"),
        pytest.param("sg-grace", {"grace": ["sg-1"]}, True, id="nobody's group"),
    ],
)
def test_a_group_that_a_profile_adds_may_admit_the_apps_of_its_person_alone(
    referenced: str, profiles: dict[str, list[str]], *, fine: bool
) -> None:
    rule: dict[str, object] = {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-grace", "IsEgress": False}
    added = rule | {"ReferencedGroupInfo": {"GroupId": referenced}}

    def of_groups(*, Filters: list[dict[str, list[str]]], **_: object) -> dict[str, object]:  # noqa: N803
        return {"SecurityGroupRules": [added] if "sg-grace" in Filters[0]["Values"] else []}

    def profile(*, UserProfileName: str, **_: object) -> dict[str, object]:  # noqa: N803
        return {"UserSettings": {"SecurityGroups": profiles.get(UserProfileName, [])}}

    where = healthy(ec2={"describe_security_group_rules": of_groups}, sagemaker={"describe_user_profile": profile})
    finding = examine(where)["Studio"]
    assert finding.fine == fine
    assert fine or finding.message.startswith("sg-grace of d-2 admits traffic")


def test_a_domain_that_is_not_there_is_reported() -> None:
    finding = examine(healthy(sagemaker={"list_domains": answer({"Domains": []})}))["Studio"]
    assert (finding.fine, finding.message) == (False, "there is no domain analytics-dev; deploy the environment")
