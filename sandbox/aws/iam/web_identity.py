"""Web identities: tokens are verified against the keys of the issuer that the account trusts, as STS does."""

import asyncio
import json
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from xml.sax.saxutils import escape

import jwt

from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import claims as token_claims
from sandbox.aws.iam.authorization import split_role_arn
from sandbox.aws.ministack import gateway, iam, sts
from sandbox.aws.ministack.gateway import Handler, Request, Response

KEYS_FRESH_SECONDS = 60.0
CLOCK_SKEW_SECONDS = 300
"""Allowance for tokens that lie in the future: clocks differ, and STS accepts that."""


class Issuers:
    """Signing keys of token issuers, fetched over TLS and kept for a minute."""

    def __init__(self, certificate_authority: Path, github_url: str) -> None:
        self._github_url = github_url.rstrip("/") + "/"
        self._trust = ssl.create_default_context(cafile=str(certificate_authority))
        self._keys: dict[str, tuple[float, jwt.PyJWKSet]] = {}

    def key(self, issuer: str, key_id: str | None) -> jwt.PyJWK:
        """Return the issuer's key of that identifier.

        Raises:
            ServiceError: the issuer cannot be reached or has no such key.
        """
        fetched, keys = self._keys.get(issuer, (0.0, None))
        if keys is None or time.monotonic() - fetched > KEYS_FRESH_SECONDS or not _has(keys, key_id):
            keys = self._fetch(issuer)
            self._keys[issuer] = (time.monotonic(), keys)
        for key in keys.keys:
            if key.key_id == key_id:
                return key
        raise ServiceError(
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider, please reference "
            "AssumeRoleWithWebIdentity documentation for requirements",
        )

    def _fetch(self, issuer: str) -> jwt.PyJWKSet:
        try:
            configuration = self._get(f"{issuer}/.well-known/openid-configuration")
            return jwt.PyJWKSet.from_dict(self._get(configuration["jwks_uri"]))
        except (OSError, ValueError, KeyError, jwt.PyJWKSetError) as error:
            raise ServiceError(
                "IDPCommunicationError", f"Couldn't retrieve verification key from your identity provider: {error}"
            ) from None

    def _get(self, url: str) -> Any:
        # The sandbox connects to the local GitHub only, whatever an account trusts.
        if not url.startswith(self._github_url):
            raise ValueError(f"{url} is not at {self._github_url}")
        with urlopen(url, timeout=5, context=self._trust) as response:
            return json.load(response)


def install(certificate_authority: Path, github_url: str) -> None:
    """Verify the token of every AssumeRoleWithWebIdentity before MiniStack reads its claims."""
    issuers = Issuers(certificate_authority, github_url)

    async def answer(request: Request, go_on: Handler) -> Response:
        params = request.form()
        action = params.get("Action", [""])[0]
        if action not in ("AssumeRole", "AssumeRoleWithWebIdentity"):
            return await go_on(request)
        try:
            _check_duration(params)
            if action == "AssumeRole":
                return await go_on(request)
            claims = await asyncio.to_thread(verify, issuers, params)
        except ServiceError as error:
            return sts.error(error.code, escape(error.message), error.status)
        status, headers, body = await go_on(request)
        provider = f"arn:aws:iam::{_account(params)}:oidc-provider/{_host(claims['iss'])}"
        return status, headers, _described(body, claims, provider)

    gateway.intercept("sts", answer)
    sts.add_claims(lambda token: token_claims.condition_keys(jwt.decode(token, options={"verify_signature": False})))


def verify(issuers: Issuers, params: dict[str, list[str]]) -> dict[str, Any]:
    """Return the claims of a request's token, if the role's account trusts its issuer and the issuer signed it.

    Raises:
        ServiceError: STS would not accept the token.
    """
    token = params.get("WebIdentityToken", [""])[0]
    try:
        header = jwt.get_unverified_header(token)
        unverified: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        issuer, audience = unverified["iss"], unverified["aud"]
    except (jwt.PyJWTError, KeyError):
        raise ServiceError("InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from None
    account = _account(params)
    provider = iam.find_oidc_provider(account, f"arn:aws:iam::{account}:oidc-provider/{_host(issuer)}")
    if provider is None or not issuer.startswith("https://"):
        raise ServiceError("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")
    audiences = [audience] if isinstance(audience, str) else audience
    if not set(audiences) & set(provider["ClientIDList"]):
        raise ServiceError("InvalidIdentityToken", "Incorrect token audience")
    try:
        return jwt.decode(
            token,
            issuers.key(issuer, header.get("kid")),
            algorithms=["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"],
            audience=audiences,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": ["exp", "iat", "iss", "sub", "aud"], "verify_exp": False},
        ) | _unexpired(unverified)
    except jwt.InvalidSignatureError:
        raise ServiceError("InvalidIdentityToken", "The ID Token's signature is not valid.") from None
    except jwt.PyJWTError as error:
        raise ServiceError("InvalidIdentityToken", f"The ID Token provided is not valid: {error}") from None


def _unexpired(claims: dict[str, Any]) -> dict[str, Any]:
    # An expired token gets no leeway: STS names both moments.
    now = int(time.time())
    if claims.get("exp", 0) <= now:
        raise ServiceError(
            "ExpiredTokenException",
            f"Token expired: current date/time {now} must be before the expiration date/time {claims.get('exp')}",
        )
    return {}


def _check_duration(params: dict[str, list[str]]) -> None:
    seconds = int(params.get("DurationSeconds", ["3600"])[0])
    account, name = split_role_arn(params.get("RoleArn", [""])[0])
    role = iam.find_role(account, name)
    if role is not None and seconds > int(role.get("MaxSessionDuration", 3600)):
        raise ServiceError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _described(text: bytes, claims: dict[str, Any], provider: str) -> bytes:
    """Put the token's subject, audience and provider in the place of those that MiniStack makes up."""
    audience = claims["aud"] if isinstance(claims["aud"], str) else claims["aud"][0]
    for element, made_up, real in (
        ("SubjectFromWebIdentityToken", "test-subject", claims["sub"]),
        ("Audience", "sts.amazonaws.com", audience),
        ("Provider", "sts.amazonaws.com", provider),
    ):
        text = text.replace(
            f"<{element}>{made_up}</{element}>".encode(), f"<{element}>{escape(real)}</{element}>".encode()
        )
    return text


def _account(params: dict[str, list[str]]) -> str:
    return split_role_arn(params.get("RoleArn", [""])[0])[0]


def _host(issuer: str) -> str:
    return issuer.partition("://")[2].rstrip("/")


def _has(keys: jwt.PyJWKSet, key_id: str | None) -> bool:
    return any(key.key_id == key_id for key in keys.keys)
