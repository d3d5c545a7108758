"""A comparison of a stack with what exists, by a token that may read nothing of the organization."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.drift import AT_GITHUB
from tests.sandbox_plugins.conftest import Clouds
from tests.sandbox_plugins.project import Project

pytestmark = pytest.mark.slow

PROGRAM = """
import pulumi_github as github
from components.github.connection import GitHubConnection
from components.github.organization import organization_provider

organization = organization_provider(
    GitHubConnection(organization="acme", api_url="GITHUB/api/v3", server_url="GITHUB", subject_form="immutable")
)

class Both(pulumi.ComponentResource):
    def __init__(self) -> None:
        super().__init__("mlops:index:Both", "both")
        child = pulumi.ResourceOptions(parent=self, providers=[provider, organization])
        template = github.Repository("template", name="drifting", visibility="private", opts=child)
        aws.ssm.Parameter("name", name="/drifting", type="String", value=template.name, opts=child)

Both()
github.Repository("other", name="drifting-too", visibility="private", opts=pulumi.ResourceOptions(provider=organization))
"""


def test_what_is_at_github_is_left_out_of_a_comparison_whose_token_may_not_read_it(
    project: Callable[[str], Project], clouds: Clouds
) -> None:
    stack = project("drifting")
    stack.environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    stack.program(PROGRAM.replace("GITHUB", clouds.github))
    stack.up()
    stack.environment["GITHUB_TOKEN"] = "another"
    compare = ("preview", "--refresh", "--expect-no-changes")
    assert "Bad credentials" in stack.run(*compare, fails=True)
    stack.run(*compare, "--exclude", AT_GITHUB)
