"""What Lambda functions find: the local AWS over TLS, and a certificate authority that they trust."""

from pathlib import Path
from typing import Any

from sandbox.aws import emulator

FUNCTION = "SourceFunctionArn"


def install(port: int, certificate_authority: Path) -> None:
    """Point functions at this server."""
    trusted = str(certificate_authority)

    def trust_gateway_cert(environment: dict[str, str]) -> None:
        # The function's own settings win, as everywhere in Lambda.
        environment["AWS_ENDPOINT_URL"] = f"https://localhost:{port}"
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            environment.setdefault(name, trusted)

    emulator.tls.trust_gateway_cert = trust_gateway_cert
    _name_calling_function()


def _name_calling_function() -> None:
    """Let policies see which function calls, by `lambda:SourceFunctionArn`."""
    credentials_of = emulator.lambda_runtime.execution_credentials
    keys_of = emulator.evaluator._principal_keys

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        credentials = credentials_of(config)
        session = emulator.sts._sessions[credentials["AWS_ACCESS_KEY_ID"]]
        session[FUNCTION] = ":".join(config["FunctionArn"].split(":")[:7])
        return credentials

    def principal_keys(credential: Any) -> dict[str, Any]:
        session: dict[str, Any] = emulator.sts._sessions.get(credential.access_key_id) or {}
        own = {"lambda:sourcefunctionarn": session[FUNCTION]} if FUNCTION in session else {}
        return {**keys_of(credential), **own}

    emulator.lambda_runtime.execution_credentials = execution_credentials
    emulator.evaluator._principal_keys = principal_keys
