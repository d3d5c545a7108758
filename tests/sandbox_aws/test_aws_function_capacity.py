"""A function without capacity: events wait in its queue, also CloudFormation's, and who waits for an answer is refused.

Source: AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation".
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account, allow, document
from tests.sandbox_aws.test_aws_functions import create
from tests.sandbox_aws.test_aws_stacks import at_rest

SLOW = {
    "handler.py": """
import json, time, urllib.request
import boto3

def handler(event, context):
    time.sleep(event.get("seconds", 0.2))
    if "ResponseURL" not in event:
        return boto3.client("ssm").put_parameter(Name=event["name"], Value="done", Type="String")["Version"]
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "SUCCESS", "PhysicalResourceId": event["LogicalResourceId"]}
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT"))
""",
}
ARN = "arn:aws:lambda:eu-west-1:111111111111:function:slow"


def wait_until(condition: Callable[[], Any]) -> Any:
    """Wait until a condition is true, and return what it found."""
    deadline = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def slow(dev: Account) -> Any:
    """A function that does one thing at a time, and takes a while for it."""
    functions = create(dev, "slow", "handler.handler", SLOW)
    functions.put_function_concurrency(FunctionName="slow", ReservedConcurrentExecutions=1)
    dev.client("iam").put_role_policy(
        RoleName="functions-slow", PolicyName="own", PolicyDocument=document(allow("ssm:PutParameter"))
    )
    return functions


def test_more_custom_resources_than_a_function_has_capacity_for_wait_for_their_turn(dev: Account, slow: Any) -> None:
    del slow
    stacks = dev.client("cloudformation")
    resource = {"Type": "Custom::Slow", "Properties": {"ServiceToken": ARN, "ServiceTimeout": "20"}}
    template = json.dumps({"Resources": {"Slow": resource}})
    made = [stacks.create_stack(StackName=f"slow-{each}", TemplateBody=template)["StackId"] for each in range(6)]

    assert [at_rest(dev, each)["StackStatus"] for each in made] == ["CREATE_COMPLETE"] * 6


def test_events_without_capacity_are_kept_however_often_they_are_refused(dev: Account, slow: Any) -> None:
    for each in range(6):
        event = json.dumps({"name": f"/slow/{each}"}).encode()
        slow.invoke(FunctionName="slow", InvocationType="Event", Payload=event)

    def done(name: str) -> bool:
        found = dev.client("ssm").get_parameters(Names=[name])["Parameters"]
        return [each["Value"] for each in found] == ["done"]

    wait_until(lambda: all(done(f"/slow/{each}") for each in range(6)))


def test_an_event_that_waits_longer_than_it_may_ends_in_the_dead_letter_queue(dev: Account) -> None:
    functions, queues = create(dev, "closed", "handler.handler", SLOW), dev.client("sqs")
    queue = queues.create_queue(QueueName="closed-failures")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:111111111111:closed-failures"
    dev.client("iam").put_role_policy(
        RoleName="functions-closed", PolicyName="own", PolicyDocument=document(allow("sqs:SendMessage", arn))
    )
    functions.update_function_configuration(FunctionName="closed", DeadLetterConfig={"TargetArn": arn})
    functions.put_function_concurrency(FunctionName="closed", ReservedConcurrentExecutions=0)
    functions.put_function_event_invoke_config(FunctionName="closed", MaximumEventAgeInSeconds=1)
    functions.invoke(FunctionName="closed", InvocationType="Event", Payload=b'{"name": "/slow/never"}')

    def dead() -> list[Any]:
        return queues.receive_message(QueueUrl=queue).get("Messages", [])

    [message] = wait_until(dead)
    assert json.loads(message["Body"]) == {"name": "/slow/never"}


def test_who_waits_for_an_answer_is_refused(slow: Any) -> None:
    def ask(seconds: float) -> str:
        event = {"name": "/slow/asked", "seconds": seconds}
        try:
            slow.invoke(FunctionName="slow", Payload=json.dumps(event).encode())
        except ClientError as error:
            return error.response.get("Error", {}).get("Code", "")
        return "answered"

    # The function is idle from here on.
    wait_until(lambda: ask(0) == "answered")
    with ThreadPoolExecutor() as pool:
        answers = sorted(pool.map(ask, (2, 2)))
    assert answers == ["TooManyRequestsException", "answered"]
