"""The feature groups of a project: who writes and reads their records, and who looks at them."""

import pytest

from tests.decisions import Request, denials
from tests.products.product import ACCOUNT, KEY, Product, launched

BUCKET = f"arn:aws:s3:::analytics-dev-p-abcdefghijkl-{ACCOUNT}-eu-west-1"
RECORDS = (
    f"{BUCKET}/features/{ACCOUNT}/sagemaker/eu-west-1/offline-store/p-abcdefghijkl-abalone-1793491200/data/x.parquet"
)
GROUPS = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:feature-group"
STORE = "FeatureStoreRole"


@pytest.fixture(scope="module")
def product() -> Product:
    return launched("model-building-training")


def test_feature_store_of_this_account_assumes_the_role_of_the_groups(product: Product) -> None:
    [statement] = product.trust(STORE)["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert product.properties(STORE)["RoleName"] == "analytics-dev-p-abcdefghijkl-features"


def test_it_writes_records_and_reads_and_starts_nothing(product: Product) -> None:
    assert product.may(STORE, "s3:PutObject", RECORDS)
    assert product.may(STORE, "kms:GenerateDataKey", KEY, {"kms:ViaService": "s3.eu-west-1.amazonaws.com"})
    assert not product.may(STORE, "kms:GenerateDataKey", KEY)
    assert not product.may(STORE, "s3:GetObject", RECORDS)
    for folder in ("approved", "code", "data", "executions", "trials"):
        assert not product.may(STORE, "s3:PutObject", f"{BUCKET}/{folder}/x")
    assert not product.may(STORE, "s3:PutObject", RECORDS.replace("abcdefghijkl", "mnopqrstuvwx"))
    allowed = {
        action
        for document in product.documents(STORE)
        for each in document["Statement"]
        if each["Effect"] == "Allow"
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert allowed == {"kms:Decrypt", "kms:GenerateDataKey", "s3:GetBucketAcl", "s3:PutObject", "s3:PutObjectAcl"}


@pytest.mark.parametrize("role", ["job", "pipeline", "workflow", "trial", "trial-job", "features", "administrator"])
def test_nobody_else_writes_records_whatever_a_policy_grants(product: Product, role: str) -> None:
    policy = product.properties("ArtifactBucketPolicy")["PolicyDocument"]
    name = role if role == "administrator" else f"analytics-dev-p-abcdefghijkl-{role}"
    request = Request(
        principal=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        action="s3:PutObject",
        resource=RECORDS,
        keys={"aws:SecureTransport": "true"},
    )
    assert denials(policy, request) == ([] if role == "features" else ["OnlyFeatureStoreWritesRecords"])


def test_jobs_of_main_read_the_records_of_their_own_project_and_those_of_pull_requests_none(product: Product) -> None:
    assert product.may("JobRole", "s3:GetObject", RECORDS)
    assert not product.may("JobRole", "s3:GetObject", RECORDS.replace("p-abcdefghijkl-111", "p-mnopqrstuvwx-111"))
    assert not product.may("JobRole", "s3:PutObject", RECORDS)
    for role in ("TrialRole", "TrialStepsRole", "TrialJobRole", "WorkflowRole", "PipelineRole"):
        assert not product.may(role, "s3:GetObject", RECORDS)


@pytest.mark.parametrize("role", ["JobRole", "PipelineRole", "TrialRole", "TrialStepsRole", "TrialJobRole", STORE])
def test_only_the_workflow_of_main_looks_at_groups(product: Product, role: str) -> None:
    assert product.may("WorkflowRole", "sagemaker:DescribeFeatureGroup", f"{GROUPS}/p-abcdefghijkl-abalone")
    assert not product.may("WorkflowRole", "sagemaker:DescribeFeatureGroup", f"{GROUPS}/p-mnopqrstuvwx-abalone")
    assert not product.may(role, "sagemaker:DescribeFeatureGroup", f"{GROUPS}/p-abcdefghijkl-abalone")
    for action in ("CreateFeatureGroup", "DeleteFeatureGroup", "PutRecord", "UpdateFeatureGroup"):
        for each in (role, "WorkflowRole"):
            assert not product.may(each, f"sagemaker:{action}", f"{GROUPS}/p-abcdefghijkl-abalone")


def test_no_role_of_the_project_passes_the_role_of_the_groups(product: Product) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-features"
    for role in product.of_type("AWS::IAM::Role"):
        assert not product.may(role, "iam:PassRole", arn, {"iam:PassedToService": "sagemaker.amazonaws.com"})
