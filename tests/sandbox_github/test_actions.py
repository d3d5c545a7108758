"""Workflows run as on GitHub: real act, real git, real tokens."""

import json
from pathlib import Path

import jwt
from jwt.algorithms import RSAAlgorithm

from tests.sandbox_github.client import OUTSIDER, encoded, eventually
from tests.sandbox_github.remote import Remote

IDENTITY = """
name: Build
on: [workflow_dispatch, pull_request]
permissions:
  contents: read
  id-token: write
jobs:
  build:
    name: Build it
    runs-on: ubuntu-latest
    environment: dev
    steps:
      - uses: actions/checkout@v7
      - name: Show the files
        run: ls README.md
      - name: Ask for the token
        run: |
          if [ -z "$ACTIONS_ID_TOKEN_REQUEST_URL" ]; then echo "no identity"; exit 0; fi
          curl --silent --fail --header "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | base64 --wrap=0
"""


def test_a_job_gets_a_token_that_says_its_repository_by_id_and_its_environment(remote: Remote) -> None:
    path = remote.with_workflow("identity", IDENTITY)
    run = remote.dispatch(path)
    assert run["conclusion"] == "success", remote.log(run)
    line = next(line for line in remote.log(run).splitlines() if line.startswith("Build it: ey"))
    import base64

    token = json.loads(base64.b64decode(line.split(": ")[1]))["value"]
    issuer = f"{remote.url}/_services/token"
    keys = remote.raw("GET", "/_services/token/.well-known/jwks").json["keys"]
    claims = jwt.decode(
        token, RSAAlgorithm.from_jwk(keys[0]), algorithms=["RS256"], audience="sts.amazonaws.com", issuer=issuer
    )
    number = remote("GET", path).json["id"]
    assert claims["sub"] == f"repo:acme@1001/identity@{number}:environment:dev"
    assert claims["job_workflow_ref"] == "acme/identity/.github/workflows/build.yml@refs/heads/main"
    assert claims["run_id"] == str(run["id"])
