"""A token issuer: an HTTPS server with an OIDC configuration and its keys, and the tokens that it signs."""

import json
import ssl
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.sandbox_aws.certificates import Certificates

PATH = "/_services/token"


class Issuer:
    """Signs tokens, and serves the keys that verify them."""

    def __init__(self, certificates: Certificates) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(pages()[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server, certificates.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.origin = f"https://localhost:{self._server.server_port}"
        self.url = f"{self.origin}{PATH}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def token(self, *, key: rsa.RSAPrivateKey | None = None, **changes: Any) -> str:
        """Return a token for a job in the environment dev of `acme/abalone`, with some claims changed."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": "sts.amazonaws.com",
            "sub": "repo:acme/abalone:environment:dev",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
        } | changes
        return jwt.encode(claims, key or self.key, algorithm="RS256", headers={"kid": "one"})

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _pages(self) -> Mapping[str, object]:
        public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key())) | {"kid": "one", "use": "sig", "alg": "RS256"}
        return {
            f"{PATH}/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            f"{PATH}/keys": {"keys": [public]},
        }
