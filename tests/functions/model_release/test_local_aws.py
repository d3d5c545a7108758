"""A release on the local AWS, where the policies of both accounts decide: roles, aliases, buckets, keys, the registry.

What passes here was allowed by the emulator's reading of IAM; AWS's own is not proven.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from functions.shared.model_specification import specification_digest
from tests.functions.model_release.fakes import BUCKET, FROZEN, arn, described, evidence
from tests.functions.project_onboarding.platform import has_function, has_roles_of, zipped
from tests.products.product import launched
from tests.products.resolution import published as published_text
from tests.rendering import Rendering, Renderings
from tests.sandbox_aws.account import Account, Credentials, allow
from tests.sandbox_aws.conftest import Certificates
from tests.sandbox_aws.hosting import IMAGE
from tests.sandbox_aws.test_aws_permissions import refusal

GROUP = "abalone-p-abcdefghijkl"
OTHER = "churn-p-mnopqrstuvwx"
FUNCTION = "analytics-prod-model-release"
OWN = "analytics-prod-p-abcdefghijkl"
BODY = b"the model"
CONTAINER = {"Image": IMAGE, "ModelDataUrl": f"s3://{FROZEN}/pipelines/model.tar.gz", "Environment": {"A": "b"}}
VARIANT = {"VariantName": "AllTraffic", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
EVERYTHING = allow("*")
KNOWN = evidence(CONTAINER, BODY)


@dataclass(frozen=True, kw_only=True)
class World:
    """Both accounts, and a project that deploys its models in one of them."""

    dev: Account
    prod: Account
    lead: Credentials
    """Grace's in Studio, whom production names as approver."""
    made_lead: Credentials
    """Ada's in Studio, to whom development gave the role of leads."""
    outside: Credentials
    """Of the role of leads, outside of Studio."""
    deployer: Credentials

    def approve(self, version: int, known: Mapping[str, str] = KNOWN) -> None:
        """Freeze a version's artifact as the trigger does, and approve it as a lead data scientist.

        `known` is what its pipeline registered with it.
        """
        dev, key = self.dev, f"approved/{version}/model.tar.gz"
        registry = dev.client("sagemaker")
        made = registry.create_model_package(
            ModelPackageGroupName=GROUP,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={"Containers": [CONTAINER]},
            ModelPackageDescription=described(known),
        )
        assert made["ModelPackageArn"] == arn(version)
        metadata = {"model-package-arn": arn(version), "specification-sha256": specification_digest(CONTAINER)}
        dev.client("s3").put_object(Bucket=FROZEN, Key=key, Body=BODY, ChecksumAlgorithm="SHA256", Metadata=metadata)
        self.decide(version, "Approved")

    def decide(self, version: int, status: str, who: Credentials | None = None) -> None:
        """Decide about a version as a lead data scientist, or somebody else."""
        registry = self.dev.client("sagemaker", who or self.lead)
        registry.update_model_package(ModelPackageArn=arn(version), ModelApprovalStatus=status)

    def release(self, version: int, by: str = "hedy") -> dict[str, Any]:
        """Release a version as a job of the project's repository, which somebody let in."""
        return self.ask(version=version, released_by=[by])

    def stage(self, version: int) -> str:
        """Return the stage of a version's life cycle; empty if it has none."""
        found = self.dev.client("sagemaker").describe_model_package(ModelPackageName=arn(version))
        return found.get("ModelLifeCycle", {}).get("Stage", "")

    def ask(self, **question: object) -> dict[str, Any]:
        """Invoke the release function as a job of the project's repository."""
        functions = self.prod.client("lambda", self.deployer)
        answer = functions.invoke(FunctionName=FUNCTION, Qualifier=GROUP, Payload=json.dumps(question))
        content = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, content
        return content


