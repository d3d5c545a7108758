"""The condition keys that STS reads from tokens of GitHub Actions."""

import pytest

from sandbox.aws.iam.claims import condition_keys

CLAIMS = {
    "sub": "repo:acme@1001/abalone@2006:environment:prod",
    "aud": "sts.amazonaws.com",
    "repository_id": "2006",
    "repository_owner_id": "1001",
    "environment": "prod",
    "ref": "refs/heads/main",
    "sha": "0a1b2c3",
    "runner_environment": "github-hosted",
}


@pytest.mark.parametrize(
    "issuer",
    [
        "token.actions.githubusercontent.com",
        "token.actions.githubusercontent.com/acme",
        "token.actions.acme.ghe.com",
    ],
)
def test_claims_of_github_and_ghe_com_are_condition_keys_and_no_others(issuer: str) -> None:
    assert condition_keys({"iss": f"https://{issuer}", **CLAIMS}) == {
        f"{issuer}:repository_id": "2006",
        f"{issuer}:repository_owner_id": "1001",
        f"{issuer}:environment": "prod",
        f"{issuer}:ref": "refs/heads/main",
    }


@pytest.mark.parametrize(
    "issuer",
    [
        "github.example.com/_services/token",
        "localhost:8080/_services/token",
        "token.actions.githubusercontent.com.evil.example",
        "token.actions.ghe.com",
        "accounts.google.com",
    ],
)
def test_of_any_other_issuer_sts_reads_subject_and_audience_alone(issuer: str) -> None:
    assert condition_keys({"iss": f"https://{issuer}", **CLAIMS}) == {}
