"""Ask the account's release function, which says first whether those who let the job in are its release managers."""

import json
import os
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.project import aws
from mlops_platform.project.aws import error_code
from mlops_platform.release import DeploymentError

SECONDS = 310
"""Longest wait for the answer: a little longer than the function may run."""
RELEASED_BY = "RELEASED_BY"
"""Variable with the logins of those who let the job in, as the step before says (`released_by.py`); empty where nobody has to."""


def ask(region: str, function: str, alias: str, question: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the function to a question of the project whose alias this is.

    Raises:
        DeploymentError: the function refuses or fails, or may not be asked; the message says why.
    """
    client = aws.client("lambda", region, attempts=2, read_timeout_seconds=SECONDS)
    question["released_by"] = [login for login in os.environ.get(RELEASED_BY, "").split(",") if login]
    answer = _invoke(client, function, alias, question)
    if "refused" in answer:
        raise DeploymentError(answer["refused"])
    return answer


def _invoke(client: Any, function: str, alias: str, question: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = client.invoke(FunctionName=function, Qualifier=alias, Payload=json.dumps(question))
    except ClientError as error:
        if error_code(error) in ("AccessDeniedException", "ResourceNotFoundException"):
            raise DeploymentError(
                f"this repository may not release by {function}:{alias}: the account's platform, or the project's "
                f"product in Service Catalog, is older than this repository ({error})"
            ) from error
        raise
    content = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DeploymentError(f"{function} failed, its log says why: {content.get('errorMessage', content)}")
    return content