@pytest.fixture(scope="module")
def world(dev: Account, prod: Account, rendered: Renderings) -> World:
    principals = {"Service": "sagemaker.amazonaws.com", "AWS": "arn:aws:iam::111111111111:root"}
    lead = dev.role(
        "analytics-dev-lead-data-scientist",
        allow("sagemaker:UpdateModelPackage"),
        trust={"Principal": principals, "Action": "sts:AssumeRole"},
    )
    domain = dev.domain("studio", lead, "10.7", "ada", "grace")
    _prepare_development(dev)
    has_roles_of(dev, "dev", rendered("dev"), "model-life-cycle")
    has_function(dev, rendered("dev"), "model-life-cycle-function")
    _prepare_production(prod, rendered("prod"), f"{domain}/grace")
    return World(
        dev=dev,
        prod=prod,
        lead=dev.studio(domain, "grace"),
        made_lead=dev.studio(domain, "ada"),
        outside=dev.assume(lead),
        deployer=_deployer(prod),
    )


def _prepare_development(dev: Account) -> None:
    """Create the project's bucket and group with the policies that its product gives them."""
    product = launched("model-building-training-deployment")
    readers = {"Sid": "Readers", "Principal": {"AWS": "arn:aws:iam::333333333333:root"}, "Action": "kms:Decrypt"}
    everybody = {"Sid": "Own", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*"}
    key = _key(dev, everybody, {**readers, "Condition": _through_s3()})
    _bucket(dev, FROZEN, key)
    statements = product.properties("ArtifactBucketPolicy")["PolicyDocument"]["Statement"]
    [reading] = [each for each in statements if each["Sid"] == "ReleasesReadApprovals"]
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [{**reading, "Resource": f"arn:aws:s3:::{FROZEN}/approved/*"}]}
    )
    dev.client("s3").put_bucket_policy(Bucket=FROZEN, Policy=policy)
    registry = dev.client("sagemaker")
    registry.create_model_package_group(ModelPackageGroupName=GROUP)
    readable = product.properties("ModelPackageGroup")["ModelPackageGroupPolicy"]
    registry.put_model_package_group_policy(ModelPackageGroupName=GROUP, ResourcePolicy=json.dumps(readable))


def _prepare_production(prod: Account, platform: Rendering, approver: str) -> None:
    """Create the function, the bucket and the project's stack, as the platform's stack and the template cloner do."""
    key = _key(prod, {"Sid": "Own", "Principal": {"AWS": "arn:aws:iam::333333333333:root"}, "Action": "kms:*"})

    def with_key(text: str) -> str:
        return text.replace("arn:aws:kms:eu-west-1:333333333333:key/encryption-data-key", key)

    has_roles_of(prod, "prod", platform, "model-release", "project-roles")
    policy = platform.one("RolePolicy", "model-release-release").inputs["policy"]
    iam = prod.client("iam")
    iam.put_role_policy(RoleName=FUNCTION, PolicyName="release", PolicyDocument=with_key(policy))
    _bucket(prod, BUCKET, key)
    bucket_policy = platform.one("BucketPolicy", "storage-artifacts-policy").inputs["policy"]
    prod.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=bucket_policy)
    function = platform.one("lambda/function:Function", "model-release-function").inputs
    functions = prod.client("lambda")
    functions.create_function(
        FunctionName=FUNCTION,
        Runtime=function["runtime"],
        Handler=function["handler"],
        Role=f"arn:aws:iam::333333333333:role/{FUNCTION}",
        Timeout=function["timeout"],
        Environment={
            "Variables": {
                **function["environment"]["variables"],
                "APPROVERS": json.dumps([approver]),
                # Ids of rendered subnets are longer than AWS's own.
                "SUBNET_IDS": "subnet-1,subnet-2",
            }
        },
        Code={"ZipFile": zipped(function["code"].assets)},
    )
    # The alias of another project, which the tests try to use.
    functions.create_alias(FunctionName=FUNCTION, Name=OTHER, FunctionVersion="$LATEST")
    _launch(prod, with_key(published_text(platform, "project-roles-realtime-prod")))


