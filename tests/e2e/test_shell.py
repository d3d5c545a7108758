"""A person in the sandbox's shell: what `pulumi config set` sets is what the next preview uses, and nothing else changes.

The tests run in this order; each continues from the state that the ones before it left.
"""

import re
from collections.abc import Iterator

import pytest

from tests.e2e.sandbox import CHECKOUT, Sandbox, prepared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SET_ZONES = "pulumi config set -spreprod --path mlops-platform:network.zones"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with prepared(tmp_path_factory.mktemp("shell") / "sandbox", "preprod") as sandbox:
        yield sandbox


def test_a_wrong_setting_is_used_by_the_next_preview_and_printed_once(sandbox: Sandbox) -> None:
    checked_in = (CHECKOUT / "Pulumi.preprod.yaml").read_bytes()
    changed = sandbox.shell(f"{SET_ZONES} 9")
    assert changed.returncode == 0, changed.stderr
    assert str(sandbox.folder / "stacks" / "Pulumi.preprod.yaml") in changed.stderr
    previewed = sandbox.shell("pulumi preview --stack=preprod --non-interactive --color never")
    assert previewed.returncode != 0
    diagnostics = previewed.stdout.partition("Diagnostics:")[2]
    assert diagnostics.count("mlops-platform:network.zones = 9") == 1
    assert diagnostics.count("nothing was created or changed") == 1
    assert (CHECKOUT / "Pulumi.preprod.yaml").read_bytes() == checked_in


def test_a_setting_that_is_set_right_again_is_previewed(sandbox: Sandbox) -> None:
    assert sandbox.shell(f"{SET_ZONES} 3").returncode == 0
    previewed = sandbox.shell("pulumi preview -spreprod --non-interactive --color never")
    assert previewed.returncode == 0, previewed.stdout
    zones = re.findall(r"aws:ec2:Subnet network-private-(\S+) create", previewed.stdout)
    assert set(zones) == {"eu-west-1a", "eu-west-1b", "eu-west-1c"}


def test_a_secret_that_was_set_is_encrypted_and_read_by_the_next_command(sandbox: Sandbox) -> None:
    assert sandbox.shell("pulumi config set -spreprod --secret other:word hush").returncode == 0
    assert "hush" not in (sandbox.folder / "stacks" / "Pulumi.preprod.yaml").read_text()
    assert sandbox.shell("pulumi config get -spreprod other:word").stdout.strip() == "hush"
