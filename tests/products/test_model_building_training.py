"""The product "model building and training": its parameters, its resources, and the permissions of its roles."""

import json
import re
from pathlib import Path

import boto3
import pytest

from components.iam.sagemaker_jobs import JOBS_WITH_A_NETWORK
from functions.shared import project_name
from products.sagemaker_images import ACCOUNTS
from settings.limits import MOST_SUBNETS
from tests.bootstrap.policies import DEPLOYMENT, document, requested
from tests.bootstrap.template import Template
from tests.cloudformation import findings
from tests.decisions import permits
from tests.products.product import (
    ACCOUNT,
    ANSWERED_WITHIN,
    BOUNDARY,
    CLONER,
    ISSUER,
    KEY,
    OIDC_PROVIDER,
    PARAMETERS,
    PROJECT,
    SUBJECT,
    Launch,
    Product,
    launched,
    texts,
)

ROLES = ("JobRole", "PipelineRole", "WorkflowRole")
FEATURES = "FeatureStoreRole"
TRIAL_ROLES = ("TrialRole", "TrialStepsRole", "TrialJobRole")
"""The roles of pull requests; test_pull_request_training.py is about what they may do."""
BUCKET = f"arn:aws:s3:::analytics-dev-p-abcdefghijkl-{ACCOUNT}-eu-west-1"
SAGEMAKER = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}"
PIPELINE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-pipeline"
JOB_ROLE = f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-job"
OWN = {"aws:RequestTag/sagemaker:project-id": "p-abcdefghijkl"}
INSIDE = {
    "sagemaker:NetworkIsolation": "true",
    "sagemaker:VpcSubnets": ["subnet-1", "subnet-2"],
    "sagemaker:VpcSecurityGroupIds": ["sg-1"],
}
PENDING = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
LONGEST = {
    **PROJECT,
    "SageMakerProjectName": "a" * 32,
    "GitUser": "a" * 39,
    "GitReviewers": ",".join(letter * 39 for letter in "bcdefghij"),
    "ModelGroupDescription": "a" * 1024,
}
LONGEST_REGION = max(ACCOUNTS, key=len)
LONGEST_PREFIX = 63 - len(f"-p-abcdefghijkl-{ACCOUNT}-{LONGEST_REGION}")
"""Longer units and environments are refused by the platform's settings."""
LONGEST_LAUNCH = Launch(
    unit="a" * (LONGEST_PREFIX - 9),
    environment="b" * 8,
    region=LONGEST_REGION,
    parameters=LONGEST,
    organization="c" * 39,
    known={
        "encryption/data-key-arn": f"arn:aws:kms:{LONGEST_REGION}:{ACCOUNT}:key/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
        "network/private-subnet-ids": ",".join(f"subnet-0123456789abcdef{number}" for number in range(MOST_SUBNETS)),
        "network/vpc-id": "vpc-0123456789abcdef0",
        "network/workload-security-group-id": "sg-0123456789abcdef0",
        "notifications/alarms-topic-arn": f"arn:aws:sns:{LONGEST_REGION}:{ACCOUNT}:{'a' * LONGEST_PREFIX}-alarms",
        "projects/template-cloner-arn": (
            f"arn:aws:lambda:{LONGEST_REGION}:{ACCOUNT}:function:{'a' * LONGEST_PREFIX}-template-cloner"
        ),
    },
)
"""Names, regions and ids as long as they can be, and as many subnets as a network may have."""


@pytest.fixture(scope="module")
def product() -> Product:
    return launched("model-building-training")


@pytest.fixture(scope="module")
def longest() -> Product:
    return Product("model-building-training", LONGEST_LAUNCH)


