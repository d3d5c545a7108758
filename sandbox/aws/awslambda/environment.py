"""The environment of functions: the local AWS over TLS, its certificate authority, and the function's identity."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.aws.ministack import evaluator, lambda_runtime, sts

FUNCTION = "SourceFunctionArn"
"""Key of a session's record: the ARN of the function that the session is of."""


def install(port: int, certificate_authority: Path) -> None:
    """Point functions at this server, and let policies see which function calls, by `lambda:SourceFunctionArn`."""
    trusted = str(certificate_authority)

    def trust_this_server(environment: dict[str, str]) -> None:
        # The function's own settings win, as everywhere in Lambda.
        environment["AWS_ENDPOINT_URL"] = f"https://localhost:{port}"
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            environment.setdefault(name, trusted)

    lambda_runtime.set_client_environment(trust_this_server)
    lambda_runtime.add_environment(_name_function)
    evaluator.add_principal_keys(_source_function)


def _name_function(config: Mapping[str, Any], environment: Mapping[str, str]) -> Mapping[str, str]:
    session = sts.sessions[environment["AWS_ACCESS_KEY_ID"]]
    session[FUNCTION] = ":".join(config["FunctionArn"].split(":")[:7])
    return {}


def _source_function(access_key_id: str) -> Mapping[str, Any]:
    session: Mapping[str, Any] = sts.sessions.get(access_key_id) or {}
    return {"lambda:SourceFunctionArn": session[FUNCTION]} if FUNCTION in session else {}
