"""`doctor`: recipients of alarms, of which there may be none, or some that have not confirmed."""

from pathlib import Path

import pytest

from tests.bootstrap.fakes import Parameters, refuse
from tests.bootstrap.healthy import ON_GITHUB_COM, SETTINGS, TOPIC, examine, healthy, subscriptions

pytestmark = pytest.mark.usefixtures("settings")

PENDING = "PendingConfirmation"
REFRESH = "pulumi up --refresh --stack dev"


def found(**arns: str) -> tuple[bool, str]:
    finding = examine(healthy(sns=subscriptions(**arns)))["alarms"]
    return finding.fine, finding.message


def test_every_recipient_that_has_confirmed_is_named() -> None:
    assert found(grace=f"{TOPIC}:1", ada=f"{TOPIC}:2") == (True, "sent to grace@example.com, ada@example.com")


def test_a_topic_without_a_recipient_is_reported_with_the_setting_and_the_topic() -> None:
    fine, message = found()
    assert not fine
    assert message.startswith(
        "nobody is notified of alarms, or when the budget is spent; enter alarms.emails in Pulumi.dev.yaml"
    )
    assert f"aws sns subscribe --topic-arn {TOPIC}" in message


def test_the_settings_of_a_units_own_stack_are_named_by_its_file(settings: Path) -> None:
    settings.rename(settings.with_name("Pulumi.analytics-dev.yaml"))
    assert "enter alarms.emails in Pulumi.analytics-dev.yaml" in found()[1]


@pytest.mark.parametrize(
    ("arns", "begins"),
    [
        (
            {"ada": PENDING, "grace": f"{TOPIC}:1", "hedy": PENDING},
            "not confirmed by ada@example.com, hedy@example.com: open",
        ),
        (
            {"ada": PENDING},
            "nobody is notified of alarms, or when the budget is spent; not confirmed by ada@example.com: open",
        ),
    ],
)
def test_recipients_that_have_not_confirmed_are_named(arns: dict[str, str], begins: str) -> None:
    fine, message = found(**arns)
    assert not fine
    assert message.startswith(begins)
    assert "alarms.emails" not in message


@pytest.mark.parametrize("arns", [{}, {"ada": "Deleted"}])
def test_an_address_of_the_settings_that_aws_removed_is_subscribed_again_by_an_update(
    settings: Path, arns: dict[str, str]
) -> None:
    settings.write_text(f"{SETTINGS}  mlops-platform:alarms: {{emails: [ada@example.com, grace@example.com]}}\n")
    fine, message = found(grace=f"{TOPIC}:1", **arns)
    assert not fine
    assert message.startswith("not subscribed: ada@example.com of alarms.emails")
    assert message.endswith(REFRESH)


def test_a_topic_that_does_not_exist_is_created_again_by_an_update() -> None:
    elsewhere = ON_GITHUB_COM | {"/mlops/analytics/dev/notifications/alarms-topic-arn": f"{TOPIC}-deleted"}
    finding = examine(healthy(ssm=Parameters(elsewhere)))["alarms"]
    assert not finding.fine
    assert finding.message.endswith(f"does not exist, so nobody is notified; run: {REFRESH}")


def test_whoever_may_not_list_subscriptions_is_told_so() -> None:
    finding = examine(healthy(sns={"list_subscriptions_by_topic": refuse("AuthorizationError", "not allowed")}))[
        "alarms"
    ]
    assert not finding.fine
    assert finding.message == (
        "cannot be examined: the identity that runs this command may not call Operation; use credentials of an "
        "administrator of the account"
    )
