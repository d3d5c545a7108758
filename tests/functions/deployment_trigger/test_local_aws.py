"""Artifacts that are frozen on the local AWS, under the trigger's own permissions and the policy of a project's bucket."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.deployment_trigger.approved_artifacts import ApprovedArtifacts
from functions.deployment_trigger.errors import NotEvaluatedError
from functions.deployment_trigger.package import Approval, Candidate, ModelPackage
from functions.deployment_trigger.project import Project
from functions.deployment_trigger.project_parameters import ProjectParameters
from functions.deployment_trigger.reports import reports_of
from functions.deployment_trigger.retraining_store import Retraining, RetrainingStore
from tests.access.authorization import roles_of
from tests.functions.deployment_trigger.fakes import (
    BODY,
    BUCKET,
    GROUP,
    MEASURED,
    PROJECT_ID,
    REPOSITORY,
    SETTINGS,
    arn,
    evidence,
    metrics,
)
from tests.products.product import launched
from tests.rendering import Renderings
from tests.sandbox_aws.account import Account, Credentials, allow
from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer
from tests.sandbox_aws.test_aws_permissions import refusal

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer"]


@dataclass(frozen=True, kw_only=True)
class World:
    """A project's bucket, its job, the trigger, and an administrator of the account."""

    dev: Account
    job: Credentials
    trigger: Credentials
    administrator: Credentials

    def train(self, version: int, body: bytes = BODY) -> None:
        """Write the artifact of a version, and the report of its evaluation, as its jobs do."""
        s3 = self.dev.client("s3", self.job)
        s3.put_object(Bucket=BUCKET, Key=f"executions/{version}/model.tar.gz", Body=body)
        s3.put_object(Bucket=BUCKET, Key=f"executions/{version}/evaluation.json", Body=MEASURED)

    def freeze(self, version: int, registered_at: datetime | None = None) -> None:
        """Freeze what was evaluated as that version, registered now if `registered_at` is not given."""
        report = f"s3://{BUCKET}/executions/{version}/evaluation.json"
        container = {"Image": "image", "ModelDataUrl": f"s3://{BUCKET}/executions/{version}/model.tar.gz"}
        package = ModelPackage(
            arn=arn(version),
            status="Completed",
            approval_status="Approved",
            modified_at=1,
            modified_by="",
            containers=(container,),
            evidence=evidence(container),
            reports=tuple(reports_of({"ModelMetrics": metrics(S3Uri=report)})),
            registered_at=registered_at or datetime.now(UTC),
        )
        project = Project(project_id=PROJECT_ID, repository=REPOSITORY, package_group=GROUP, bucket=BUCKET)
        s3 = self.dev.client("s3", self.trigger)
        ApprovedArtifacts(s3, lambda: s3).freeze(
            Candidate(project=project, package=package, approval=Approval(version=version, at=1))
        )

    def frozen(self, version: int) -> bytes:
        """Return the content of a version's frozen artifact."""
        key = f"approved/{version}/model.tar.gz"
        return self.dev.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()


