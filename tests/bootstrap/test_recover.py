"""`recover`: the lock, the resources that were created, and the calls of the engine."""

import getpass
import io
import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bootstrap import github
from bootstrap.account import Account
from bootstrap.errors import BootstrapError
from bootstrap.names import Names
from bootstrap.recovery import recover
from bootstrap.recovery.engine import Pulumi
from bootstrap.recovery.engine import engine as pulumi_engine
from bootstrap.recovery.interrupted import Resolution
from tests.bootstrap.fakes import Service, account, answer, refusal

NAMES = Names(unit="analytics", environment="dev")
KEY = ".pulumi/locks/organization/mlops-platform/dev/1.json"
STACK = "urn:pulumi:dev::mlops-platform::"
VPC, ROLE, VERSIONING, RULESET, DATABASE = (
    f"{STACK}{name}"
    for name in (
        "aws:ec2/vpc:Vpc::v",
        "aws:iam/role:Role::r",
        "aws:s3/bucketVersioning:BucketVersioning::v",
        "github:index/organizationRuleset:OrganizationRuleset::g",
        "aws:rds/instance:Instance::d",
    )
)
INPUTS: Mapping[str, Mapping[str, Any]] = {
    VPC: {"tags": {"Name": "analytics-dev"}},
    ROLE: {"name": "analytics-dev-drift"},
    VERSIONING: {"bucket": "analytics-dev-data"},
    RULESET: {"name": "mlops-protect-main"},
    DATABASE: {},
}
GITHUB = {
    "urn": f"{STACK}pulumi:providers:github::github",
    "custom": True,
    "type": "pulumi:providers:github",
    "id": "1",
    "inputs": {"owner": "acme", "baseUrl": "https://github.example.com/api/v3/"},
    "outputs": {"owner": "acme"},
}
SETTLED = datetime.now(UTC) - timedelta(hours=1)


