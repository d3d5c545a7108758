"""A probe: a call that must be refused, and its outcome."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.http_client import RefusedError
from sandbox.organization import ORGANIZATION

PLATFORM = f"{ORGANIZATION.login}/mlops-platform"
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
REFUSALS = ("AccessDenied", "AccessDeniedException", "InvalidIdentityToken", "UnauthorizedOperation")
GITHUB_REFUSALS = (
    "Repository rule violations found",
    "Must have admin rights to Repository.",
    "Must have push access to repository",
    "You must be an organization owner to do this.",
)
ANOTHER_PROJECT = "p-000000000000"

Call = Callable[[], object]
Probe = tuple[str, Call]
"""Description of a call, and the call."""
Client = Callable[[str], Any]
"""Returns an actor's client of a service."""


def outcome_of(call: Call, refusals: Collection[str] = REFUSALS) -> str | None:
    """Return the result of a call, or None if it was refused."""
    try:
        answer = call()
    except RefusedError as error:
        return None if any(reason in str(error) for reason in GITHUB_REFUSALS) else str(error)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        return None if code in refusals else str(error)
    return f"worked: {answer}"


def trust_of(principal: Mapping[str, str]) -> str:
    """Return a trust policy that lets a principal assume a role."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
