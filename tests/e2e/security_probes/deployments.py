"""Probes as the roles that deploy a project's models, in preprod and in prod."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config

from sandbox.organization import DEPLOYMENT, ORGANIZATION
from tests.e2e.approvals import Approvals
from tests.e2e.sandbox import ACCOUNTS, REGION, UNIT
from tests.e2e.security_probes.probe import (
    ANOTHER_PROJECT,
    EVERYTHING,
    IMAGE,
    PLATFORM,
    REFUSALS,
    Probe,
    outcome_of,
)

TEMPLATE = f"{ORGANIZATION.login}/mlops-template-{DEPLOYMENT}"


def not_refused(probes: Iterator[Probe]) -> list[str]:
    """Make all calls, and return the outcomes of those that were not refused."""
    # SNS has its own error code.
    refusals = (*REFUSALS, "AuthorizationError")
    return [f"{description}: {outcome}" for description, call in probes if (outcome := outcome_of(call, refusals))]


def as_foreign_job(approvals: Approvals, environment: str) -> Iterator[Probe]:
    """Assume the deployment role as jobs that its trust does not name."""
    project = approvals.project
    others = {"preprod": "prod", "prod": "preprod"}
    strangers: tuple[tuple[str, dict[str, str]], ...] = (
        (project.deployment, {"environment": others[environment]}),
        (project.deployment, {}),
        (project.deployment, {"ref": f"refs/heads/{environment}"}),
        (project.deployment, {"event": "pull_request"}),
        (project.deployment, {"environment": environment, "audience": "https://example.com"}),
        (project.training, {"environment": environment}),
        (TEMPLATE, {"environment": environment}),
        (PLATFORM, {"environment": environment}),
    )
    for repository, job in strangers:
        yield (
            f"a job of {repository} {job}",
            lambda repository=repository, job=job: approvals.job(
                approvals.deployment_role(environment), repository, **job
            ),
        )


def approving(approvals: Approvals, session: boto3.Session, version: int) -> Iterator[Probe]:
    """Decide about a version, or register one that needs no decision."""
    sagemaker = _client(session, "sagemaker")
    for status in ("Approved", "Rejected"):
        yield (
            status,
            lambda status=status: sagemaker.update_model_package(
                ModelPackageArn=approvals.package(version), ModelApprovalStatus=status
            ),
        )
    yield (
        "registering an approved version",
        lambda: sagemaker.create_model_package(
            ModelPackageGroupName=approvals.project.pipeline, ModelApprovalStatus="Approved"
        ),
    )


def as_deployment_role(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    """Try what a deployment role may not do."""
    _make_bucket(approvals)
    yield from approving(approvals, session, 1)
    yield from _on_other_endpoints(approvals, environment, session)
    yield from _on_other_projects(approvals, environment, session)
    yield from _on_models(approvals, environment, session)
    yield from _on_the_release_function(approvals, environment, session)
    yield from _on_storage(approvals, environment, session)
    yield from _on_keys(approvals, environment, session)
    yield from _on_roles(approvals, environment, session)
    yield from _on_the_platform(approvals, environment, session)


def _on_other_endpoints(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    sagemaker, cloudwatch = _client(session, "sagemaker"), _client(session, "cloudwatch")
    theirs = f"{UNIT}-{environment}-{ANOTHER_PROJECT}"
    role = f"arn:aws:iam::{ACCOUNTS[environment]}:role/{approvals.name(environment)}-model"
    configuration = approvals.serving(environment)
    for name in (theirs, f"{UNIT}-{environment}", "attack"):
        yield f"the endpoint {name}", lambda name=name: sagemaker.describe_endpoint(EndpointName=name)
        yield (
            f"an endpoint {name}",
            lambda name=name: sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=configuration),
        )
        yield (
            f"an update of {name}",
            lambda name=name: sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=configuration),
        )
        yield f"the end of {name}", lambda name=name: sagemaker.delete_endpoint(EndpointName=name)
        yield (
            f"a model {name}",
            lambda name=name: sagemaker.create_model(
                ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE}
            ),
        )
        yield f"the alarms of {name}", lambda name=name: cloudwatch.delete_alarms(AlarmNames=[f"{name}-overload"])
        yield f"the dashboard of {name}", lambda name=name: cloudwatch.delete_dashboards(DashboardNames=[name])


def _on_other_projects(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    sagemaker, own = _client(session, "sagemaker"), approvals.name(environment)
    theirs = f"{UNIT}-{environment}-{ANOTHER_PROJECT}"
    role = f"arn:aws:iam::{ACCOUNTS[environment]}:role/{own}-model"
    yield (
        "a model without a network",
        lambda: sagemaker.create_model(
            ModelName=f"{own}-attack", ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE}
        ),
    )
    yield (
        "calling their endpoint",
        lambda: _client(session, "sagemaker-runtime").invoke_endpoint(EndpointName=theirs, Body=b"x"),
    )
    yield (
        "scaling their endpoint",
        lambda: _client(session, "application-autoscaling").register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/{theirs}/variant/AllTraffic",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=0,
            MaxCapacity=1,
        ),
    )
    package = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS['dev']}:model-package/other-{ANOTHER_PROJECT}/1"
    yield "their versions", lambda: sagemaker.describe_model_package(ModelPackageName=package)


def _on_models(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    """Serve what nobody approved: own models, isolated or not, of any image; models of others; and none at first."""
    sagemaker, own = _client(session, "sagemaker"), approvals.name(environment)
    role = f"arn:aws:iam::{ACCOUNTS[environment]}:role/{own}-model"
    images = (IMAGE, f"{ACCOUNTS[environment]}.dkr.ecr.{REGION}.amazonaws.com/attack:1")
    for image in images:
        for isolated in (True, False):
            yield (
                f"a model of {image}, isolated: {isolated}",
                lambda image=image, isolated=isolated: sagemaker.create_model(
                    ModelName=f"{own}-approved-v1-attack",
                    ExecutionRoleArn=role,
                    PrimaryContainer={"Image": image},
                    VpcConfig=_network(approvals, environment),
                    EnableNetworkIsolation=isolated,
                ),
            )
    theirs = _make_model(approvals, environment)
    [ours] = approvals.remains(environment).models[:1]
    variants: dict[str, list[dict[str, object]]] = {
        "their model": [_variant("AllTraffic", theirs)],
        "our model beside theirs": [_variant("AllTraffic", ours), _variant("Other", theirs)],
        "a model on an instance that the account does not allow": [
            {**_variant("AllTraffic", ours), "InstanceType": "ml.p3.16xlarge"}
        ],
        "no model yet": [{"VariantName": "AllTraffic", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}],
    }
    for description, production in variants.items():
        yield (
            f"serving {description}",
            lambda production=production: sagemaker.create_endpoint_config(
                EndpointConfigName=f"{own}-attack", ProductionVariants=production
            ),
        )
    yield (
        "their model as a shadow",
        lambda: sagemaker.create_endpoint_config(
            EndpointConfigName=f"{own}-attack",
            ProductionVariants=[_variant("AllTraffic", ours)],
            ShadowProductionVariants=[_variant("Shadow", theirs)],
        ),
    )


def _on_the_release_function(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    functions, name = _client(session, "lambda"), f"{UNIT}-{environment}-model-release"
    own = f"{approvals.project.name}-{approvals.project.id}"
    body = json.dumps({"version": 1})
    for qualifier in ("", "$LATEST", f"other-{ANOTHER_PROJECT}", f"{own}-x"):
        named = {"Qualifier": qualifier} if qualifier else dict[str, str]()
        yield f"a release by {named}", lambda named=named: functions.invoke(FunctionName=name, Payload=body, **named)
    yield (
        "the alias of another project",
        lambda: functions.create_alias(FunctionName=name, Name=f"other-{ANOTHER_PROJECT}", FunctionVersion="$LATEST"),
    )
    yield "its own alias", lambda: functions.update_alias(FunctionName=name, Name=own, FunctionVersion="1")
    yield "the function's code", lambda: functions.update_function_code(FunctionName=name, ZipFile=b"")
    yield "the function's settings", lambda: functions.update_function_configuration(FunctionName=name, Timeout=3)


def _variant(name: str, model: str) -> dict[str, object]:
    return {"VariantName": name, "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


def _on_storage(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    s3, project = _client(session, "s3"), approvals.project.id
    (elsewhere,) = {"preprod", "prod"} - {environment}
    state = f".pulumi/stacks/mlops-platform/{environment}.json"
    trained = approvals.keys("dev", project, "executions/")[0]
    places = (
        (approvals.bucket(environment, "state"), state),
        (approvals.bucket(environment, "state"), f"projects/{ANOTHER_PROJECT}/.pulumi/meta.yaml"),
        (approvals.bucket(environment, "artifacts"), f"{ANOTHER_PROJECT}/models/x/model.tar.gz"),
        (approvals.bucket(environment, "artifacts"), f"{project}/models/x/model.tar.gz"),
        (approvals.bucket(environment, "artifacts"), f"approved/{project}/1/model.tar.gz"),
        (approvals.bucket(environment, "artifacts"), f"approved/{project}/1.json"),
        (approvals.bucket(environment, "artifacts"), f"approved/{project}/attack/model.tar.gz"),
        (approvals.bucket("dev", project), "approved/1/model.tar.gz"),
        (approvals.bucket(elsewhere, "state"), f"projects/{project}/.pulumi/meta.yaml"),
        (approvals.bucket(elsewhere, "artifacts"), f"{project}/models/x/model.tar.gz"),
        (approvals.bucket("dev", "state"), ".pulumi/meta.yaml"),
        (approvals.bucket("dev", "data"), "x"),
        (approvals.bucket("dev", project), trained),
        (approvals.bucket("dev", project), approvals.keys("dev", project, "deployments/")[0]),
        (approvals.bucket("dev", ANOTHER_PROJECT), "approved/1/model.tar.gz"),
    )
    for bucket, key in places:
        where = f"{bucket}/{key}"
        yield f"reading {where}", lambda bucket=bucket, key=key: s3.get_object(Bucket=bucket, Key=key)
        yield f"writing {where}", lambda bucket=bucket, key=key: s3.put_object(Bucket=bucket, Key=key, Body=b"")
        yield f"deleting {where}", lambda bucket=bucket, key=key: s3.delete_object(Bucket=bucket, Key=key)
    frozen = {"Bucket": approvals.bucket("dev", project), "Key": "approved/1/model.tar.gz"}
    yield "replacing what was approved", lambda: s3.put_object(**frozen, Body=b"")
    yield "removing what was approved", lambda: s3.delete_object(**frozen)
    for bucket, prefix in ((approvals.bucket(environment, "state"), ".pulumi/"), (frozen["Bucket"], "")):
        yield (
            f"listing {bucket}/{prefix}",
            lambda bucket=bucket, prefix=prefix: s3.list_objects_v2(Bucket=bucket, Prefix=prefix),
        )


def _on_keys(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    kms = _client(session, "kms")
    (elsewhere,) = {"preprod", "prod"} - {environment}
    for context in ({"project": ANOTHER_PROJECT}, dict[str, str]()):
        yield (
            f"the state's key for {context}",
            lambda context=context: kms.encrypt(
                KeyId=f"alias/{UNIT}-{environment}-state", Plaintext=b"x", EncryptionContext=context
            ),
        )
    for place in (elsewhere, "dev"):
        aliases = approvals.root(place, "kms").list_aliases()["Aliases"]
        for alias in aliases:
            if alias["AliasName"].startswith(f"alias/{UNIT}-"):
                key = f"arn:aws:kms:{REGION}:{ACCOUNTS[place]}:key/{alias['TargetKeyId']}"
                yield (
                    f"{alias['AliasName']} of {place}",
                    lambda key=key: kms.generate_data_key(
                        KeyId=key, KeySpec="AES_256", EncryptionContext={"project": approvals.project.id}
                    ),
                )


def _on_roles(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    sts, iam, sagemaker = (_client(session, service) for service in ("sts", "iam", "sagemaker"))
    (elsewhere,) = {"preprod", "prod"} - {environment}
    own = f"{approvals.name(environment)}-deployment"
    roles = (
        approvals.deployment_role(elsewhere),
        f"arn:aws:iam::{ACCOUNTS[environment]}:role/{approvals.name(environment)}-model",
        *(
            f"arn:aws:iam::{ACCOUNTS[place]}:role/{UNIT}-{place}-project-onboarding"
            for place in (environment, elsewhere)
        ),
        *(f"arn:aws:iam::{ACCOUNTS[place]}:role/{UNIT}-{place}-deploy" for place in ACCOUNTS),
    )
    for role in roles:
        yield f"becoming {role}", lambda role=role: sts.assume_role(RoleArn=role, RoleSessionName="attack")
    for role in roles[2:]:
        yield (
            f"a model that runs as {role}",
            lambda role=role: sagemaker.create_model(
                ModelName=f"{approvals.name(environment)}-attack",
                ExecutionRoleArn=role,
                PrimaryContainer={"Image": IMAGE},
                VpcConfig=_network(approvals, environment),
            ),
        )
    yield (
        "more permissions",
        lambda: iam.put_role_policy(RoleName=own, PolicyName="x", PolicyDocument=EVERYTHING),
    )
    yield "another trust", lambda: iam.update_assume_role_policy(RoleName=own, PolicyDocument=EVERYTHING)
    yield "no boundary", lambda: iam.delete_role_permissions_boundary(RoleName=own)
    yield (
        "a role",
        lambda: iam.create_role(RoleName=f"{approvals.name(environment)}-x", AssumeRolePolicyDocument=EVERYTHING),
    )


def _on_the_platform(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    parameter = f"/mlops/{UNIT}/{environment}/network/private-subnet-ids"
    stacks, watch = _client(session, "cloudformation"), _client(session, "cloudwatch")
    yield (
        "replacing a parameter",
        lambda: _client(session, "ssm").put_parameter(Name=parameter, Value="x", Overwrite=True),
    )
    yield "its own roles' stack", lambda: stacks.delete_stack(StackName=approvals.name(environment))
    yield "the bootstrap's stack", lambda: stacks.delete_stack(StackName=f"{UNIT}-{environment}-bootstrap")
    yield (
        "an alarm that stops machines",
        lambda: watch.put_metric_alarm(
            AlarmName=f"{approvals.name(environment)}-attack",
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[f"arn:aws:automate:{REGION}:ec2:stop"],
        ),
    )
    yield (
        "telling the topic",
        lambda: _client(session, "sns").publish(
            TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNTS[environment]}:{UNIT}-{environment}-alarms", Message="x"
        ),
    )
    yield "secrets", lambda: _client(session, "secretsmanager").list_secrets()


def _make_bucket(approvals: Approvals) -> None:
    """Create the bucket of another project in dev, with an approved model."""
    s3, bucket = approvals.root("dev", "s3"), approvals.bucket("dev", ANOTHER_PROJECT)
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="approved/1/model.tar.gz", Body=b"theirs")


def _make_model(approvals: Approvals, environment: str) -> str:
    """Create a model of another project, and return its name."""
    sagemaker, name = approvals.root(environment, "sagemaker"), f"{UNIT}-{environment}-{ANOTHER_PROJECT}-approved-v1-1"
    own = sagemaker.describe_model(ModelName=approvals.remains(environment).models[0])
    with contextlib.suppress(sagemaker.exceptions.ClientError):
        sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=own["ExecutionRoleArn"], PrimaryContainer=own["PrimaryContainer"]
        )
    return name


def _network(approvals: Approvals, environment: str) -> dict[str, list[str]]:
    ssm, path = approvals.root(environment, "ssm"), f"/mlops/{UNIT}/{environment}/network"
    subnets = ssm.get_parameter(Name=f"{path}/private-subnet-ids")["Parameter"]["Value"]
    group = ssm.get_parameter(Name=f"{path}/workload-security-group-id")["Parameter"]["Value"]
    return {"Subnets": subnets.split(","), "SecurityGroupIds": [group]}


def _client(session: boto3.Session, service: str) -> Any:
    # Some probes omit arguments that an allowed call would need.
    unchecked = Config(retries={"max_attempts": 1}, parameter_validation=False)
    return session.client(service, config=unchecked)