def _launch(prod: Account, template: str) -> None:
    parameters = {
        "Unit": "analytics",
        "Environment": "prod",
        "ProjectName": "abalone",
        "ProjectId": "p-abcdefghijkl",
        "RepositoryName": "mlops-abalone-p-abcdefghijkl-model-deployment-realtime",
        "RepositoryId": "2006",
        "LaunchStackId": "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-1/1",
    }
    stacks = prod.client("cloudformation")
    stacks.create_stack(
        StackName=OWN,
        TemplateBody=template,
        RoleARN="arn:aws:iam::333333333333:role/analytics-prod-project-roles",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    status = "CREATE_IN_PROGRESS"
    while status == "CREATE_IN_PROGRESS":
        time.sleep(0.1)
        status = stacks.describe_stacks(StackName=OWN)["Stacks"][0]["StackStatus"]
    failures = [each.get("ResourceStatusReason") for each in stacks.describe_stack_events(StackName=OWN)["StackEvents"]]
    assert status == "CREATE_COMPLETE", failures


def _deployer(prod: Account) -> Credentials:
    """Return credentials of the deployment role; the account's root stands in for GitHub's token."""
    trusted = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::333333333333:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    prod.client("iam").update_assume_role_policy(RoleName=f"{OWN}-deployment", PolicyDocument=document)
    return prod.assume(f"arn:aws:iam::333333333333:role/{OWN}-deployment")


def _key(account: Account, *statements: Mapping[str, Any]) -> str:
    allowed = [{"Effect": "Allow", "Resource": "*", **each} for each in statements]
    policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    return account.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]


def _bucket(account: Account, name: str, key: str) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _through_s3() -> Mapping[str, Any]:
    return {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def test_a_project_releases_its_approved_version_and_serves_it(world: World) -> None:
    world.approve(1)
    released = world.release(1)
    sagemaker = world.prod.client("sagemaker", world.deployer)
    model = sagemaker.describe_model(ModelName=released["model_name"])
    assert model["EnableNetworkIsolation"] is True
    assert model["ExecutionRoleArn"] == f"arn:aws:iam::333333333333:role/{OWN}-model"
    assert model["PrimaryContainer"]["ModelDataUrl"] == released["artifact_uri"]
    s3 = world.prod.client("s3")
    assert s3.get_object(Bucket=BUCKET, Key="approved/p-abcdefghijkl/1/model.tar.gz")["Body"].read() == BODY
    record = json.loads(s3.get_object(Bucket=BUCKET, Key="approved/p-abcdefghijkl/1.json")["Body"].read())
    assert (record["sha256"], "lead-data-scientist" in record["approved_by"]) == (released["sha256"], True)
    assert record["approver"] == "grace"
    assert world.release(1) == released
    served = {**VARIANT, "ModelName": released["model_name"]}
    sagemaker.create_endpoint_config(EndpointConfigName=f"{OWN}-v1-1a2b3c4", ProductionVariants=[served])


def test_an_upload_that_was_not_finished_keeps_no_later_release_from_its_place(world: World) -> None:
    """The account's root begins it in the function's place."""
    world.approve(2)
    iam = world.prod.client("iam")
    trust = iam.get_role(RoleName=FUNCTION)["Role"]["AssumeRolePolicyDocument"]
    trusted = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::333333333333:root"}, "Action": "sts:AssumeRole"}
    opened = {**trust, "Statement": [*trust["Statement"], trusted]}
    iam.update_assume_role_policy(RoleName=FUNCTION, PolicyDocument=json.dumps(opened))
    s3 = world.prod.client("s3", world.prod.assume(f"arn:aws:iam::333333333333:role/{FUNCTION}"))
    s3.create_multipart_upload(Bucket=BUCKET, Key="approved/p-abcdefghijkl/2/model.tar.gz", ChecksumAlgorithm="SHA256")
    iam.update_assume_role_policy(RoleName=FUNCTION, PolicyDocument=json.dumps(trust))
    assert world.release(2)["artifact_uri"].endswith("/2/model.tar.gz")


def test_what_is_not_approved_by_a_lead_is_refused(world: World) -> None:
    world.approve(3)
    world.decide(3, "Rejected")
    assert "is Rejected, not Approved" in world.release(3)["refused"]
    # The account's owner is not a lead.
    world.dev.client("sagemaker").update_model_package(ModelPackageArn=arn(3), ModelApprovalStatus="Approved")
    assert "which does not approve models" in world.release(3)["refused"]
    world.decide(3, "Approved")
    assert "refused" not in world.release(3)


def test_a_former_release_manager_releases_nothing(world: World) -> None:
    assert "former let this into prod, which hedy and lise release by now" in world.release(1, by="former")["refused"]


def test_whom_development_makes_a_lead_approves_nothing_for_production(world: World) -> None:
    world.approve(4)
    world.decide(4, "Approved", world.made_lead)
    refused = world.release(4)["refused"]
    assert re.search(r"(d-\w+)/ada: this account releases what \1/grace approved", refused)
    world.decide(4, "Approved", world.outside)
    assert "by no user profile of Studio that SageMaker tells of" in world.release(4)["refused"]
    world.decide(4, "Approved")
    assert "refused" not in world.release(4)


def test_a_version_that_was_changed_after_its_approval_is_refused(world: World) -> None:
    world.approve(5)
    changed = {"Containers": [{**CONTAINER, "Environment": {"A": "c"}}]}
    registry = world.dev.client("sagemaker", world.lead)
    registry.update_model_package(ModelPackageArn=arn(5), InferenceSpecification=changed)
    assert "is not what the pipeline registered: somebody changed it" in world.release(5)["refused"]


def test_a_version_from_before_there_was_evidence_is_released_when_the_accounts_settings_say_what_it_was(
    world: World,
) -> None:
    world.approve(6, known={})
    refused = world.release(6)["refused"]
    shown = f"modelSha256: {KNOWN['model-sha256']}, containerSha256: {KNOWN['container-sha256']}"
    assert f"enter {{version: {GROUP}/6, {shown}}} in workload.earlierVersions" in refused
    functions = world.prod.client("lambda")
    variables = functions.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    entered = {**variables, "EARLIER_VERSIONS": json.dumps({f"{GROUP}/6": KNOWN})}
    functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": entered})
    released = world.release(6)
    functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})
    assert world.release(6) == released, "it has a record"