@pytest.fixture(scope="module")
def world(dev: Account, rendered: Renderings) -> World:
    s3, iam = dev.client("s3"), dev.client("iam")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    trigger = dev.role("analytics-dev-deployment-trigger")
    for name, policy in roles_of(rendered("dev"))["deployment-trigger"].policies.items():
        iam.put_role_policy(RoleName="analytics-dev-deployment-trigger", PolicyName=name, PolicyDocument=policy)
    # Before a project deploys, nobody can plant anything in it: the policy of the other product has the same.
    policy = launched("model-building-training").properties("ArtifactBucketPolicy")["PolicyDocument"]
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    return World(
        dev=dev,
        job=dev.assume(dev.role(f"analytics-dev-{PROJECT_ID}-job", allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/*"))),
        trigger=dev.assume(trigger),
        administrator=dev.assume(dev.role("trigger-administrator", allow("*"))),
    )


def test_what_was_evaluated_is_frozen_once(world: World) -> None:
    world.train(1)
    world.freeze(1)
    world.train(1, b"another model")
    world.freeze(1)
    assert world.frozen(1) == BODY
    found = world.dev.client("s3").head_object(Bucket=BUCKET, Key="approved/1/model.tar.gz")
    assert found["Metadata"]["model-package-arn"] == arn(1)


def test_what_was_replaced_after_its_evaluation_never_becomes_an_object(world: World) -> None:
    world.train(2, b"another model")
    with pytest.raises(NotEvaluatedError, match=hashlib.sha256(b"another model").hexdigest()):
        world.freeze(2)
    s3 = world.dev.client("s3")
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="approved/2/model")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


def test_a_report_is_kept_if_nobody_wrote_it_after_its_version_was_registered(world: World) -> None:
    world.train(4)
    with pytest.raises(NotEvaluatedError, match="after the version was registered"):
        world.freeze(4, datetime.now(UTC) - timedelta(seconds=10))
    s3 = world.dev.client("s3")
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="approved/4/")
    world.freeze(4)
    kept = s3.get_object(Bucket=BUCKET, Key="approved/4/reports/ModelQuality.Statistics/evaluation.json")
    assert kept["Body"].read() == MEASURED


@pytest.mark.parametrize(
    "key",
    ["approved/9/model.tar.gz", "deployments/9/1.json", "retraining/prod/latest.json", "code/9/x.py", "data/9/x.csv"],
)
@pytest.mark.parametrize("condition", [{}, {"IfNoneMatch": "*"}], ids=str)
def test_neither_administrators_nor_the_owner_plant_anything(
    world: World, key: str, condition: Mapping[str, str]
) -> None:
    for who in (world.administrator, None):
        s3 = world.dev.client("s3", who)
        assert refusal(s3.put_object, Bucket=BUCKET, Key=key, Body=b"attack", **condition)[0] == "AccessDenied"
        copy = {"Bucket": BUCKET, "Key": "executions/1/model.tar.gz"}
        assert refusal(s3.copy_object, Bucket=BUCKET, Key=key, CopySource=copy, **condition)[0] == "AccessDenied"
        assert refusal(s3.create_multipart_upload, Bucket=BUCKET, Key=key)[0] == "AccessDenied"


def test_nobody_replaces_or_deletes_what_was_frozen(world: World) -> None:
    world.train(3)
    world.freeze(3)
    place: dict[str, Any] = {"Bucket": BUCKET, "Key": "approved/3/model.tar.gz"}
    version = world.dev.client("s3").head_object(**place).get("VersionId", "null")
    for who in (world.trigger, world.administrator, None):
        s3 = world.dev.client("s3", who)
        for call, more in (
            (s3.put_object, {"Body": b"attack"}),
            (s3.delete_object, dict[str, Any]()),
            (s3.delete_object, {"VersionId": version}),
        ):
            assert refusal(call, **place, **more)[0] == "AccessDenied", (who, more)
    assert world.frozen(3) == BODY


def test_a_training_is_claimed_once_by_the_trigger_itself(world: World) -> None:
    store = RetrainingStore(world.dev.client("s3", world.trigger))
    mine = Retraining(name="prod-2026-11-30", alarm_arn="arn:alarm", state="claimed", owner="request-1", since=1.0)
    claim = store.create(BUCKET, "retraining/prod/latest.json", mine)
    assert claim is not None
    assert store.create(BUCKET, "retraining/prod/latest.json", replace(mine, owner="request-2")) is None
    done = replace(mine, state="dispatched", run_url="https://github.com/run")
    assert store.replace(BUCKET, "retraining/prod/latest.json", claim, done) is not None
    assert store.replace(BUCKET, "retraining/prod/latest.json", claim, mine) is None
    assert store.read(BUCKET, "retraining/prod/latest.json").record == done
    place = {"Bucket": BUCKET, "Key": "retraining/prod/latest.json"}
    for who in (world.trigger, world.administrator, None):
        assert refusal(world.dev.client("s3", who).delete_object, **place)[0] == "AccessDenied"


def test_two_hundred_projects_are_found_page_by_page(dev: Account) -> None:
    ssm, path = dev.client("ssm"), "/mlops/analytics/many"
    ids = [f"p-{number:012d}" for number in range(200)]
    for each in ids:
        value = {
            "repository": f"acme/mlops-many-{each}-model-deployment-realtime",
            "package_group": f"many-{each}",
            "bucket": f"analytics-dev-{each}-111111111111-eu-west-1",
        }
        ssm.put_parameter(Name=f"{path}/projects/{each}", Value=json.dumps(value), Type="String")

    found = ProjectParameters(replace(SETTINGS, parameter_path=path), ssm).all()

    assert sorted(project.project_id for project in found.projects) == ids
    assert found.malformed == []
