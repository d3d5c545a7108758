"""The evidence of a project: who writes in its bucket, whose jobs a pipeline touches, and what its versions carry."""

from collections.abc import Mapping

import pytest

from functions.shared import evidence as compared
from mlops_platform.pipeline import evidence as registered
from mlops_platform.project.aws import service_model
from tests.access.authorization import changes_of_objects
from tests.decisions import Request, Values, denials
from tests.products.product import ACCOUNT, Product, launched

BUCKET = f"arn:aws:s3:::analytics-dev-p-abcdefghijkl-{ACCOUNT}-eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-"
TRIGGER = f"{ROLE}deployment-trigger"
WORKFLOW = f"{ROLE}p-abcdefghijkl-workflow"
OTHERS = (f"{ROLE}p-abcdefghijkl-pipeline", f"{ROLE}p-abcdefghijkl-job", f"{ROLE}deploy", f"{ROLE}administrator")
ONCE = {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"}
JOB = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:training-job/pipelines-abcdefghijkl-Train-xyz"


@pytest.fixture(scope="module", params=["model-building-training", "model-building-training-deployment"])
def product(request: pytest.FixtureRequest) -> Product:
    """Both products: what one did not protect could be used when it becomes the other."""
    return launched(request.param)


def refused(product: Product, principal: str, action: str, key: str, keys: Mapping[str, Values] | None = None) -> bool:
    """Whether the bucket's policy refuses a request, whatever the principal's own policies say."""
    secure = {"aws:SecureTransport": "true", **(keys or {})}
    request = Request(principal=principal, action=action, resource=f"{BUCKET}/{key}", keys=secure)
    return bool(denials(product.properties("ArtifactBucketPolicy")["PolicyDocument"], request))


@pytest.mark.parametrize("action", changes_of_objects())
@pytest.mark.parametrize(
    ("folder", "writer"),
    [("approved", TRIGGER), ("deployments", TRIGGER), ("code", WORKFLOW), ("data", WORKFLOW)],
)
def test_a_folder_has_one_writer_and_administrators_are_none(
    product: Product, folder: str, writer: str, action: str
) -> None:
    encrypting = action == "s3:updateobjectencryption"
    assert refused(product, writer, action, f"{folder}/1/x", ONCE) is (encrypting and writer == TRIGGER)
    for other in ({TRIGGER, WORKFLOW} - {writer}) | set(OTHERS):
        assert refused(product, other, action, f"{folder}/1/x", ONCE), other
    assert not refused(product, OTHERS[0], action, "executions/1/x")


@pytest.mark.parametrize("action", changes_of_objects())
def test_artifacts_and_reports_are_written_by_roles_of_the_project_alone(product: Product, action: str) -> None:
    for role in ("job", "pipeline", "workflow"):
        assert not refused(product, f"{ROLE}p-abcdefghijkl-{role}", action, "executions/1/x"), role
    for role in ("deployment-trigger", "flow-logs", "job", "p-mnopqrstuvwx-job", "deploy", "administrator"):
        assert refused(product, f"{ROLE}{role}", action, "executions/1/x"), role


@pytest.mark.parametrize(("folder", "writer"), [("approved", TRIGGER), ("code", WORKFLOW), ("data", WORKFLOW)])
@pytest.mark.parametrize("header", [None, '"etag"', "x*", ""])
def test_what_was_written_is_never_replaced(product: Product, folder: str, writer: str, header: str | None) -> None:
    creating = {"s3:ObjectCreationOperation": "true"}
    if header is not None:
        creating["s3:if-none-match"] = header
    assert refused(product, writer, "s3:PutObject", f"{folder}/1/x", creating)
    assert not refused(product, writer, "s3:PutObject", f"{folder}/1/x", ONCE)
    # An upload of parts is begun and filled without the header.
    assert not refused(product, writer, "s3:PutObject", f"{folder}/1/x", {"s3:ObjectCreationOperation": "false"})


def test_the_record_of_an_approval_is_replaced_by_the_trigger_alone(product: Product) -> None:
    creating = {"s3:ObjectCreationOperation": "true", "s3:if-match": "etag"}
    assert not refused(product, TRIGGER, "s3:PutObject", "deployments/1/2.json", creating)


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:DeleteObjectTagging"])
@pytest.mark.parametrize("folder", ["approved", "deployments"])
def test_nobody_deletes_what_was_approved(product: Product, folder: str, action: str) -> None:
    for principal in (TRIGGER, WORKFLOW, *OTHERS):
        assert refused(product, principal, action, f"{folder}/1/x"), principal
        assert not refused(product, principal, action, "executions/1/x"), principal


@pytest.mark.parametrize("key", ["code/1/x.py", "data/1/x.csv", "approved/1/model.tar.gz", "deployments/1/2.json", "x"])
def test_jobs_and_pipelines_write_results_alone(product: Product, key: str) -> None:
    for role in ("JobRole", "PipelineRole"):
        assert not product.may(role, "s3:PutObject", f"{BUCKET}/{key}"), role
    assert product.may("JobRole", "s3:PutObject", f"{BUCKET}/executions/1/x")
    assert not product.may("PipelineRole", "s3:PutObject", f"{BUCKET}/executions/1/x")


def test_a_jobs_code_may_ask_nothing_of_sagemaker(product: Product) -> None:
    allowed = [
        action
        for document in product.documents("JobRole")
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    assert allowed
    assert not [action for action in allowed if action.startswith(("sagemaker:", "iam:", "lambda:"))]


@pytest.mark.parametrize("group", ["ProcessingJobs", "TrainingJobs"])
def test_a_pipelines_job_writes_no_log_of_a_job_that_a_person_started(product: Product, group: str) -> None:
    streams = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/sagemaker/{group}:log-stream:"
    assert product.may("JobRole", "logs:PutLogEvents", f"{streams}pipelines-abcdefghijkl-Train-xyz/algo-1-1")
    assert not product.may("JobRole", "logs:PutLogEvents", f"{streams}train-of-ada/algo-1-1")


@pytest.mark.parametrize("verb", ["Describe", "Stop"])
def test_a_pipeline_follows_and_stops_jobs_of_its_own_project_alone(product: Product, verb: str) -> None:
    tag = "aws:ResourceTag/sagemaker:project-id"
    action = f"sagemaker:{verb}TrainingJob"
    assert product.may("PipelineRole", action, JOB, {tag: "p-abcdefghijkl"})
    assert not product.may("PipelineRole", action, JOB, {tag: "p-mnopqrstuvwx"})
    assert not product.may("PipelineRole", action, JOB)


def test_a_pipeline_tags_nothing_but_the_jobs_that_it_creates(product: Product) -> None:
    own = {"aws:RequestTag/sagemaker:project-id": "p-abcdefghijkl", "sagemaker:TaggingAction": "CreateTrainingJob"}
    assert product.may("PipelineRole", "sagemaker:AddTags", JOB, own)
    theirs = {**own, "aws:RequestTag/sagemaker:project-id": "p-mnopqrstuvwx"}
    later = {key: value for key, value in own.items() if key != "sagemaker:TaggingAction"}
    for keys in (theirs, later):
        assert not product.may("PipelineRole", "sagemaker:AddTags", JOB, keys)


def test_no_operation_of_sagemaker_changes_what_a_version_says_about_its_making() -> None:
    arguments = dict[str, object]()
    definition = {"Steps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": arguments}]}
    [step] = registered.sealed(definition, "abc")["Steps"]
    [member] = step["Arguments"]
    sagemaker = service_model("sagemaker")
    assert member in sagemaker.operation_model("CreateModelPackage").input_shape.members
    assert member not in sagemaker.operation_model("UpdateModelPackage").input_shape.members
    # Where the digests of its reports stand.
    assert "ModelMetrics" not in sagemaker.operation_model("UpdateModelPackage").input_shape.members


