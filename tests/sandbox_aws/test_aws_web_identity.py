"""Tokens of web identities are accepted only if the issuer signed them, for this account, now."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox_aws.account import Account, Credentials, allow
from tests.sandbox_aws.issuer import Issuer

SUBJECT = "repo:acme/abalone:environment:dev"


@pytest.fixture(scope="module")
def role(dev: Account, issuer: Issuer) -> str:
    dev.client("iam").create_open_id_connect_provider(Url=issuer.url, ClientIDList=["sts.amazonaws.com"])
    host = issuer.url.removeprefix("https://")
    principal = {
        "Principal": {"Federated": f"arn:aws:iam::{dev.number}:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": SUBJECT}},
    }
    return dev.role("web-identity", allow("sagemaker:ListPipelines"), trust=principal)


def assume(account: Account, role: str, token: str, **more: Any) -> Any:
    return account.client("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="job", WebIdentityToken=token, **more
    )


def refusal(account: Account, role: str, token: str, **more: Any) -> str:
    with pytest.raises(ClientError) as raised:
        assume(account, role, token, **more)
    error: Any = raised.value.response.get("Error")
    return error["Code"]


def test_a_genuine_token_opens_a_session_of_the_role(dev: Account, role: str, issuer: Issuer) -> None:
    answer = assume(dev, role, issuer.token())
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    keys = answer["Credentials"]
    who = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert dev.client("sts", who).get_caller_identity()["Arn"].endswith(":assumed-role/web-identity/job")
    assert dev.client("sagemaker", who).list_pipelines()["PipelineSummaries"] is not None


def test_a_forged_signature_is_refused(dev: Account, role: str, issuer: Issuer) -> None:
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert refusal(dev, role, issuer.token(key=forger)) == "InvalidIdentityToken"


def test_an_expired_token_is_refused(dev: Account, role: str, issuer: Issuer) -> None:
    assert refusal(dev, role, issuer.token(exp=int(time.time()) - 1)) == "ExpiredTokenException"


def test_a_token_for_another_audience_is_refused(dev: Account, role: str, issuer: Issuer) -> None:
    assert refusal(dev, role, issuer.token(aud="https://example.org")) == "InvalidIdentityToken"


def test_another_subject_is_denied_the_role(dev: Account, role: str, issuer: Issuer) -> None:
    assert refusal(dev, role, issuer.token(sub="repo:acme/abalone:pull_request")) == "AccessDenied"


def test_an_issuer_that_the_account_does_not_know_is_refused(dev: Account, role: str, issuer: Issuer) -> None:
    assert refusal(dev, role, issuer.token(iss=f"{issuer.origin}/elsewhere")) == "InvalidIdentityToken"


def test_a_text_that_is_no_token_is_refused(dev: Account, role: str) -> None:
    assert refusal(dev, role, "nonsense") == "InvalidIdentityToken"


def test_another_account_does_not_trust_the_issuer(prod: Account, issuer: Issuer) -> None:
    role = prod.role("web-identity")
    assert refusal(prod, role, issuer.token()) == "InvalidIdentityToken"


def test_a_session_is_no_longer_than_the_role_allows(dev: Account, role: str, issuer: Issuer) -> None:
    assert refusal(dev, role, issuer.token(), DurationSeconds=7200) == "ValidationError"
    dev.client("iam").update_role(RoleName="web-identity", MaxSessionDuration=7200)
    assert assume(dev, role, issuer.token(), DurationSeconds=7200)["Credentials"]
    assert refusal(dev, role, issuer.token(), DurationSeconds=7201) == "ValidationError"


def test_claims_of_an_enterprise_server_are_no_condition_keys(dev: Account, issuer: Issuer) -> None:
    host = issuer.url.removeprefix("https://")
    trust = {
        "Principal": {"Federated": f"arn:aws:iam::{dev.number}:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{host}:repository_id": "2006", f"{host}:sub": SUBJECT}},
    }
    role = dev.role("web-identity-claims", trust=trust)
    assert refusal(dev, role, issuer.token(repository_id="2006")) == "AccessDenied"