@pytest.mark.parametrize("qualifier", [{}, {"Qualifier": "$LATEST"}, {"Qualifier": OTHER}], ids=str)
def test_a_project_cannot_call_as_another_one_or_as_nobody(world: World, qualifier: Mapping[str, str]) -> None:
    functions = world.prod.client("lambda", world.deployer)
    refused = refusal(functions.invoke, FunctionName=FUNCTION, Payload=b'{"version": 1}', **qualifier)
    assert refused[0] == "AccessDeniedException"


def test_a_project_names_no_function_for_itself(world: World) -> None:
    functions = world.prod.client("lambda", world.deployer)
    alias = {"FunctionName": FUNCTION, "FunctionVersion": "$LATEST"}
    for call, name in ((functions.create_alias, "mine-p-abcdefghijkl"), (functions.update_alias, GROUP)):
        assert refusal(call, **alias, Name=name)[0] == "AccessDeniedException"


@pytest.mark.parametrize("isolated", [True, False])
def test_a_project_makes_no_model_itself(world: World, isolated: bool) -> None:
    sagemaker = world.prod.client("sagemaker", world.deployer)
    request = {
        "ModelName": f"{OWN}-approved-v1-attack",
        "ExecutionRoleArn": f"arn:aws:iam::333333333333:role/{OWN}-model",
        "PrimaryContainer": {"Image": IMAGE},
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-network-workload"]},
        "EnableNetworkIsolation": isolated,
    }
    assert refusal(sagemaker.create_model, **request)[0] == "AccessDeniedException"