def test_the_template_has_no_findings(product: Product, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(product.text)

    assert findings(tmp_path / "template.yaml", regions=["eu-west-1", "us-east-1"], informational=True) == []


def test_only_what_the_platforms_resources_know_is_read_from_parameters(product: Product) -> None:
    assert product.references == set(PARAMETERS) - {"notifications/alarms-topic-arn"}


def test_the_resources_of_a_project(product: Product) -> None:
    assert {key: resource["Type"] for key, resource in product.resources.items()} == {
        "ArtifactBucket": "AWS::S3::Bucket",
        "ArtifactBucketPolicy": "AWS::S3::BucketPolicy",
        "ModelPackageGroup": "AWS::SageMaker::ModelPackageGroup",
        "JobRole": "AWS::IAM::Role",
        "PipelineRole": "AWS::IAM::Role",
        "Repository": "Custom::ProjectRepository",
        "WorkflowRole": "AWS::IAM::Role",
        "CodeRepository": "AWS::SageMaker::CodeRepository",
        "TrialRole": "AWS::IAM::Role",
        "TrialStepsRole": "AWS::IAM::Role",
        "TrialJobRole": "AWS::IAM::Role",
        "FeatureStoreRole": "AWS::IAM::Role",
        "FirstRun": "Custom::FirstWorkflowRun",
    }


def test_people_find_what_was_made_in_the_outputs(product: Product) -> None:
    assert {name: output["Value"] for name, output in product.outputs.items()} == {
        "RepositoryName": "acme/mlops-abalone-p-abcdefghijkl-model-training",
        "RepositoryUrl": "https://github.com/acme/mlops-abalone-p-abcdefghijkl-model-training",
        "CodeRepositoryName": "code-repository",
        "ArtifactBucketName": f"analytics-dev-p-abcdefghijkl-{ACCOUNT}-eu-west-1",
        "ModelPackageGroupName": "abalone-p-abcdefghijkl",
        "PipelineName": "abalone-p-abcdefghijkl",
        "JobRoleArn": JOB_ROLE,
        "PipelineRoleArn": PIPELINE_ROLE,
        "WorkflowRoleArn": f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-workflow",
        "TrialRoleArn": f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-trial",
    }


def accepts(product: Product, parameter: str, value: str) -> bool:
    rules = product.template["Parameters"][parameter]
    length = rules["MinLength"] <= len(value) <= rules["MaxLength"]
    return length and re.fullmatch(rules["AllowedPattern"], value) is not None


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("SageMakerProjectName", "abalone"),
        ("SageMakerProjectName", "a"),
        ("SageMakerProjectName", "a--b-1"),
        ("SageMakerProjectName", "a" * 32),
        ("SageMakerProjectId", "p-abcdefghij01"),
        ("GitUser", "octo-cat"),
        ("GitUser", "octocat_acme"),
        ("GitUser", "a" * 39),
        ("GitReviewers", "grace"),
        ("GitReviewers", "grace, octocat_acme,mary"),
        ("ModelGroupDescription", "Ages of abalones: rings + 1.5 (größer ist älter)"),
        ("ModelGroupDescription", "a" * 1024),
        ("UpdatedAt", ""),
        ("UpdatedAt", "2026-11-30T17:30:00Z"),
    ],
)
def test_a_good_parameter_is_accepted(product: Product, parameter: str, value: str) -> None:
    assert accepts(product, parameter, value)


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("abalone", True),
        ("map-p-shells", True),
        ("abalone-p-abcdefghijk", True),
        ("p-abcdefghijkl", False),
        ("abalone-p-abcdefghijkl", False),
        ("abalone-p-abcdefghijkl-x", False),
        ("a-p-abcdefghijklm", False),
    ],
)
def test_a_name_that_contains_an_id_is_refused(product: Product, name: str, accepted: bool) -> None:
    assert accepts(product, "SageMakerProjectName", name) is accepted
    assert (project_name.problem(name) is None) is accepted


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("abalone", True),
        ("onboarding", True),
        ("project-onboarding", True),
        ("churn-project-onboarding", False),
        ("churn-project-onboarding-2", False),
        ("churn-project-onboardings", False),
    ],
)
def test_a_name_is_accepted_if_the_boundary_lets_the_project_invoke_the_alias_that_has_it(
    product: Product, name: str, accepted: bool
) -> None:
    alias = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:analytics-dev-model-release:{name}-p-abcdefghijkl"
    asked = requested(DEPLOYMENT, "lambda:InvokeFunction", alias)

    assert permits(document(Template(), "WorkloadBoundary"), asked) == accepted
    assert accepts(product, "SageMakerProjectName", name) == accepted


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("SageMakerProjectName", ""),
        ("SageMakerProjectName", "Abalone"),
        ("SageMakerProjectName", "-abalone"),
        ("SageMakerProjectName", "abalone-"),
        ("SageMakerProjectName", "aba_lone"),
        ("SageMakerProjectName", "a" * 33),
        ("SageMakerProjectId", "p-ABCDEFGHIJ01"),
        ("SageMakerProjectId", "p-abc"),
        ("GitUser", ""),
        ("GitUser", "ada@example.com"),
        ("GitUser", "-ada"),
        ("GitUser", "a" * 40),
        ("GitReviewers", ""),
        ("GitReviewers", "grace,"),
        ("GitReviewers", "grace; mary"),
        ("GitReviewers", f"grace, {'a' * 40}"),
        ("GitReviewers", "acme/data-science"),
        ("ModelGroupDescription", ""),
        ("ModelGroupDescription", "two\nlines"),
        ("ModelGroupDescription", "a" * 1025),
        ("UpdatedAt", "now"),
        ("UpdatedAt", "2026-11-30"),
    ],
)
def test_a_bad_parameter_is_refused_before_anything_is_created(product: Product, parameter: str, value: str) -> None:
    assert not accepts(product, parameter, value)


