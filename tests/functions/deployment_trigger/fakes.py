"""A registry, projects, buckets and a GitHub in memory, with a clock that only waiting moves.

AWS is in memory behind boto3's interface, so that the function's handling of AWS's answers is tested too.
"""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from functions.deployment_trigger.approval_store import ApprovalStore
from functions.deployment_trigger.approved_artifacts import ApprovedArtifacts
from functions.deployment_trigger.decision import Decision
from functions.deployment_trigger.deployer import Deployer
from functions.deployment_trigger.event import ApprovalEvent
from functions.deployment_trigger.model_registry import ModelRegistry
from functions.deployment_trigger.package import Approval
from functions.deployment_trigger.project_parameters import ProjectParameters
from functions.deployment_trigger.retrainer import Retrainer
from functions.deployment_trigger.retraining_store import RetrainingStore
from functions.deployment_trigger.settings import Settings
from functions.shared.evidence import CONTAINER, MODEL, container_digest
from functions.shared.github_api.deadline import Deadline
from tests.functions.shared.clock import Clock

ACCOUNT = "111111111111"
REGION = "eu-west-1"
SETTINGS = Settings(
    github_api_url="https://api.github.com",
    credential_secret_arn="arn:secret",
    parameter_path="/mlops/analytics/dev",
    prefix="analytics-dev",
    account_id=ACCOUNT,
    region=REGION,
    life_cycle_role="analytics-dev-model-life-cycle",
    unit="analytics",
    retraining_accounts=(("preprod", "222222222222"), ("prod", "333333333333")),
)
NOTED = f"arn:aws:sts::{ACCOUNT}:assumed-role/analytics-dev-model-life-cycle/analytics-dev-model-life-cycle"
"""Session of the role that notes what production serves."""
SERVING = {"Stage": "Production", "StageStatus": "Serving"}
PROJECT_ID = "p-abcdefghijkl"
GROUP = f"abalone-{PROJECT_ID}"
REPOSITORY = f"acme/mlops-{GROUP}-model-deployment-realtime"
TRAINING = f"acme/mlops-{GROUP}-model-training"
BUCKET = f"analytics-dev-{PROJECT_ID}-{ACCOUNT}-{REGION}"
PARAMETER = f"/mlops/analytics/dev/projects/{PROJECT_ID}"
OLD_PARAMETER = f"{PARAMETER}/deployment-repository"
ARTIFACT = f"s3://{BUCKET}/pipelines/run/output/model.tar.gz"
BODY = b"model"
REPORT = "executions/run/evaluation/evaluation.json"
"""Key of the evaluation report, in the project's bucket."""
MEASURED = b'{"mse": 4.7}'


class Crash(BaseException):
    """The process ends: nothing that catches exceptions may see it."""


def arn(version: int, group: str = GROUP, account: str = ACCOUNT) -> str:
    """ARN of a version."""
    return f"arn:aws:sagemaker:{REGION}:{account}:model-package/{group}/{version}"


def document(**changes: object) -> str:
    """The JSON that a launch publishes about the project."""
    values = {
        "name": "abalone",
        "repository": REPOSITORY,
        "training_repository": TRAINING,
        "package_group": GROUP,
        "bucket": BUCKET,
        "roles": {
            environment: f"arn:aws:iam::{account}:role/analytics-{environment}-{PROJECT_ID}-deployment"
            for environment, account in (("preprod", "222222222222"), ("prod", "333333333333"))
        },
    }
    return json.dumps({**values, **changes})


def evidence(container: Mapping[str, object], body: bytes = BODY) -> dict[str, str]:
    """Evidence that a pipeline registers with a version."""
    return {MODEL: hashlib.sha256(body).hexdigest(), CONTAINER: container_digest(container)}


def described(evidence: Mapping[str, str] | None) -> str:
    """Return the description of a version whose pipeline registered this evidence; with none, as pipelines wrote it earlier."""
    said = f"Made from commit abc by the pipeline definition with the SHA-256 {'d' * 64}"
    return (
        f"{said}. Its container has the SHA-256 {evidence[CONTAINER]}, its artifact {evidence[MODEL]}"
        if evidence
        else said
    )


def metrics(body: bytes = MEASURED, **more: object) -> dict[str, Any]:
    """Metrics of a version, as a pipeline registers them."""
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    source = {"ContentType": "application/json", "S3Uri": f"s3://{BUCKET}/{REPORT}", "ContentDigest": digest, **more}
    return {"ModelQuality": {"Statistics": {key: value for key, value in source.items() if value is not None}}}


def checksum(body: bytes) -> str:
    """Return a SHA-256 as S3 writes it."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def error(code: str, message: str = "…", status: int = 400) -> ClientError:
    """Return an error as boto3 raises it."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