@pytest.mark.parametrize(
    "container",
    [
        {"Image": "image", "Environment": {"B": "ü", "A": "1"}, "ModelDataUrl": "s3://anywhere"},
        {"Image": "image"},
        {"Image": "image", "Environment": {}, "ImageDigest": "sha256:1"},
    ],
    ids=str,
)
def test_the_platform_compares_what_the_training_repository_registers(container: dict[str, object]) -> None:
    artifact = "0" * 64
    arguments = {registered.DESCRIPTION: registered.evidence(artifact=artifact, container=container)}
    definition = {"Steps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": arguments}]}
    [step] = registered.sealed(definition, "abc")["Steps"]
    # As SageMaker joins it.
    described = {registered.DESCRIPTION: " ".join(step["Arguments"][registered.DESCRIPTION]["Std:Join"]["Values"])}
    written = compared.evidence_of(described)
    assert compared.evaluated_artifact(written, container) == artifact
    assert registered.registered_artifact(described) == artifact
    with pytest.raises(compared.EvidenceError, match="not what the pipeline registered"):
        compared.evaluated_artifact(written, {**container, "Image": "another"})


@pytest.mark.parametrize(
    "surrounding", ["{said}, its artifact {digest}", "{digest}\n", "{digest} {said}", "sha256:{digest}"]
)
def test_an_evaluation_that_writes_more_than_the_digest_of_the_artifact_has_no_evidence(surrounding: str) -> None:
    """It could tell the digest of another container, which the definition says."""
    digest, theirs = "0" * 64, {"Image": "another"}
    said = f"{digest}. Its container has the SHA-256 {registered.container_digest(theirs)}"
    artifact = surrounding.format(said=said, digest=digest)
    beginning = f"Made from commit abc by the pipeline definition with the SHA-256 {'d' * 64}."
    described = {
        registered.DESCRIPTION: f"{beginning} Its container has the SHA-256 {'1' * 64}, its artifact {artifact}"
    }
    assert compared.evidence_of(described) == {}
    assert registered.registered_artifact(described) is None