def test_every_parameter_has_a_rule_and_says_it_in_words(product: Product) -> None:
    for name, rules in product.template["Parameters"].items():
        assert {"Type", "Description", "MinLength", "MaxLength", "AllowedPattern", "ConstraintDescription"} <= set(
            rules
        ), name


def test_the_longest_legal_names_fit_everywhere(longest: Product) -> None:
    assert len(longest.properties("ArtifactBucket")["BucketName"]) == 63
    assert len(longest.properties("ArtifactBucket")["LoggingConfiguration"]["DestinationBucketName"]) <= 63
    assert all(len(longest.properties(role)["RoleName"]) <= 64 for role in (*ROLES, *TRIAL_ROLES, FEATURES))
    assert len(longest.properties("ModelPackageGroup")["ModelPackageGroupName"]) <= 63
    assert len(longest.properties("CodeRepository")["CodeRepositoryName"]) <= 63
    assert len(longest.properties("Repository")["Settings"]["pipeline"]["name"]) <= 256
    assert len(longest.properties("WorkflowRole")["Description"]) <= 1000


def test_inline_policies_fit_their_quota_with_the_longest_names(longest: Product) -> None:
    for role in (*ROLES, *TRIAL_ROLES, FEATURES):
        size = sum(len(re.sub(r"\s", "", json.dumps(document))) for document in longest.documents(role))
        assert size <= 10_240, f"{role}: {size}"
        assert len(re.sub(r"\s", "", json.dumps(longest.trust(role)))) <= 2_048


def test_everything_is_tagged_with_its_project(product: Product) -> None:
    tagged = [key for key, each in product.resources.items() if "Tags" in each["Properties"]]

    assert tagged == [
        *("ArtifactBucket", "ModelPackageGroup"),
        *("JobRole", "PipelineRole", "WorkflowRole"),
        "CodeRepository",
        *TRIAL_ROLES,
        FEATURES,
    ]
    for key in tagged:
        assert product.properties(key)["Tags"] == [
            {"Key": "sagemaker:project-name", "Value": "abalone"},
            {"Key": "sagemaker:project-id", "Value": "p-abcdefghijkl"},
        ]


def test_the_bucket_is_private_encrypted_versioned_and_logged(product: Product) -> None:
    bucket = product.properties("ArtifactBucket")

    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
    }
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert bucket["LoggingConfiguration"] == {
        "DestinationBucketName": f"analytics-dev-access-logs-{ACCOUNT}-eu-west-1",
        "LogFilePrefix": "p-abcdefghijkl/",
    }


def test_plain_http_is_denied_on_the_bucket_and_its_objects(product: Product) -> None:
    statement = product.properties("ArtifactBucketPolicy")["PolicyDocument"]["Statement"][0]

    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert statement["Action"] == "s3:*"
    assert statement["Resource"] == [BUCKET, f"{BUCKET}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_deleted_project_keeps_its_data_and_models_and_a_failed_launch_keeps_nothing(product: Product) -> None:
    kept = {key: each["DeletionPolicy"] for key, each in product.resources.items() if "DeletionPolicy" in each}

    # Both would block the deletion of the stack once they are used: neither can be deleted while it is not empty.
    assert kept == dict.fromkeys(
        ("ArtifactBucket", "ArtifactBucketPolicy", "ModelPackageGroup"), "RetainExceptOnCreate"
    )


def test_every_role_has_the_boundary_and_an_hour(product: Product) -> None:
    roles = product.of_type("AWS::IAM::Role")

    assert set(roles) == {*ROLES, *TRIAL_ROLES, FEATURES}
    for role in roles.values():
        assert role["PermissionsBoundary"] == BOUNDARY
        assert role["MaxSessionDuration"] == 3600
        assert role["RoleName"].startswith("analytics-dev-p-abcdefghijkl-")


@pytest.mark.parametrize("role", ["JobRole", "PipelineRole"])
def test_only_sagemaker_of_this_account_assumes_the_roles_of_pipelines_and_jobs(product: Product, role: str) -> None:
    [statement] = product.trust(role)["Statement"]

    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_only_the_repositorys_dev_environment_assumes_the_workflow_role(product: Product) -> None:
    [statement] = product.trust("WorkflowRole")["Statement"]

    assert statement["Principal"] == {"Federated": OIDC_PROVIDER}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": f"{SUBJECT}:environment:dev"}
    }