@dataclass
class MemorySageMaker:
    """SageMaker's model registry."""

    clock: Clock
    packages: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    failure: ClientError | None = None

    def register(self, version: int, **more: object) -> None:
        """A pipeline registers a version."""
        container = {"Image": "image", "ModelDataUrl": ARTIFACT}
        self.packages[arn(version)] = {
            "ModelPackageArn": arn(version),
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "PendingManualApproval",
            "CreationTime": self._now(),
            "InferenceSpecification": {"Containers": [container]},
            "ModelPackageDescription": described(evidence(container)),
            "ModelMetrics": metrics(),
            **more,
        }

    def update(self, version: int, **changes: object) -> None:
        """A user changes a version."""
        self.packages[arn(version)] |= {**changes, "LastModifiedTime": self._now()}

    def describe_model_package(self, **arguments: str) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        name = arguments["ModelPackageName"]
        if name not in self.packages:
            raise error("ValidationException", f"ModelPackage {name} does not exist.")
        return self.packages[name]

    def list_model_packages(self, **arguments: Any) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        assert (arguments["SortBy"], arguments["SortOrder"], arguments["MaxResults"]) == (
            "CreationTime",
            "Descending",
            25,
        )
        wanted = arguments["ModelApprovalStatus"]
        found = [
            {"ModelPackageArn": package["ModelPackageArn"]}
            for package in self.packages.values()
            if package["ModelApprovalStatus"] == wanted
            and f"/{arguments['ModelPackageGroupName']}/" in package["ModelPackageArn"]
        ]
        if not self.packages:
            raise error("ValidationException", "Model Package Group does not exist")
        return {"ModelPackageSummaryList": found}

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC)


