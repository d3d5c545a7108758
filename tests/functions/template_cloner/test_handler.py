"""The whole function: CloudFormation's answer is taken by a real HTTP server, GitHub and AWS are in memory."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.template_cloner import answer, handler
from functions.template_cloner.answer import Answer, AnswerNotDeliveredError
from functions.template_cloner.github_rules import BranchRules
from functions.template_cloner.response_url import ForeignResponseUrlError
from tests.functions.project_onboarding.fake_account import ARNS
from tests.functions.shared.server import Reply, Server, serving
from tests.functions.template_cloner.fake_function import ROLES, MemoryFunction
from tests.functions.template_cloner.fakes import PROJECT, PROTECTED, Fakes, MemoryGitHub
from tests.functions.template_cloner.test_launch_records import Parameters
from tests.functions.template_cloner.test_properties import PROPERTIES, ROLES_PROPERTIES
from tests.functions.template_cloner.test_routing import CHECK_PROPERTIES
from tests.functions.template_cloner.test_settings import ENVIRONMENT

TOKEN = "ghp_a-token-that-no-log-may-show"
SIGNATURE = "X-Amz-Signature=a-signature-that-no-log-may-show"


@dataclass
class Context:
    """A Lambda context with some time left."""

    seconds: float = 60.0

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as running:
        running.reply(Reply())
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", running.url)
        yield running


class Aws:
    """Four services in memory."""

    def __init__(self) -> None:
        self.functions: MemoryFunction | None = None
        self.parameters = Parameters()
        self.secret = json.dumps({"token": TOKEN})
        self.status = "CREATE_IN_PROGRESS"
        self.protected = False
        self.may_protect = True
        self.may_look = True

    def client(self, service: str, config: object) -> Any:
        return {"ssm": self.parameters, "lambda": self.functions}.get(service, self)

    def get_secret_value(self, **arguments: object) -> dict[str, str]:
        return {"SecretString": self.secret}

    def describe_stacks(self, **arguments: object) -> dict[str, list[dict[str, str]]]:
        if not self.may_look:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self.status}]}

    def update_termination_protection(self, *, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803
        if not self.may_protect:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "UpdateTerminationProtection")
        self.protected = EnableTerminationProtection


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    memory = Aws()
    monkeypatch.setattr(boto3, "client", memory.client)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return memory


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> Fakes:
    fakes = Fakes()

    def github(*arguments: object) -> MemoryGitHub:
        return fakes.github

    monkeypatch.setattr("functions.template_cloner.service.GitHub", github)
    return fakes


def event(cloudformation: Server, kind: str = "Create", **more: object) -> dict[str, object]:
    return {
        "RequestType": kind,
        "ResponseURL": f"{cloudformation.url}/answer?{SIGNATURE}",
        "StackId": "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-111111111111-pp-x/1",
        "RequestId": "request-1",
        "ResourceType": "Custom::ProjectRepository",
        "LogicalResourceId": "Repository",
        "ResourceProperties": PROPERTIES,
        **more,
    }


def the_answer(cloudformation: Server) -> Any:
    [request] = cloudformation.requests
    assert request.method == "PUT"
    return request.json


def test_a_launch_is_answered_with_the_repository(cloudformation: Server, fakes: Fakes) -> None:
    handler.handler(event(cloudformation), Context())

    response = the_answer(cloudformation)
    assert response["Data"].pop("FullName") == PROJECT.full_name
    assert len(response.pop("Data")) == 5
    assert response == {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": PROJECT.full_name,
        "StackId": "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-111111111111-pp-x/1",
        "RequestId": "request-1",
        "LogicalResourceId": "Repository",
    }
    assert fakes.launched
    assert cloudformation.requests[0].headers["Content-Type"] == ""


def test_a_request_that_comes_twice_gets_the_same_answer(cloudformation: Server, fakes: Fakes) -> None:
    handler.handler(event(cloudformation), Context())
    handler.handler(event(cloudformation), Context())

    first, second = cloudformation.requests
    assert first.json == second.json
    assert len(fakes.github.writes) == 7


def test_a_refused_launch_is_answered_with_the_reason(cloudformation: Server, fakes: Fakes) -> None:
    handler.handler(event(cloudformation, ResourceProperties={**PROPERTIES, "Users": ["adda", "mary"]}), Context())

    response = the_answer(cloudformation)
    assert response["Status"] == "FAILED"
    assert "no user 'adda'" in response["Reason"]
    assert response["PhysicalResourceId"] == PROJECT.full_name
    assert not fakes.launched


def test_a_failed_launch_leaves_nothing_after_its_rollback(cloudformation: Server, fakes: Fakes, aws: Aws) -> None:
    fakes.github.rules_of_projects = BranchRules()
    handler.handler(event(cloudformation), Context())
    assert the_answer(cloudformation)["Status"] == "FAILED"
    cloudformation.requests.clear()
    aws.status = "ROLLBACK_IN_PROGRESS"

    handler.handler(event(cloudformation, "Delete", PhysicalResourceId=PROJECT.full_name), Context())

    assert the_answer(cloudformation)["Status"] == "SUCCESS"
    assert not fakes.launched
    assert aws.parameters.values == {}


def test_an_update_that_is_refused_while_the_stack_updates_succeeds_while_it_rolls_back(
    cloudformation: Server, fakes: Fakes, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    handler.handler(event(cloudformation), Context())
    before = {**PROPERTIES, "Users": ["ada"]}
    known = {"PhysicalResourceId": PROJECT.full_name, "ResourceProperties": before, "OldResourceProperties": PROPERTIES}

    for aws.status in ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"):
        handler.handler(event(cloudformation, "Update", **known), Context())

    created, refused, restored = (request.json for request in cloudformation.requests)
    assert isinstance(created, dict)
    assert isinstance(refused, dict)
    assert isinstance(restored, dict)
    assert "only ada would" in refused["Reason"]
    assert restored == created
    assert fakes.repo.collaborators == {"ada"}


@pytest.mark.parametrize(
    ("setting", "value"), [("GITHUB_API_URL", ""), ("REVIEW_RULES", "{}")], ids=["explained", "unexpected"]
)
def test_a_rollback_succeeds_whatever_hinders_it(
    cloudformation: Server,
    fakes: Fakes,
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    setting: str,
    value: str,
) -> None:
    monkeypatch.setenv(setting, value)
    aws.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    known = {"PhysicalResourceId": PROJECT.full_name, "OldResourceProperties": PROPERTIES}

    handler.handler(event(cloudformation, "Update", **known), Context())

    response = the_answer(cloudformation)
    assert (response["Status"], response["PhysicalResourceId"]) == ("SUCCESS", PROJECT.full_name)
    assert f"not restored: {PROJECT.full_name}: " in caplog.text


def test_a_rollback_that_hangs_succeeds_before_lambda_ends_it(
    cloudformation: Server, fakes: Fakes, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    def hang(what: str) -> None:
        while not cloudformation.requests:
            time.sleep(0.01)

    handler.handler(event(cloudformation), Context())
    cloudformation.requests.clear()
    fakes.github.before_write = hang
    fakes.repo.collaborators.clear()
    aws.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    known = {"PhysicalResourceId": PROJECT.full_name, "OldResourceProperties": PROPERTIES}

    handler.handler(event(cloudformation, "Update", **known), Context(seconds=5.2))

    assert the_answer(cloudformation)["Status"] == "SUCCESS"
    assert "the template cloner ran out of time" in caplog.text


def test_roles_are_made_without_asking_github(
    cloudformation: Server, fakes: Fakes, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.functions = MemoryFunction(fakes.account)
    monkeypatch.setattr("functions.template_cloner.roles_provisioner._RETRY_SECONDS", 0.01)
    fakes.account.seconds = 0
    aws.secret = "nobody has set it"
    asked: dict[str, Any] = {"ResourceType": "Custom::DeploymentRoles", "ResourceProperties": ROLES_PROPERTIES}

    handler.handler(event(cloudformation, **asked), Context())
    aws.status = "DELETE_IN_PROGRESS"
    handler.handler(event(cloudformation, "Delete", PhysicalResourceId=ROLES.name, **asked), Context())

    made, gone = (request.json for request in cloudformation.requests)
    assert isinstance(made, dict)
    assert isinstance(gone, dict)
    assert (made["Status"], made["PhysicalResourceId"], made["Data"]) == ("SUCCESS", ROLES.name, ARNS)
    assert gone["Status"] == "SUCCESS"
    assert fakes.account.stacks == {}


def test_a_project_is_protected_by_its_launch_and_no_longer_when_it_may_go(
    cloudformation: Server, fakes: Fakes, aws: Aws
) -> None:
    aws.functions = MemoryFunction(fakes.account)
    asked: dict[str, Any] = {"ResourceType": "Custom::DeletionCheck"}
    properties = {**CHECK_PROPERTIES, "Accounts": {"prod": ROLES.account_id}}
    on, off = ({**properties, "DeletionProtection": each} for each in ("on", "off"))

    handler.handler(event(cloudformation, **asked, ResourceProperties=on), Context())
    assert aws.protected
    aws.status = "UPDATE_IN_PROGRESS"
    changed = event(cloudformation, "Update", **asked, ResourceProperties=off, OldResourceProperties=on)
    handler.handler(changed, Context())

    assert not aws.protected
    assert [request.json["Status"] for request in cloudformation.requests if isinstance(request.json, dict)] == [
        "SUCCESS",
        "SUCCESS",
    ]


def test_an_account_that_does_not_let_the_function_protect_stacks_is_named_with_what_to_do(
    cloudformation: Server, fakes: Fakes, aws: Aws
) -> None:
    aws.may_protect = False
    on = {**CHECK_PROPERTIES, "DeletionProtection": "on"}

    handler.handler(event(cloudformation, ResourceType="Custom::DeletionCheck", ResourceProperties=on), Context())

    assert "`python -m bootstrap up`" in the_answer(cloudformation)["Reason"]


def test_an_update_of_a_stack_that_the_function_may_not_look_at_says_how_its_rollback_is_continued(
    cloudformation: Server, fakes: Fakes, aws: Aws
) -> None:
    aws.may_look = False
    more = {"PhysicalResourceId": PROJECT.full_name, "OldResourceProperties": PROPERTIES}
    handler.handler(event(cloudformation, "Update", **more), Context())
    answered = the_answer(cloudformation)
    assert answered["Status"] == "FAILED"
    assert "may not read the state of the project's stack: deploy the platform again" in answered["Reason"]
    assert (
        "continue-update-rollback --stack-name arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-"
        in answered["Reason"]
    )


@pytest.mark.parametrize("url", ["https://evil.example.com/x", "http://169.254.169.254/x", None])
def test_a_request_that_is_not_cloudformation_s_is_neither_carried_out_nor_answered(
    cloudformation: Server, fakes: Fakes, url: object
) -> None:
    with pytest.raises(ForeignResponseUrlError):
        handler.handler(event(cloudformation, ResponseURL=url), Context())

    assert cloudformation.requests == []
    assert not fakes.launched


def test_a_deletion_without_enough_time_fails_and_says_to_repeat_it(
    cloudformation: Server, fakes: Fakes, aws: Aws
) -> None:
    aws.functions = MemoryFunction(fakes.account)
    fakes.account.deploys(ROLES.name, "Deleting", for_seconds=3600)
    asked: dict[str, Any] = {"ResourceType": "Custom::DeploymentRoles", "ResourceProperties": ROLES_PROPERTIES}

    handler.handler(event(cloudformation, "Delete", PhysicalResourceId=ROLES.name, **asked), Context(seconds=11))

    response = the_answer(cloudformation)
    assert response["Status"] == "FAILED"
    assert response["Reason"].endswith("delete the project again")


def test_a_function_that_is_not_configured_answers(
    cloudformation: Server, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_API_URL")

    handler.handler(event(cloudformation), Context())

    response = the_answer(cloudformation)
    assert response["Status"] == "FAILED"
    assert "not configured: GITHUB_API_URL" in response["Reason"]


def test_code_that_cannot_be_imported_is_answered(
    cloudformation: Server, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "functions.template_cloner.launcher", None)
    monkeypatch.delitem(sys.modules, "functions.template_cloner.service", raising=False)
    monkeypatch.delattr("functions.template_cloner.service", raising=False)

    handler.handler(event(cloudformation), Context())
    handler.handler(event(cloudformation, "Delete", PhysicalResourceId="given"), Context())

    first, second = (request.json for request in cloudformation.requests)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["Status"] == second["Status"] == "FAILED"
    assert (first["PhysicalResourceId"], second["PhysicalResourceId"]) == ("Repository", "given")


def test_an_unexpected_error_is_answered_by_its_kind_only(
    cloudformation: Server, fakes: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(what: str) -> None:
        raise ZeroDivisionError("private detail")

    fakes.github.before_write = fail

    handler.handler(event(cloudformation), Context())

    response = the_answer(cloudformation)
    assert response["Reason"] == "unexpected ZeroDivisionError: the function's log says more"
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("protected", [True, False])
def test_no_log_shows_the_token_the_event_or_the_signed_url(
    cloudformation: Server,
    fakes: Fakes,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    protected: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(answer, "_FIRST_WAIT_SECONDS", 0.0)
    fakes.github.rules_of_projects = PROTECTED if protected else BranchRules()
    cloudformation.reply(Reply(status=503), Reply(hang_up=True), Reply())

    handler.handler(event(cloudformation), Context())

    assert "answered" in caplog.text
    for secret in (TOKEN, SIGNATURE, cloudformation.url, "ServiceToken"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("seconds", "told", "least"), [(5.2, "1200", 0.15), (590.0, "6", 0.9)], ids=["lambda", "cloudformation"]
)
def test_a_launch_that_hangs_is_answered_before_lambda_ends_it_or_cloudformation_gives_up(
    cloudformation: Server, fakes: Fakes, seconds: float, told: str, least: float
) -> None:
    started = time.monotonic()
    answered: list[float] = []

    def hang(what: str) -> None:
        while not cloudformation.requests:
            time.sleep(0.01)
        answered.append(time.monotonic() - started)

    fakes.github.before_write = hang

    properties = {**PROPERTIES, "ServiceTimeout": told}
    handler.handler(event(cloudformation, ResourceProperties=properties), Context(seconds=seconds))

    response = the_answer(cloudformation)
    assert response["Status"] == "FAILED"
    assert "ran out of time" in response["Reason"]
    assert least <= answered[0] < least + 2


def test_an_answer_is_repeated_until_cloudformation_takes_it(cloudformation: Server) -> None:
    waits: list[float] = []
    cloudformation.reply(Reply(status=500), Reply(hang_up=True), Reply(status=403), Reply())

    Answer(event(cloudformation), sleep=waits.append).succeed("id", {"Name": "x"})

    assert len(cloudformation.requests) == 4
    assert waits == [0.5, 1.0, 2.0]


def test_an_answer_that_is_not_accepted_fails_the_invocation_so_that_lambda_repeats_it(
    cloudformation: Server, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "_ATTEMPTS", 1)
    cloudformation.reply(Reply(status=500))

    with pytest.raises(AnswerNotDeliveredError):
        handler.handler(event(cloudformation), Context())


def test_only_the_first_answer_counts(cloudformation: Server) -> None:
    response = Answer(event(cloudformation))

    response.fail("id", "first")
    response.succeed("id", {})

    assert the_answer(cloudformation)["Reason"] == "first"


def test_a_long_reason_is_shortened_to_what_cloudformation_takes(cloudformation: Server) -> None:
    Answer(event(cloudformation)).fail("id", "ü" * 5000)

    assert len(cloudformation.requests[0].body) < 4096
    assert the_answer(cloudformation)["Reason"] == "ü" * 750
