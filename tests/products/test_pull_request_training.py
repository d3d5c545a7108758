"""The roles under which a pull request trains before anybody has reviewed it."""

import pytest

from components.iam.sagemaker_jobs import JOBS_WITH_A_NETWORK
from tests.cloudformation import parse
from tests.products.product import ACCOUNT, ISSUER, OIDC_PROVIDER, SUBJECT, Product, launched, texts

BUCKET = f"arn:aws:s3:::analytics-dev-p-abcdefghijkl-{ACCOUNT}-eu-west-1"
SAGEMAKER = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}"
PIPELINE = f"{SAGEMAKER}:pipeline/abalone-p-abcdefghijkl"
TRIAL = f"{SAGEMAKER}:pipeline/pull-request-7-p-abcdefghijkl-trial"
ROLES = ("TrialRole", "TrialStepsRole", "TrialJobRole")
OWN = {
    "aws:RequestTag/sagemaker:project-id": "p-abcdefghijkl",
    "aws:RequestTag/mlops:trial": "true",
    "sagemaker:InstanceTypes": ["ml.m5.large"],
    "sagemaker:NetworkIsolation": "true",
    "sagemaker:VpcSubnets": ["subnet-1"],
    "sagemaker:VpcSecurityGroupIds": ["sg-1"],
}


@pytest.fixture(scope="module")
def product() -> Product:
    return launched("model-building-training")


def test_pull_requests_of_the_repository_assume_the_role_of_trials_and_no_other(product: Product) -> None:
    [statement] = product.trust("TrialRole")["Statement"]
    assert statement["Principal"] == {"Federated": OIDC_PROVIDER}
    assert statement["Condition"] == {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": f"{SUBJECT}:pull_request"}
    }
    subjects = {role: str(product.trust(role)) for role in product.of_type("AWS::IAM::Role")}
    assert [role for role, trust in subjects.items() if "pull_request" in trust] == ["TrialRole"]


def test_the_pipelines_and_jobs_of_a_pull_request_are_sagemakers(product: Product) -> None:
    for role in ("TrialStepsRole", "TrialJobRole"):
        [statement] = product.trust(role)["Statement"]
        assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_no_name_of_its_roles_is_one_that_the_boundary_lets_register_models(product: Product) -> None:
    # The boundary: WhoRegisters excepts the roles …-p-*-pipeline.
    for role in ROLES:
        assert not product.properties(role)["RoleName"].endswith("-pipeline")


@pytest.mark.parametrize("action", ["CreatePipeline", "UpdatePipeline", "StartPipelineExecution", "DeletePipeline"])
def test_a_pull_request_changes_pipelines_of_trials_alone(product: Product, action: str) -> None:
    assert product.may("TrialRole", f"sagemaker:{action}", TRIAL)
    assert not product.may("TrialRole", f"sagemaker:{action}", PIPELINE)
    assert not product.may("TrialRole", f"sagemaker:{action}", TRIAL.replace("abcdefghijkl", "mnopqrstuvwx"))
    for role in ("TrialStepsRole", "TrialJobRole"):
        assert not product.may(role, f"sagemaker:{action}", TRIAL)
    assert not product.may("TrialRole", "sagemaker:StartPipelineExecution", f"{PIPELINE}/execution/1")


@pytest.mark.parametrize(
    "name", ["pull-request-7-p-abcdefghijkl", "x-p-abcdefghijkl-trial", "abalone-p-abcdefghijkl-trial-x"]
)
@pytest.mark.parametrize("action", ["UpdatePipeline", "StartPipelineExecution", "DeletePipeline"])
def test_no_name_of_another_project_gives_its_pipeline_to_a_pull_request(
    product: Product, action: str, name: str
) -> None:
    others = f"{SAGEMAKER}:pipeline/{name}-p-mnopqrstuvwx"
    assert not product.may("TrialRole", f"sagemaker:{action}", others)


@pytest.mark.parametrize("role", ["TrialRole", "TrialJobRole"])
def test_what_it_reads_and_writes_is_below_trials(product: Product, role: str) -> None:
    for action in ("s3:GetObject", "s3:PutObject"):
        assert product.may(role, action, f"{BUCKET}/trials/7/x")
        for folder in ("code", "data", "executions", "approved", "deployments", "trials-of-another"):
            assert not product.may(role, action, f"{BUCKET}/{folder}/x")
    assert product.may(role, "s3:ListBucket", BUCKET, {"s3:prefix": "trials/7/code/"})
    assert not product.may(role, "s3:ListBucket", BUCKET, {"s3:prefix": "executions/"})
    assert not product.may(role, "s3:ListBucket", BUCKET)
    assert not product.may(role, "s3:DeleteObject", f"{BUCKET}/trials/7/x")


def test_what_it_left_is_forgotten_after_a_week(product: Product) -> None:
    rules = product.properties("ArtifactBucket")["LifecycleConfiguration"]["Rules"]
    [rule] = [rule for rule in rules if rule.get("Prefix") == "trials/"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 7)
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