@pytest.mark.parametrize("job", ["ProcessingJob", "TrainingJob"])
def test_a_pipeline_runs_jobs_inside_the_network_only(product: Product, job: str) -> None:
    kind = {"ProcessingJob": "processing-job", "TrainingJob": "training-job"}[job]
    action, resource = f"sagemaker:Create{job}", f"{SAGEMAKER}:{kind}/pipelines-abc-Train-xyz"

    complete = INSIDE | OWN | {"sagemaker:InstanceTypes": ["ml.m5.large"]}
    assert product.may("PipelineRole", action, resource, complete)
    assert not product.may("PipelineRole", action, resource)
    for key in complete:
        assert not product.may("PipelineRole", action, resource, {k: v for k, v in complete.items() if k != key})
    elsewhere = complete | {"sagemaker:VpcSecurityGroupIds": ["sg-1", "sg-of-another-network"]}
    assert not product.may("PipelineRole", action, resource, elsewhere)


def test_jobs_outside_the_network_are_denied_for_every_job_type(product: Product) -> None:
    denials = [
        statement
        for document in product.documents("PipelineRole")
        for statement in document["Statement"]
        if statement["Effect"] == "Deny" and "sagemaker:CreateNotebookInstance" in statement["Action"]
    ]

    assert [statement["Condition"] for statement in denials] == [
        {"Null": {"sagemaker:VpcSubnets": "true"}},
        {"Null": {"sagemaker:VpcSecurityGroupIds": "true"}},
        {"ForAnyValue:StringNotEquals": {"sagemaker:VpcSecurityGroupIds": "sg-1"}},
    ]
    for statement in denials:
        assert statement["Action"] == list(JOBS_WITH_A_NETWORK)
        assert statement["Resource"] == "*"


def test_a_pipeline_registers_models_in_its_own_group_for_approval_only(product: Product) -> None:
    group = f"{SAGEMAKER}:model-package-group/abalone-p-abcdefghijkl"
    package = f"{SAGEMAKER}:model-package/abalone-p-abcdefghijkl/1"

    for resource in (group, package):
        assert product.may("PipelineRole", "sagemaker:CreateModelPackage", resource, PENDING)
        assert not product.may("PipelineRole", "sagemaker:CreateModelPackage", resource)
        approved = {"sagemaker:ModelApprovalStatus": "Approved"}
        assert not product.may("PipelineRole", "sagemaker:CreateModelPackage", resource, approved)
    other = f"{SAGEMAKER}:model-package/other-p-mnopqrstuvwx/1"
    assert not product.may("PipelineRole", "sagemaker:CreateModelPackage", other, PENDING)


@pytest.mark.parametrize("role", [*ROLES, *TRIAL_ROLES, FEATURES])
def test_no_role_of_a_project_approves_a_model(product: Product, role: str) -> None:
    package = f"{SAGEMAKER}:model-package/abalone-p-abcdefghijkl/1"
    denials = [
        statement
        for document in product.documents(role)
        for statement in document["Statement"]
        if statement["Effect"] == "Deny" and "sagemaker:UpdateModelPackage" in texts(statement["Action"])
    ]

    assert not product.may(role, "sagemaker:UpdateModelPackage", package)
    for registering in ("JobRole", "WorkflowRole", *TRIAL_ROLES):
        assert not product.may(registering, "sagemaker:CreateModelPackage", package, PENDING)
    [denial] = denials
    assert denial["Resource"] == "*"
    assert "Condition" not in denial