@dataclass
class MemorySsm:
    """Parameters of Systems Manager."""

    values: dict[str, str]
    failure: ClientError | None = None

    def get_parameter(self, **arguments: str) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        if arguments["Name"] not in self.values:
            raise error("ParameterNotFound")
        return {"Parameter": {"Value": self.values[arguments["Name"]]}}

    def get_paginator(self, operation: str) -> "MemorySsm":
        assert operation == "get_parameters_by_path"
        return self

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        assert arguments == {"Path": "/mlops/analytics/dev/projects", "Recursive": True}
        for name, value in self.values.items():
            if name.startswith(f"{arguments['Path']}/"):
                yield {"Parameters": [{"Name": name, "Value": value}]}


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object."""

    body: bytes
    size: int
    metadata: dict[str, str]
    checksum: str = ""
    """SHA-256 as S3 stores it; empty for an object that was uploaded without one."""
    modified: datetime = field(default_factory=lambda: datetime.fromtimestamp(0, UTC))

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()}"'


def nothing(what: str) -> None:
    """Do nothing."""


@dataclass
class MemoryS3:
    """Objects, written under conditions as S3 does it, and uploads of parts.

    Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes" and "Checking object integrity".
    """

    objects: dict[tuple[str, str], Stored] = field(default_factory=dict[tuple[str, str], Stored])
    copies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    conflicts: int = 0
    """Number of conditional writes that conflict with another one."""
    conflicting_copies: int = 0
    """Number of copies that conflict with another one of the same object."""
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    before: Callable[[str], None] = nothing
    """Called with what is about to be written: the state of a record, or `copy`."""
    after: Callable[[str], None] = nothing

    def put(
        self,
        bucket: str,
        key: str,
        body: bytes = BODY,
        size: int | None = None,
        metadata: dict[str, str] | None = None,
        modified: float = 0.0,
    ) -> None:
        """Another role writes an object, at `modified` seconds since 1970."""
        self.objects[bucket, key] = Stored(
            body=body,
            size=len(body) if size is None else size,
            metadata=metadata or {},
            checksum=checksum(body),
            modified=datetime.fromtimestamp(modified, UTC),
        )

    def put_object(self, **arguments: Any) -> dict[str, str]:
        place = (arguments["Bucket"], arguments["Key"])
        what = json.loads(arguments["Body"])["state"]
        self.before(what)
        if self.conflicts:
            self.conflicts -= 1
            raise error("ConditionalRequestConflict", status=409)
        self._check(place, arguments)
        self.objects[place] = Stored(body=arguments["Body"], size=len(arguments["Body"]), metadata={})
        self.after(what)
        return {"ETag": self.objects[place].etag}

    def get_object(self, **arguments: str) -> dict[str, Any]:
        found = self._found(arguments["Bucket"], arguments["Key"], "AccessDenied")
        return {"Body": io.BytesIO(found.body), "ETag": found.etag}

    def head_object(self, **arguments: str) -> dict[str, Any]:
        found = self._found(arguments["Bucket"], arguments["Key"], "403")
        described: dict[str, Any] = {
            "ContentLength": found.size,
            "ETag": found.etag,
            "LastModified": found.modified,
            "Metadata": found.metadata,
        }
        assert arguments["ChecksumMode"] == "ENABLED"
        return described | ({"ChecksumSHA256": found.checksum} if found.checksum else {})

    def create_multipart_upload(self, **arguments: Any) -> dict[str, str]:
        self.before("copy")
        assert arguments["ChecksumAlgorithm"] == "SHA256"
        upload = f"upload-{len(self.uploads)}"
        self.uploads[upload] = arguments
        return {"UploadId": upload}

    def upload_part_copy(self, **arguments: Any) -> dict[str, Any]:
        source = self._found(arguments["CopySource"]["Bucket"], arguments["CopySource"]["Key"], "AccessDenied")
        if source.etag != arguments["CopySourceIfMatch"]:
            raise error("PreconditionFailed", status=412)
        self.uploads[arguments["UploadId"]]["Source"] = source
        return {"CopyPartResult": {"ETag": '"part"', "ChecksumSHA256": checksum(source.body)}}

    def complete_multipart_upload(self, **arguments: Any) -> None:
        self.before("complete")
        if self.conflicting_copies:
            self.conflicting_copies -= 1
            raise error("ConditionalRequestConflict", status=409)
        place = (arguments["Bucket"], arguments["Key"])
        # The bucket's policy refuses a request without the condition.
        assert arguments["IfNoneMatch"] == "*"
        self._check(place, arguments)
        upload = self.uploads.pop(arguments["UploadId"])
        source: Stored = upload["Source"]
        of_parts = f"{checksum(hashlib.sha256(source.body).digest())}-1"
        self.copies.append(upload)
        self.objects[place] = Stored(body=source.body, size=source.size, metadata=upload["Metadata"], checksum=of_parts)
        self.after("copy")

    def abort_multipart_upload(self, **arguments: str) -> None:
        self.uploads.pop(arguments["UploadId"])

    def get_paginator(self, operation: str) -> "MemoryS3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **arguments: str) -> Iterator[dict[str, Any]]:
        keys = [
            key for bucket, key in self.objects if bucket == arguments["Bucket"] and key.startswith(arguments["Prefix"])
        ]
        if not keys:
            yield {}
        for key in keys:
            yield {"Contents": [{"Key": key}]}

    def _check(self, place: tuple[str, str], arguments: Mapping[str, str]) -> None:
        there = self.objects.get(place)
        if arguments.get("IfNoneMatch") == "*" and there is not None:
            raise error("PreconditionFailed", status=412)
        if "IfMatch" in arguments and (there is None or there.etag != arguments["IfMatch"]):
            raise error("PreconditionFailed", status=412)

    def _found(self, bucket: str, key: str, code: str) -> Stored:
        if (bucket, key) not in self.objects:
            raise error(code, status=403)
        return self.objects[bucket, key]


@dataclass
class MemoryGitHub:
    """Runs of workflows, branches and pull requests."""

    clock: Clock
    account: str = "mlops-bot"
    runs: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    knows_from: float = 0.0
    """Time at which GitHub has found the files of the repositories."""
    seconds_to_appear: float = 0.0
    broken: set[str] = field(default_factory=set[str])
    """Repositories whose workflow was renamed or disabled."""
    refused: int = 0
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    on_list: Callable[[], None] = lambda: None
    succeeded: dict[str, str] = field(default_factory=dict[str, str])
    """The commits of the runs that succeeded, by address."""
    branches: dict[str, str] = field(default_factory=dict[str, str])
    """The commits of the branches of the repository."""
    commits: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """The commits that the platform made, by their SHA."""
    pulls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The newest first."""

    def dispatch(
        self, full_name: str, workflow: str, branch: str, inputs: Mapping[str, str] | None = None
    ) -> str | None:
        """Start a run as an older server does, which does not tell its address."""
        assert (workflow, branch) == ("train.yml" if full_name == TRAINING else "deploy.yml", "main")
        assert inputs is not None
        self.before()
        if self.clock.now < self.knows_from or full_name in self.broken:
            self.refused += 1
            return None
        url = f"https://github.com/{full_name}/actions/runs/{len(self.runs) + 1}"
        self.runs.append({"repository": full_name, "url": url, "since": str(self.clock.now), **inputs})
        self.after()
        return ""

    def run_of(self, repository: str, workflow: str, branch: str, run_id: str) -> str | None:
        self.on_list()
        for run in self.runs:
            visible = float(run["since"]) + self.seconds_to_appear <= self.clock.now
            if (
                visible
                and run["repository"] == repository
                and run_id in (run.get("approval"), *run.get("reason", "").split())
            ):
                return run["url"]
        return None

    def tested_commit(
        self, repository: str, workflow: str, branch: str, approval: Approval, url: str | None
    ) -> str | None:
        run = self.run_of(repository, workflow, branch, approval.id)
        return self.succeeded.get(run) if run is not None and url in (None, run) else None

    def branch_commit(self, full_name: str, branch: str) -> str | None:
        return self.branches.get(branch)

    def commit_file(
        self, repository: str, path: str, content: str, message: str, *, tree_of: str, parents: Sequence[str]
    ) -> str:
        sha = f"commit-{len(self.commits)}"
        self.commits[sha] = {"path": path, "content": content, "tree_of": tree_of, "parents": list(parents)}
        return sha

    def create_branch(self, full_name: str, branch: str, commit: str) -> None:
        self.branches[branch] = commit
        self.after()

    def open_pull_request(self, full_name: str, branch: str, base: str, title: str, body: str) -> None:
        head = {"ref": branch, "repo": {"full_name": full_name}}
        # GitHub refuses a second one for the same branch while the first is open, which its client takes for done.
        if not any((each["state"], each["head"], each["base"]) == ("open", head, base) for each in self.pulls):
            self.propose(full_name, head, base, title, self.account)

    def propose(self, full_name: str, head: Mapping[str, object], base: str, title: str, author: str) -> None:
        """Somebody opens a pull request."""
        number = len(self.pulls) + 1
        url = f"https://github.com/{full_name}/pull/{number}"
        found = {
            "number": number,
            "html_url": url,
            "state": "open",
            "head": head,
            "user": {"login": author},
            "base": base,
            "title": title,
        }
        self.pulls.insert(0, found)

    def pull_requests(self, full_name: str, base: str, state: str) -> list[dict[str, object]]:
        assert state == "all"
        return [each for each in self.pulls if each["base"] == base]

    def close_pull_request(self, full_name: str, number: int) -> None:
        next(each for each in self.pulls if each["number"] == number)["state"] = "closed"