@pytest.mark.parametrize("name", ["analytics-prod-p-mnopqrstuvwx-approved-v1-1", f"{OWN}-v1-1a2b3c4", "any"])
def test_a_project_serves_no_model_but_those_that_were_released_for_it(world: World, name: str) -> None:
    released = world.release(1)["model_name"]
    owner, deployer = world.prod.client("sagemaker"), world.prod.client("sagemaker", world.deployer)
    made = owner.describe_model(ModelName=released)
    owner.create_model(
        ModelName=name, ExecutionRoleArn=made["ExecutionRoleArn"], PrimaryContainer=made["PrimaryContainer"]
    )
    theirs, ours = {**VARIANT, "ModelName": name}, {**VARIANT, "ModelName": released}
    for variants in (
        {"ProductionVariants": [theirs]},
        {"ProductionVariants": [ours, {**theirs, "VariantName": "Other"}]},
        {"ProductionVariants": [ours], "ShadowProductionVariants": [{**theirs, "VariantName": "Shadow"}]},
        {"ProductionVariants": [VARIANT]},
    ):
        refused = refusal(deployer.create_endpoint_config, EndpointConfigName=f"{OWN}-attack", **variants)
        assert refused[0] == "AccessDeniedException", variants


def test_nobody_replaces_or_deletes_what_was_released(world: World) -> None:
    released = world.release(1)
    key = released["artifact_uri"].removeprefix(f"s3://{BUCKET}/")
    everything = world.prod.assume(world.prod.role("administrator", EVERYTHING))
    for who in (world.deployer, everything, None):
        s3 = world.prod.client("s3", who)
        for call, more in (
            (s3.put_object, {"Body": b"attack"}),
            (s3.put_object, {"Body": b"attack", "IfNoneMatch": "*"}),
            (s3.delete_object, dict[str, Any]()),
            (s3.create_multipart_upload, dict[str, Any]()),
        ):
            assert refusal(call, Bucket=BUCKET, Key=key, **more)[0] == "AccessDenied", (who, more)
    for folder in ("approved/p-abcdefghijkl/attack", "p-abcdefghijkl/models/attack"):
        s3 = world.prod.client("s3", world.deployer)
        refused = refusal(s3.put_object, Bucket=BUCKET, Key=f"{folder}/model.tar.gz", Body=b"attack", IfNoneMatch="*")
        assert refused[0] == "AccessDenied"


def test_a_released_version_needs_no_registry_any_more(world: World) -> None:
    released = world.release(1)
    registry = world.dev.client("sagemaker")
    policy = registry.get_model_package_group_policy(ModelPackageGroupName=GROUP)["ResourcePolicy"]
    registry.delete_model_package_group_policy(ModelPackageGroupName=GROUP)
    try:
        world.prod.client("sagemaker").delete_model(ModelName=released["model_name"])
        assert world.release(1) == released
        assert "its group does not let this account read it" in world.release(9)["refused"]
    finally:
        registry.put_model_package_group_policy(ModelPackageGroupName=GROUP, ResourcePolicy=policy)


def test_development_notes_what_production_serves_and_a_rollback_moves_it_back(world: World) -> None:
    """Each version is released anew in between: what the platform noted is no change of an approval."""
    for version in (7, 8):
        world.approve(version)
    for version, other, stage in ((7, 8, ""), (8, 7, "Archived"), (7, 8, "Archived")):
        assert "refused" not in world.release(version)
        noted = world.ask(action="serves", version=version, released_by=["hedy"])
        assert (noted["serving"], noted["left"]) == (arn(version), [])
        assert (world.stage(version), world.stage(other)) == ("Production", stage)
    assert world.ask(action="retired", released_by=["hedy"])["archived"] == [arn(7)]
    assert (world.stage(7), world.stage(8)) == ("Archived", "Archived")


def test_nobody_but_the_release_function_says_what_production_serves(
    world: World, endpoint_url: str, certificate_files: Certificates
) -> None:
    function = "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-model-life-cycle"
    payload = json.dumps({"model_package_group": GROUP, "version": None})
    preprod = Account(endpoint_url, certificate_files.authority, "222222222222")
    everything = preprod.assume(preprod.role("anything", EVERYTHING))
    for account, who in ((world.prod, world.deployer), (preprod, everything)):
        refused = refusal(account.client("lambda", who).invoke, FunctionName=function, Payload=payload)
        assert refused[0] == "AccessDeniedException"