@pytest.mark.parametrize(("job", "kind"), [("ProcessingJob", "processing-job"), ("TrainingJob", "training-job")])
def test_its_jobs_are_isolated_in_the_network_tagged_and_on_one_small_type(
    product: Product, job: str, kind: str
) -> None:
    action, resource = f"sagemaker:Create{job}", f"{SAGEMAKER}:{kind}/pipelines-abc-Train-xyz"
    assert product.may("TrialStepsRole", action, resource, OWN)
    assert not product.may("TrialRole", action, resource, OWN)
    for key in OWN:
        assert not product.may("TrialStepsRole", action, resource, {k: v for k, v in OWN.items() if k != key}), key
    for key, value in {
        "aws:RequestTag/sagemaker:project-id": "p-mnopqrstuvwx",
        "aws:RequestTag/mlops:trial": "false",
        "sagemaker:InstanceTypes": ["ml.m5.large", "ml.p5.48xlarge"],
        "sagemaker:NetworkIsolation": "false",
        "sagemaker:VpcSecurityGroupIds": ["sg-2"],
    }.items():
        assert not product.may("TrialStepsRole", action, resource, {**OWN, key: value}), key


@pytest.mark.parametrize(("job", "kind"), [("ProcessingJob", "processing-job"), ("TrainingJob", "training-job")])
def test_a_job_of_a_pull_request_runs_no_longer_than_a_day(product: Product, job: str, kind: str) -> None:
    """A request that names no time gets a day."""
    action, resource = f"sagemaker:Create{job}", f"{SAGEMAKER}:{kind}/pipelines-abc-Train-xyz"
    for seconds, expected in (("1800", True), ("86400", True), ("86401", False), ("432000", False)):
        keys = {**OWN, "sagemaker:MaxRuntimeInSeconds": seconds}
        assert product.may("TrialStepsRole", action, resource, keys) is expected, seconds


def test_a_job_of_a_pull_request_reads_no_file_system(product: Product) -> None:
    resource = f"{SAGEMAKER}:training-job/pipelines-abc-Train-xyz"
    keys = {**OWN, "sagemaker:FileSystemId": ["fs-1"]}
    assert product.may("TrialStepsRole", "sagemaker:CreateTrainingJob", resource, OWN)
    assert not product.may("TrialStepsRole", "sagemaker:CreateTrainingJob", resource, keys)


def test_a_job_of_a_pull_request_starts_no_further_job_and_passes_no_role(product: Product) -> None:
    for job, kind in (("ProcessingJob", "processing-job"), ("TrainingJob", "training-job")):
        resource = f"{SAGEMAKER}:{kind}/pipelines-abc-Train-xyz"
        for action in (f"sagemaker:Create{job}", f"sagemaker:Stop{job}", "sagemaker:AddTags"):
            assert not product.may("TrialJobRole", action, resource, OWN)
    actions = {
        action
        for document in product.documents("TrialJobRole")
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in texts(statement["Action"])
    }
    assert not [action for action in actions if action.startswith(("iam:", "sagemaker:"))]


def test_what_runs_its_pipelines_reads_what_jobs_report_and_writes_nothing(product: Product) -> None:
    assert product.may("TrialStepsRole", "s3:GetObject", f"{BUCKET}/trials/7/x")
    assert not product.may("TrialStepsRole", "s3:GetObject", f"{BUCKET}/executions/x")
    for folder in ("trials/7", "executions"):
        assert not product.may("TrialStepsRole", "s3:PutObject", f"{BUCKET}/{folder}/x")


def test_it_follows_and_stops_no_job_but_those_of_trials(product: Product) -> None:
    job = f"{SAGEMAKER}:training-job/pipelines-abc-Train-xyz"
    mine = {"aws:ResourceTag/sagemaker:project-id": "p-abcdefghijkl"}
    for verb in ("Describe", "Stop"):
        assert product.may(
            "TrialStepsRole", f"sagemaker:{verb}TrainingJob", job, {**mine, "aws:ResourceTag/mlops:trial": "true"}
        )
        assert not product.may("TrialStepsRole", f"sagemaker:{verb}TrainingJob", job, mine)


def test_each_of_its_roles_passes_the_next_and_no_other(product: Product) -> None:
    for role, passes in {"TrialRole": "trial-steps", "TrialStepsRole": "trial-job", "TrialJobRole": ""}.items():
        for passed in ("trial", "trial-steps", "trial-job", "job", "pipeline", "workflow"):
            arn = f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-{passed}"
            may = product.may(role, "iam:PassRole", arn, {"iam:PassedToService": "sagemaker.amazonaws.com"})
            assert may is (passed == passes), (role, passed)
            assert not product.may(role, "iam:PassRole", arn, {"iam:PassedToService": "lambda.amazonaws.com"})


def test_it_asks_nothing_else_of_any_service(product: Product) -> None:
    services = {
        action.partition(":")[0]
        for role in ROLES
        for document in product.documents(role)
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in texts(statement["Action"])
    }
    assert services == {"cloudwatch", "ec2", "ecr", "iam", "kms", "logs", "s3", "sagemaker"}


def test_jobs_outside_the_network_are_denied_for_every_job_type(product: Product) -> None:
    denials = [
        statement
        for document in product.documents("TrialStepsRole")
        for statement in document["Statement"]
        if statement["Effect"] == "Deny" and "sagemaker:CreateModel" in statement["Action"]
    ]
    assert [statement["Action"] for statement in denials] == [list(JOBS_WITH_A_NETWORK)] * 3


def test_the_repository_is_told_its_roles(product: Product) -> None:
    prefix = f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl"
    assert product.properties("Repository")["Settings"]["trial"] == {
        "role_arn": f"{prefix}-trial",
        "pipeline_role_arn": f"{prefix}-trial-steps",
        "job_role_arn": f"{prefix}-trial-job",
    }
    assert "TrialRole" in parse(product.text)["Resources"]["FirstRun"]["DependsOn"]
