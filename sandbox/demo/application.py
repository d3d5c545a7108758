"""An application in the production account that calls the endpoint, with a role that may do nothing else."""

import io
import json
import threading
import zipfile
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import boto3

from sandbox import identities
from sandbox.stacks import StackFile

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

NAME = "rings-application"
CODE = '''"""Predict the number of rings of each abalone."""

import boto3


def handler(event, context):
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=event["endpoint"], ContentType="text/csv", Accept="text/csv", Body="\\n".join(event["rows"])
    )
    return [float(line) for line in answer["Body"].read().decode().split()]
'''


class ApplicationFailedError(Exception):
    """The application got no prediction; the message is its own."""


@dataclass
class Responses:
    """Responses to an application that kept calling with one abalone."""

    rings: Counter[float] = field(default_factory=Counter[float])
    """Number of responses by predicted rings, which differ between versions."""
    failures: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Application:
    """The installed application, and a session of the account's owner that invokes it."""

    session: boto3.Session
    endpoint: str

    def predict(self, rows: list[str]) -> list[float]:
        """Return the number of rings that the endpoint predicts for each row.

        Raises:
            ApplicationFailedError: the application got no prediction.
        """
        answer = self.session.client("lambda").invoke(
            FunctionName=NAME, Payload=json.dumps({"endpoint": self.endpoint, "rows": rows})
        )
        content = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise ApplicationFailedError(str(content.get("errorMessage", content)))
        return cast("list[float]", content)

    @contextmanager
    def calling(self, row: str) -> Generator[Responses]:
        """Keep calling with a row until the block ends; the responses are complete then."""
        responses, over = Responses(), threading.Event()

        def call() -> None:
            while not over.is_set():
                try:
                    responses.rings[self.predict([row])[0]] += 1
                except ApplicationFailedError as failure:
                    responses.failures.append(str(failure))

        caller = threading.Thread(target=call)
        caller.start()
        try:
            yield responses
        finally:
            over.set()
            caller.join()


def install(stack: StackFile, endpoint: str) -> Application:
    """Install the application unless it exists."""
    session = identities.session(identities.root(stack.account_id), stack.region)
    functions = session.client("lambda")
    try:
        functions.get_function(FunctionName=NAME)
    except functions.exceptions.ResourceNotFoundException:
        role = _role(session.client("iam"), stack, endpoint)
        functions.create_function(
            FunctionName=NAME,
            Runtime="python3.13",
            Handler="application.handler",
            Role=role,
            Code={"ZipFile": _archive()},
            Timeout=30,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=NAME)
    return Application(session, endpoint)


def _role(iam: "IAMClient", stack: StackFile, endpoint: str) -> str:
    trust = _document("Allow", "sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    resource = f"arn:aws:sagemaker:{stack.region}:{stack.account_id}:endpoint/{endpoint}"
    grant = _document("Allow", "sagemaker:InvokeEndpoint", Resource=resource)
    iam.put_role_policy(RoleName=NAME, PolicyName="invoke", PolicyDocument=json.dumps(grant))
    return role


def _document(effect: str, action: str, **about: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, **about}]}


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("application.py", CODE)
    return file.getvalue()
