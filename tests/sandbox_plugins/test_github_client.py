"""The stand-in of GitHub's provider finds the REST API where the official provider does."""

import pytest

from sandbox.plugins.github.client import rest_url


@pytest.mark.parametrize(
    ("base_url", "api"),
    [
        ("https://api.github.com/", "https://api.github.com"),
        ("https://api.octocorp.ghe.com/", "https://api.octocorp.ghe.com"),
        ("https://github.example.com/", "https://github.example.com/api/v3"),
        ("https://github.example.com/api/v3/", "https://github.example.com/api/v3"),
    ],
)
def test_the_api_follows_from_the_configured_address(base_url: str, api: str) -> None:
    assert rest_url(base_url) == api