@pytest.mark.parametrize(
    ("role", "passed"), [("JobRole", ""), ("PipelineRole", JOB_ROLE), ("WorkflowRole", PIPELINE_ROLE)]
)
def test_a_workflow_starts_the_pipeline_which_starts_jobs_which_start_nothing(
    product: Product, role: str, passed: str
) -> None:
    for other in (JOB_ROLE, PIPELINE_ROLE, f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-deploy"):
        for service in ("sagemaker.amazonaws.com", "lambda.amazonaws.com"):
            may = product.may(role, "iam:PassRole", other, {"iam:PassedToService": service})
            assert may is (other == passed and service == "sagemaker.amazonaws.com"), (other, service)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
def test_a_project_reaches_only_its_own_data(product: Product, role: str, action: str) -> None:
    own, of_another, shared = (
        f"arn:aws:s3:::{name}-{ACCOUNT}-eu-west-1"
        for name in ("analytics-dev-p-abcdefghijkl", "analytics-dev-p-mnopqrstuvwx", "analytics-dev-data")
    )
    folder = "data" if role == "WorkflowRole" else "executions"
    tail = "" if action == "s3:ListBucket" else f"/{folder}/x"

    assert product.may(role, action, own + tail) is ((role, action) != ("PipelineRole", "s3:PutObject"))
    assert not product.may(role, action, of_another + tail)
    assert not product.may(role, action, shared + tail)


def test_the_workflow_writes_code_and_data_but_no_models(product: Product) -> None:
    for folder, expected in {"code": True, "data": True, "executions": False, "other": False}.items():
        assert product.may("WorkflowRole", "s3:PutObject", f"{BUCKET}/{folder}/x") is expected


def test_the_workflow_runs_its_own_pipeline_only(product: Product) -> None:
    for action in ("CreatePipeline", "UpdatePipeline", "DescribePipeline", "StartPipelineExecution"):
        assert product.may("WorkflowRole", f"sagemaker:{action}", f"{SAGEMAKER}:pipeline/abalone-p-abcdefghijkl")
        assert not product.may("WorkflowRole", f"sagemaker:{action}", f"{SAGEMAKER}:pipeline/other-p-mnopqrstuvwx")
    execution = f"{SAGEMAKER}:pipeline/abalone-p-abcdefghijkl/execution/1"
    assert product.may("WorkflowRole", "sagemaker:DescribePipelineExecution", execution)


@pytest.mark.parametrize("role", [*ROLES, *TRIAL_ROLES, FEATURES])
def test_the_data_key_is_used_through_services_only(product: Product, role: str) -> None:
    through_s3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}

    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert product.may(role, action, KEY, through_s3)
        assert not product.may(role, action, KEY)
        assert not product.may(role, action, f"{KEY}-of-another", through_s3)


def test_the_data_key_is_granted_to_services_of_aws_only(product: Product) -> None:
    for role in (*ROLES, *TRIAL_ROLES, FEATURES):
        granted = product.may(role, "kms:CreateGrant", KEY, {"kms:GrantIsForAWSResource": "true"})
        assert granted is (role in ("JobRole", "TrialJobRole"))
        assert not product.may(role, "kms:CreateGrant", KEY)


def test_a_pipeline_pulls_only_awss_own_images(product: Product) -> None:
    for account, expected in {"141502667606": True, ACCOUNT: False, "999999999999": False}.items():
        image = f"arn:aws:ecr:eu-west-1:{account}:repository/sagemaker-xgboost"
        for role in ("JobRole", "PipelineRole"):
            assert product.may(role, "ecr:BatchGetImage", image) is expected


def test_the_repository_is_told_whose_images_its_region_has(product: Product) -> None:
    assert product.properties("Repository")["Settings"]["images"] == {"account_id": "141502667606"}


def test_a_region_without_images_is_an_error_when_the_template_is_published() -> None:
    with pytest.raises(ValueError, match=r"in mars-north-1; .* products/sagemaker_images\.py"):
        Product("model-building-training", Launch(region="mars-north-1"))


def test_every_region_has_one_account_that_owns_sagemakers_images() -> None:
    assert (ACCOUNTS["eu-west-1"], ACCOUNTS["us-west-2"]) == ("141502667606", "246618743249")
    assert len(ACCOUNTS) == len(set(ACCOUNTS.values())) == 29
    assert all(len(account) == 12 and account.isdigit() for account in ACCOUNTS.values())


def test_every_region_is_of_the_partition_that_the_platforms_arns_name() -> None:
    partition = boto3.Session().get_available_regions("sagemaker", partition_name="aws")
    assert set(ACCOUNTS) <= set(partition)


