"""The credential that the functions use at GitHub."""

import json
import re
from typing import Any

from botocore.exceptions import ClientError

from functions.shared import aws_clients
from functions.shared.github_api.errors import CredentialError

_TOKEN = re.compile(r"[\x21-\x7e]+")


def github_token(secret_arn: str, secrets: Any = None) -> str:
    """Return the token in the platform's secret.

    Raises:
        CredentialError: it was never set, or it is not what `python -m bootstrap` writes.
    """
    client = secrets or aws_clients.client("secretsmanager")
    advice = "set the platform's GitHub credential with python -m bootstrap github-token"
    try:
        text = client.get_secret_value(SecretId=secret_arn)["SecretString"]
    except ClientError as error:
        if aws_clients.code(error) == "ResourceNotFoundException":
            raise CredentialError(f"the secret {secret_arn} holds no value; {advice}") from None
        raise
    try:
        token = json.loads(text)["token"]
    except (ValueError, TypeError, KeyError):
        token = None
    # Neither the text nor an error that quotes it, such as the one for a line feed in a header, may reach a log.
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise CredentialError(f'the secret {secret_arn} must be JSON with one key, "token"; {advice}') from None
    return token
