"""Documents, code and tags that several cases use."""

import json
from typing import Any

SIGNATURE = "4dabf18193072939515e22adb298388d"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
HANDLER = "def handler(event, context):\n    return {}\n"
Inputs = dict[str, Any]
OWNER = {"AWS": "arn:aws:iam::111111111111:root"}
"""A new bucket accepts no public policy."""
TAGS = {"tags": {"colour": "red"}}


def policy(*actions: str, resource: str = "*", principal: Any = None) -> str:
    """Return a policy document."""
    statement: dict[str, Any] = {"Sid": "Probe", "Effect": "Allow", "Action": list(actions), "Resource": resource}
    if principal:
        statement["Principal"] = principal
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service: str) -> str:
    """Return the document that lets a service assume a role."""
    statement = {"Sid": "T", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def archive(content: str) -> Inputs:
    """Return a function's code as the engine writes it."""
    text = {SIGNATURE: ASSET, "text": content, "hash": f"hash-of-{len(content)}"}
    return {SIGNATURE: ARCHIVE, "assets": {"handler.py": text}, "hash": f"hash-of-archive-{len(content)}"}