def test_a_pipeline_reads_no_secret_and_no_parameter(product: Product) -> None:
    for role in (*ROLES, *TRIAL_ROLES, FEATURES):
        actions = [a for d in product.documents(role) for s in d["Statement"] for a in texts(s["Action"])]
        assert not [action for action in actions if action.startswith(("secretsmanager:", "ssm:", "lambda:", "sts:"))]


def test_custom_resources_wait_for_an_answer_and_do_not_hang_for_an_hour(product: Product) -> None:
    for key in ("Repository", "FirstRun"):
        assert product.properties(key)["ServiceTimeout"] == ANSWERED_WITHIN
        assert product.properties(key)["ServiceToken"] == CLONER


def test_the_first_run_starts_when_everything_that_it_uses_exists(product: Product) -> None:
    assert product.needed("FirstRun") == set(product.resources) - {"FirstRun"}


def test_an_unknown_operator_or_function_is_an_error() -> None:
    """The test's own understanding of templates must not be wider than it is."""
    product = Product("model-building-training")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"DateEquals": {"x": "y"}}}
    product.documents("PipelineRole")[0]["Statement"].append(statement)

    with pytest.raises(LookupError, match="DateEquals"):
        product.may("PipelineRole", "s3:GetObject", f"{BUCKET}/x")


@pytest.mark.parametrize("key", ["model-building-training", "model-building-training-deployment", "pipeline-promotion"])
@pytest.mark.parametrize(("job", "kind"), [("ProcessingJob", "processing-job"), ("TrainingJob", "training-job")])
def test_the_jobs_of_a_pipeline_run_on_the_instances_that_the_account_allows(key: str, job: str, kind: str) -> None:
    own = {
        "aws:RequestTag/sagemaker:project-id": "p-abcdefghijkl",
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:VpcSubnets": ["subnet-1"],
        "sagemaker:VpcSecurityGroupIds": ["sg-1"],
    }

    def may(keys: dict[str, list[str]]) -> bool:
        resource = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{kind}/pipelines-abc-Train-xyz"
        return launched(key).may("PipelineRole", f"sagemaker:Create{job}", resource, {**own, **keys})

    assert may({"sagemaker:InstanceTypes": ["ml.m5.large"]})
    assert may({"sagemaker:InstanceTypes": ["ml.m5.xlarge"]})
    assert not may({"sagemaker:InstanceTypes": ["ml.p5.48xlarge"]})
    assert not may({"sagemaker:InstanceTypes": ["ml.m5.large", "ml.p5.48xlarge"]})
    assert not may({})


@pytest.mark.parametrize("key", ["model-building-training", "model-building-training-deployment", "pipeline-promotion"])
@pytest.mark.parametrize(("job", "kind"), [("ProcessingJob", "processing-job"), ("TrainingJob", "training-job")])
def test_the_jobs_of_a_pipeline_are_isolated(key: str, job: str, kind: str) -> None:
    own = INSIDE | OWN | {"sagemaker:InstanceTypes": ["ml.m5.large"]}

    def may(**isolation: str) -> bool:
        resource = f"{SAGEMAKER}:{kind}/pipelines-abc-Train-xyz"
        keys = {name: value for name, value in own.items() if name != "sagemaker:NetworkIsolation"}
        keys |= {f"sagemaker:{name}": value for name, value in isolation.items()}
        return launched(key).may("PipelineRole", f"sagemaker:Create{job}", resource, keys)

    assert may(NetworkIsolation="true")
    assert not may(NetworkIsolation="false")
    assert not may()


@pytest.mark.parametrize("key", ["model-building-training", "model-building-training-deployment", "pipeline-promotion"])
def test_a_job_of_a_pipeline_reads_no_file_system(key: str) -> None:
    own = {
        "aws:RequestTag/sagemaker:project-id": "p-abcdefghijkl",
        "sagemaker:InstanceTypes": ["ml.m5.large"],
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:VpcSubnets": ["subnet-1"],
        "sagemaker:VpcSecurityGroupIds": ["sg-1"],
    }
    job = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:training-job/pipelines-abc-Train-xyz"

    assert launched(key).may("PipelineRole", "sagemaker:CreateTrainingJob", job, own)
    mounting = {**own, "sagemaker:FileSystemId": ["fs-1"]}
    assert not launched(key).may("PipelineRole", "sagemaker:CreateTrainingJob", job, mounting)