class Fakes:
    """Everything outside the function, in memory."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sagemaker = MemorySageMaker(self.clock)
        self.ssm = MemorySsm({PARAMETER: document()})
        self.s3 = MemoryS3()
        self.s3.put(BUCKET, "pipelines/run/output/model.tar.gz")
        self.s3.put(BUCKET, REPORT, MEASURED)
        self.github = MemoryGitHub(self.clock)
        self.github_asked = 0
        self.settings = SETTINGS

    def deployer(self, request_id: str = "request-1", seconds: float = 230.0) -> Deployer:
        """Return the deployer of one attempt of Lambda at one request."""
        return Deployer(
            settings=self.settings,
            registry=ModelRegistry(self.sagemaker),
            projects=ProjectParameters(SETTINGS, self.ssm),
            approvals=ApprovalStore(self.s3),
            artifacts=ApprovedArtifacts(self.s3, lambda: self.s3),
            github=self._github,
            deadline=Deadline(at=self.clock.now + seconds, now=self.clock, sleep=self.clock.sleep),
            request_id=request_id,
            wall_clock=self.clock,
        )

    def retrainer(self, request_id: str = "request-1") -> Retrainer:
        """Return the retrainer of one attempt of Lambda at one request."""
        return Retrainer(
            settings=self.settings,
            projects=ProjectParameters(SETTINGS, self.ssm),
            retrainings=RetrainingStore(self.s3),
            github=self._github,
            deadline=Deadline(at=self.clock.now + 230, now=self.clock, sleep=self.clock.sleep),
            request_id=request_id,
            wall_clock=self.clock,
        )

    def approve(self, version: int = 1) -> None:
        """A lead approves the version, and some seconds pass."""
        self.sagemaker.update(version, ModelApprovalStatus="Approved")
        self.clock.now += 5

    def deliver(
        self,
        version: int = 1,
        *,
        request_id: str = "request-1",
        changed: list[str] | None = None,
        package_arn: str | None = None,
    ) -> Decision:
        """EventBridge delivers the event about a change of the version."""
        event = ApprovalEvent(package_arn=arn(version) if package_arn is None else package_arn, changed=changed)
        return self.deployer(request_id).approve(event)

    def sweep(self, request_id: str = "sweep-1", after: float = 900.0) -> list[Decision]:
        """The scheduled sweep, some time later."""
        self.clock.now += after
        return self.deployer(request_id).sweep()

    @property
    def dispatched(self) -> list[str]:
        """The packages that runs were started for, in their order."""
        return [run["model_package_arn"] for run in self.github.runs]

    def records(self) -> dict[str, dict[str, Any]]:
        """Every approval's record, by its key."""
        return {key: json.loads(each.body) for (_, key), each in self.s3.objects.items() if key.startswith("deploy")}

    def states(self) -> list[str]:
        """The states of all records, in the order of their writing."""
        return [record["state"] for record in self.records().values()]

    def _github(self) -> MemoryGitHub:
        self.github_asked += 1
        return self.github
