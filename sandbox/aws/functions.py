"""What Lambda functions find: the local AWS over TLS, and a certificate authority that they trust."""

from pathlib import Path

from sandbox.aws import emulator


def install(port: int, certificate_authority: Path) -> None:
    """Point functions at this server."""
    trusted = str(certificate_authority)

    def trust_gateway_cert(environment: dict[str, str]) -> None:
        # The function's own settings win, as everywhere in Lambda.
        environment["AWS_ENDPOINT_URL"] = f"https://localhost:{port}"
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            environment.setdefault(name, trusted)

    emulator.tls.trust_gateway_cert = trust_gateway_cert