class Bucket:
    """The state's bucket, with the operations that `recover` calls."""

    def __init__(self, saved: datetime) -> None:
        self.locks: dict[str, dict[str, Any]] = {}
        self.saved = saved

    def list_objects_v2(self, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "analytics-dev-state-111111111111-eu-west-1"
        return {"Contents": [{"Key": key} for key in self.locks if key.startswith(Prefix)]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket
        return {"Body": io.BytesIO(json.dumps(self.locks[Key]).encode())}

    def delete_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket
        del self.locks[Key]
        return {}

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket
        if Key.endswith(".gz"):
            raise refusal("404")
        return {"LastModified": self.saved}


class Engine:
    """An engine that has one state, and records its calls."""

    def __init__(self, deployment: Mapping[str, Any]) -> None:
        self.exported: dict[str, Any] = {"version": 3, "deployment": deployment}
        self.calls: list[list[str]] = []

    def __call__(self, arguments: Sequence[str], text: str) -> str:
        self.calls.append([*arguments])
        if arguments[-1] == "import":
            self.exported = json.loads(text)
        return json.dumps(self.exported)


class Scene:
    """A stack after an interrupted update, in an account in memory."""

    def __init__(self, *made: str, resources: Sequence[Mapping[str, Any]] = (), saved: datetime = SETTLED) -> None:
        creates = [
            {"urn": urn, "custom": True, "type": urn.split("::")[2], "inputs": INPUTS[urn]}
            | ({"provider": f"{GITHUB['urn']}::1"} if urn == RULESET else {})
            for urn in made
        ]
        operations = [{"type": "creating", "resource": resource} for resource in creates]
        self.engine = Engine({"resources": [*resources], "pending_operations": operations})
        self.bucket = Bucket(saved)
        self.said: list[str] = []
        self.pauses: list[float] = []

    def lock(self, *, user: str, host: str, process: int) -> None:
        said = {"username": user, "hostname": host, "pid": process, "timestamp": "2026-11-22T12:08:06.123456789Z"}
        self.bucket.locks[KEY] = said

    def recover(
        self,
        *vpcs: str,
        decided: Mapping[str, str | None] | None = None,
        break_lock: bool = False,
        rulesets: github.Answer | None = None,
    ) -> Sequence[Resolution]:
        def get(server: github.Server, path: str, token: str | None) -> github.Answer:
            assert (server.api_url, path, token) == (
                "https://github.example.com/api/v3",
                "/orgs/acme/rulesets?per_page=100",
                "token",
            )
            assert rulesets is not None
            return rulesets

        return recover.recover(
            recover.Stack(
                account=self.account(*vpcs), names=NAMES, name="dev", pulumi=self.engine, report=self.said.append
            ),
            decided or {},
            break_lock=break_lock,
            get=get,
            pause=self.pauses.append,
        )

    def account(self, *vpcs: str) -> Account:
        ec2 = Service({"describe_vpcs": answer({"Vpcs": [{"VpcId": vpc} for vpc in vpcs]})})
        return account(s3=self.bucket, ec2=ec2)

    @property
    def ids(self) -> list[str]:
        return [resource["id"] for resource in self.engine.exported["deployment"]["resources"]]


@pytest.fixture(autouse=True)
def at_a_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run outside a workflow, with a token for GitHub."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("GITHUB_TOKEN", "token")


@pytest.fixture
def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_created_resources_are_entered_and_refreshed_and_the_rest_is_removed() -> None:
    scene = Scene(VPC, ROLE)
    assert scene.recover() == [
        Resolution(urn=VPC, identifier=None),
        Resolution(urn=ROLE, identifier="analytics-dev-drift"),
    ]
    assert scene.engine.calls == [
        ["stack", "export"],
        ["stack", "import"],
        ["refresh", "--yes", "--skip-preview", "--non-interactive", "--target", ROLE],
    ]
    assert scene.ids == ["analytics-dev-drift"]
    assert scene.engine.exported["version"] == 3


def test_a_stack_without_pending_operations_is_only_read() -> None:
    scene = Scene()
    assert scene.recover() == []
    assert scene.engine.calls == [["stack", "export"]]


def test_a_recent_interruption_is_waited_for() -> None:
    scene = Scene(VPC, saved=datetime.now(UTC) - timedelta(seconds=10))
    scene.recover("vpc-1")
    assert scene.pauses == [pytest.approx(recover.SECONDS_TO_SETTLE - 10, abs=5)]


def test_an_old_interruption_is_not_waited_for() -> None:
    scene = Scene(VPC)
    scene.recover("vpc-1")
    assert scene.pauses == []


def test_of_a_resource_that_was_created_twice_the_states_own_stays_and_the_other_is_reported() -> None:
    there = {"urn": VPC, "custom": True, "type": "aws:ec2/vpc:Vpc", "id": "vpc-2", "outputs": {"id": "vpc-2"}}
    scene = Scene(VPC, resources=[there])
    assert scene.recover("vpc-1", "vpc-2") == [Resolution(urn=VPC, identifier="vpc-2", others=("vpc-1",))]
    assert scene.ids == ["vpc-2"]
    assert ["stack", "import"] in scene.engine.calls


def test_a_named_resource_cannot_have_been_created_twice() -> None:
    there = {
        "urn": ROLE,
        "custom": True,
        "type": "aws:iam/role:Role",
        "id": "analytics-dev-drift",
        "outputs": {"id": "analytics-dev-drift"},
    }
    scene = Scene(ROLE, resources=[there])
    assert scene.recover() == [Resolution(urn=ROLE, identifier="analytics-dev-drift")]
    assert scene.ids == ["analytics-dev-drift"]


def test_a_buckets_configuration_is_not_mistaken_for_the_bucket_of_that_name() -> None:
    bucket = {"urn": f"{STACK}aws:s3/bucket:Bucket::b", "custom": True, "type": "aws:s3/bucket:Bucket"}
    scene = Scene(VERSIONING, resources=[{**bucket, "id": "analytics-dev-data", "outputs": {"id": "b"}}])
    assert scene.recover() == [Resolution(urn=VERSIONING, identifier="analytics-dev-data")]


def test_a_resource_that_the_state_has_under_another_name_is_not_a_duplicate() -> None:
    former = {"urn": f"{STACK}aws:iam/role:Role::former", "custom": True, "type": "aws:iam/role:Role"}
    scene = Scene(ROLE, resources=[{**former, "id": "analytics-dev-drift", "outputs": {"id": "r"}}])
    assert scene.recover() == [Resolution(urn=ROLE, identifier=None)]


def test_resources_that_cannot_be_found_are_listed_before_anything_changes(ended_process: int) -> None:
    scene = Scene(ROLE, DATABASE)
    scene.lock(user=getpass.getuser(), host=platform.node(), process=ended_process)
    with pytest.raises(BootstrapError, match="--made URN=ID or --not-made URN") as problem:
        scene.recover()
    assert DATABASE in str(problem.value)
    assert ROLE not in str(problem.value)
    assert scene.engine.calls == [["stack", "export"]]
    assert KEY in scene.bucket.locks


@pytest.mark.parametrize(("decision", "ids"), [("db-1", ["db-1"]), (None, [])])
def test_the_users_decision_is_used(decision: str | None, ids: list[str]) -> None:
    scene = Scene(DATABASE)
    scene.recover(decided={DATABASE: decision})
    assert scene.ids == ids


def test_a_ruleset_is_looked_up_where_its_provider_points() -> None:
    scene = Scene(RULESET, resources=[GITHUB])
    found = github.Answer(status=200, headers={}, body={}, items=[{"id": 8, "name": "mlops-protect-main"}])
    assert scene.recover(rulesets=found) == [Resolution(urn=RULESET, identifier="8")]


def test_a_denied_request_to_github_does_not_mean_that_the_resource_is_absent() -> None:
    scene = Scene(RULESET, resources=[GITHUB])
    refused = github.Answer(status=403, headers={}, body={"message": "Must be an owner"})
    with pytest.raises(BootstrapError, match="Must be an owner"):
        scene.recover(rulesets=refused)
    assert scene.engine.calls == [["stack", "export"]]


def test_the_lock_of_another_user_is_reported_and_stays() -> None:
    scene = Scene(ROLE)
    scene.lock(user="grace", host="laptop", process=42)
    with pytest.raises(BootstrapError, match="locked by grace on laptop, process 42, since 2026-11-22 12:08:06 UTC"):
        scene.recover()
    assert scene.engine.calls == []
    assert KEY in scene.bucket.locks


def test_the_lock_of_another_user_is_released_with_break_lock() -> None:
    scene = Scene(ROLE)
    scene.lock(user="grace", host="laptop", process=42)
    scene.recover(break_lock=True)
    assert scene.bucket.locks == {}
    assert "grace on laptop" in scene.said[0]


def test_the_users_own_lock_is_released_if_its_process_has_ended(ended_process: int) -> None:
    scene = Scene(ROLE)
    scene.lock(user=getpass.getuser(), host=platform.node(), process=ended_process)
    scene.recover()
    assert scene.bucket.locks == {}


def test_the_users_own_lock_stays_while_its_process_runs() -> None:
    scene = Scene(ROLE)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        scene.lock(user=getpass.getuser(), host=platform.node(), process=process.pid)
        with pytest.raises(BootstrapError, match="locked by"):
            scene.recover()
        process.communicate(b"\n")


def test_in_a_workflow_no_lock_counts_as_the_users_own(monkeypatch: pytest.MonkeyPatch, ended_process: int) -> None:
    monkeypatch.setenv("CI", "true")
    scene = Scene(ROLE)
    scene.lock(user=getpass.getuser(), host=platform.node(), process=ended_process)
    with pytest.raises(BootstrapError, match="locked by"):
        scene.recover()


def engine(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return pulumi_engine(account(), NAMES, "dev")


def test_the_engine_is_logged_in_to_the_state_of_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    call = engine(tmp_path, 'echo "$PULUMI_BACKEND_URL $@"; cat', monkeypatch)
    printed = call(["stack", "import"], "the state")
    bucket = "analytics-dev-state-111111111111-eu-west-1"
    assert printed == f"s3://{bucket}?region=eu-west-1 stack import --stack dev\nthe state"


def test_a_failing_engine_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = engine(tmp_path, "echo no such stack >&2; exit 1", monkeypatch)
    with pytest.raises(BootstrapError, match=r"pulumi stack export failed:\nno such stack"):
        call(["stack", "export"], "")


def test_a_missing_engine_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BootstrapError, match="not on PATH"):
        pulumi_engine(account(), NAMES, "dev")(["stack", "export"], "")
