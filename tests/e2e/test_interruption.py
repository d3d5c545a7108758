"""Interruptions of a stack's first creation: after each kind of signal and recovery, the stack ends up complete.

The tests run in this order; each continues from the state that the ones before it left.
"""

import json
import re
import signal
from collections.abc import Iterator

import pytest

from tests.e2e.sandbox import InterruptedUpdate, Sandbox, interrupt_update, prepared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

UPDATE = "pulumi up -s preprod --yes --skip-preview"

COUNTED = {
    "aws:ec2/eip:Eip": "ec2 describe-addresses --query Addresses[].AllocationId",
    "aws:ec2/internetGateway:InternetGateway": (
        "ec2 describe-internet-gateways --query InternetGateways[].InternetGatewayId"
        " --filters Name=tag:managed-by,Values=pulumi"
    ),
    "aws:ec2/natGateway:NatGateway": "ec2 describe-nat-gateways --query NatGateways[].NatGatewayId",
    "aws:ec2/routeTable:RouteTable": (
        "ec2 describe-route-tables --query RouteTables[].RouteTableId --filters Name=tag:managed-by,Values=pulumi"
    ),
    "aws:ec2/subnet:Subnet": "ec2 describe-subnets --query Subnets[].SubnetId --filters Name=tag:managed-by,Values=pulumi",
    "aws:ec2/vpc:Vpc": "ec2 describe-vpcs --query Vpcs[].VpcId --filters Name=tag:managed-by,Values=pulumi",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "ec2 describe-vpc-endpoints --query VpcEndpoints[].VpcEndpointId",
    "aws:iam/role:Role": "iam list-roles --query Roles[].RoleName",
    "aws:kms/key:Key": "kms list-keys --query Keys[].KeyId",
    "aws:s3/bucket:Bucket": "s3api list-buckets --query Buckets[].Name",
    "aws:ssm/parameter:Parameter": "ssm describe-parameters --query Parameters[].Name",
}
"""The aws command that lists all resources of a type in the account, by type."""

BOOTSTRAPPED = {"aws:iam/role:Role": 2, "aws:kms/key:Key": 1, "aws:s3/bucket:Bucket": 1}
"""Resources that exist before the stack: two roles, and the state's key and bucket."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with prepared(tmp_path_factory.mktemp("interruption") / "sandbox", "preprod") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def refusals() -> list[str]:
    """Messages that refused a second update while the first one ran."""
    return []


@pytest.fixture(scope="module")
def killed(sandbox: Sandbox, refusals: list[str]) -> InterruptedUpdate:
    """An update that is killed early, after a second one was tried while it ran."""

    def try_another() -> None:
        refused = sandbox.shell(UPDATE)
        assert refused.returncode != 0
        refusals.append(refused.stdout + refused.stderr)

    return interrupt_update(sandbox, UPDATE, by=signal.SIGKILL, after=2, operation="create", meanwhile=try_another)


def pending(sandbox: Sandbox) -> list[str]:
    return [operation["resource"]["urn"] for operation in sandbox.state("preprod").get("pending_operations", [])]


def test_a_second_update_is_refused_with_the_name_of_the_lock_holder(
    killed: InterruptedUpdate, refusals: list[str]
) -> None:
    (refusal,) = refusals
    assert re.search(rf"currently locked by 1 lock.*created by \S+@\S+ \(pid {killed.process}\)", refusal, re.DOTALL)


def test_a_killed_update_leaves_no_process_behind(killed: InterruptedUpdate) -> None:
    assert killed.code == -signal.SIGKILL
    assert killed.survivors == []


def test_a_killed_update_holds_its_lock_until_it_is_recovered(sandbox: Sandbox, killed: InterruptedUpdate) -> None:
    refused = sandbox.shell(UPDATE)
    assert refused.returncode != 0
    assert f"pid {killed.process}" in refused.stdout + refused.stderr


def test_recovery_releases_the_lock_and_resolves_every_pending_operation(
    sandbox: Sandbox, killed: InterruptedUpdate
) -> None:
    recovered = sandbox.recover("preprod")
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    assert f"process {killed.process}" in recovered.stderr
    assert pending(sandbox) == []


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_update_that_is_asked_to_stop_ends_cleanly(sandbox: Sandbox, by: signal.Signals) -> None:
    ended = interrupt_update(sandbox, UPDATE, by=by, after=8, operation="create")
    assert ended.code > 0
    assert ended.survivors == []
    assert pending(sandbox) == []


def test_a_second_kill_is_recovered_like_the_first(sandbox: Sandbox) -> None:
    ended = interrupt_update(sandbox, UPDATE, by=signal.SIGKILL, after=10, operation="create")
    assert ended.survivors == []
    recovered = sandbox.recover("preprod")
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr


def test_the_update_completes_when_it_is_run_again(sandbox: Sandbox) -> None:
    again = sandbox.shell(UPDATE)
    assert again.returncode == 0, again.stdout + again.stderr
    preview = sandbox.shell("pulumi preview -s preprod --expect-no-changes")
    assert preview.returncode == 0, preview.stdout + preview.stderr
    refresh = sandbox.shell("pulumi refresh -s preprod --preview-only --expect-no-changes")
    assert refresh.returncode == 0, refresh.stdout + refresh.stderr


def test_nothing_was_created_twice(sandbox: Sandbox) -> None:
    resources = sandbox.state("preprod")["resources"]
    expected = {
        kind: sum(resource["type"] == kind for resource in resources) + BOOTSTRAPPED.get(kind, 0) for kind in COUNTED
    }
    # The deploy role may not list everything in the account; root may.
    root = "env -u AWS_PROFILE AWS_ACCESS_KEY_ID=222222222222 AWS_SECRET_ACCESS_KEY=root aws --output json"
    listed = sandbox.shell("; ".join(f"{root} {listing} | tr -d '\\n'; echo" for listing in COUNTED.values()))
    there = dict(zip(COUNTED, map(json.loads, listed.stdout.splitlines()), strict=True))
    assert {kind: len(found) for kind, found in there.items()} == expected
    assert expected["aws:ec2/vpc:Vpc"] == 1
