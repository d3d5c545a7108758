"""Exchange the job's OpenID Connect token for credentials of a role, with Python's standard library only."""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"


def main() -> None:
    """Read the action's inputs from the environment, and write the credentials for the steps that follow."""
    role, region = os.environ["ROLE"], os.environ["REGION"]
    account = role.split(":")[4] if role.count(":") == 5 else sys.exit(f"::error::{role!r} is no ARN of a role")
    allowed = [one.strip() for one in os.environ["ACCOUNTS"].split(",") if one.strip()]
    if allowed and account not in allowed:
        sys.exit(f"::error::The role's account is none of the allowed ones: {', '.join(allowed)}")
    credentials = _assume(role, _token())
    if os.environ["MASK"] == "true":
        _print(f"::add-mask::{account}")
    for name in ("SecretAccessKey", "SessionToken"):
        _print(f"::add-mask::{credentials[name]}")
    variables = {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    with Path(os.environ["GITHUB_ENV"]).open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in variables.items())
    with Path(os.environ["GITHUB_OUTPUT"]).open("a") as file:
        file.write(f"account={account}\n")
    _print(f"Authenticated as assumedRoleId {credentials['AssumedRoleId']}")


def _token() -> str:
    url = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    if url is None:
        sys.exit(
            "::error::Credentials could not be loaded, please check your action inputs: Could not load credentials "
            "from any providers. Did you mean to set the `id-token` permission?"
        )
    bearer = os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    request = urllib.request.Request(
        f"{url}&audience={urllib.parse.quote(os.environ['AUDIENCE'])}",
        headers={"Authorization": f"Bearer {bearer}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["value"])


def _assume(role: str, token: str) -> dict[str, str]:
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": os.environ["SESSION"],
        "DurationSeconds": os.environ["DURATION"],
        "WebIdentityToken": token,
    }
    endpoint = os.environ.get("AWS_ENDPOINT_URL_STS") or os.environ["AWS_ENDPOINT_URL"]
    request = urllib.request.Request(endpoint, urllib.parse.urlencode(form).encode())
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            document = ElementTree.fromstring(answer.read())  # noqa: S314 - STS is trusted
    except urllib.error.HTTPError as error:
        message = error.read().decode(errors="replace")
        sys.exit(f"::error::Could not assume role with OIDC: {message}")
    return {
        element.tag.removeprefix(NAMESPACE): element.text or ""
        for part in ("Credentials", "AssumedRoleUser")
        for element in document.iterfind(f".//{NAMESPACE}{part}/*")
    }


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
