"""MLflow's REST API of an app, as the plugin of SageMaker's calls it, for tests that have no client of MLflow's.

Source: sagemaker-mlflow 0.5.0, `auth.py`, `auth_provider.py` and `mlflow_sagemaker_request_header_provider.py`.
"""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

WITHIN_SECONDS = 300
"""The first request of all installs and starts the server."""


class RefusedError(Exception):
    """The app refused a request; the message is the status and the answer."""


@dataclass(frozen=True, kw_only=True)
class MlflowApi:
    """An app, and the identity by which it is called."""

    endpoint_url: str
    certificate_authority: Path
    app_arn: str
    credentials: Credentials

    def post(self, path: str, **members: object) -> dict[str, Any]:
        """Return the answer to a request such as `runs/search`.

        Raises:
            RefusedError: it is refused.
        """
        url, body = f"{self.endpoint_url}/api/2.0/mlflow/{path}", json.dumps(members).encode()
        headers = {"Content-Type": "application/json", "x-sm-mlflow-app-arn": self.app_arn}
        request = AWSRequest("POST", url, headers, body)
        SigV4Auth(self.credentials, "sagemaker", self.app_arn.split(":")[3]).add_auth(request)
        signed = urllib.request.Request(url, body, dict(request.headers.items()), method="POST")
        trusted = ssl.create_default_context(cafile=str(self.certificate_authority))
        try:
            with urllib.request.urlopen(signed, timeout=WITHIN_SECONDS, context=trusted) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise RefusedError(f"{refusal.code} {refusal.read().decode()}") from None
