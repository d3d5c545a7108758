"""Probes that several actors make: of secrets, state, the template cloner, roles and training jobs."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.organization import PROJECT
from tests.e2e.security_probes.probe import EVERYTHING, IMAGE, Call, Client, Probe, trust_of
from tests.e2e.security_probes.target import Target


def secrets_and_state(target: Target, client: Client) -> Iterator[Probe]:
    """Read and replace secrets, parameters and state."""
    secrets, ssm, s3 = client("secretsmanager"), client("ssm"), client("s3")
    name = f"/mlops/{target.dev.unit}/{target.dev.environment}/projects/template-cloner-arn"
    yield "reading the credential", lambda: secrets.get_secret_value(SecretId=target.secret)
    yield "replacing the credential", lambda: secrets.put_secret_value(SecretId=target.secret, SecretString="x")
    yield "replacing a parameter", lambda: ssm.put_parameter(Name=name, Value="x", Overwrite=True)
    yield "reading the state", lambda: s3.get_object(Bucket=target.bucket("state"), Key=".pulumi/meta.yaml")


def cloner_function(target: Target, client: Client) -> Iterator[Probe]:
    """Change and call the template cloner's function."""
    functions = client("lambda")
    yield "its code", lambda: functions.update_function_code(FunctionName=target.function, ZipFile=b"x")
    yield "its settings", lambda: functions.update_function_configuration(FunctionName=target.function, Timeout=1)
    yield "calling it", lambda: functions.invoke(FunctionName=target.function, Payload=b"{}")


def launches(client: Client) -> Iterator[Probe]:
    """Launch, change and delete projects, and what Service Catalog provisions for them."""
    sagemaker, catalog = client("sagemaker"), client("servicecatalog")
    product = {"ProductId": "prod-abcdefghijklm", "ProvisioningArtifactId": "pa-abcdefghijklm"}
    yield (
        "launching",
        lambda: sagemaker.create_project(ProjectName="attack", ServiceCatalogProvisioningDetails=product),
    )
    yield "deleting a project", lambda: sagemaker.delete_project(ProjectName=PROJECT)
    yield "provisioning", lambda: catalog.provision_product(**product, ProvisionedProductName="attack")
    yield "changing what is provisioned", lambda: catalog.update_provisioned_product(ProvisionedProductName="attack")
    yield "ending what is provisioned", lambda: catalog.terminate_provisioned_product(ProvisionedProductName="attack")


def deletion_protection(target: Target, client: Client, stack: str | None = None) -> Iterator[Probe]:
    """Lift the protection of a stack from its deletion, by default of the project's."""
    name = stack or target.launch_stack
    yield (
        f"no protection of {name}",
        lambda: client("cloudformation").update_termination_protection(
            StackName=name, EnableTerminationProtection=False
        ),
    )


def role(iam: Any, role: str) -> Iterator[Probe]:
    """Change or delete a role."""
    trust = trust_of({"Service": "lambda.amazonaws.com"})
    yield (
        f"attaching to {role}",
        lambda: iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    )
    yield (
        f"granting to {role}",
        lambda: iam.put_role_policy(RoleName=role, PolicyName="x", PolicyDocument=EVERYTHING),
    )
    yield f"the trust of {role}", lambda: iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    yield f"the boundary of {role}", lambda: iam.delete_role_permissions_boundary(RoleName=role)
    yield f"the end of {role}", lambda: iam.delete_role(RoleName=role)


def training(
    client: Client,
    role: str,
    network: Mapping[str, list[str]] | None,
    name: str = "attack",
    *,
    instance_type: str = "ml.m5.large",
    tags: Mapping[str, str] | None = None,
) -> Call:
    """Return a call that starts a training job under a role, which is not isolated from the network."""
    tagged = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    within = {"VpcConfig": network} if network else {}
    return lambda: client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=role,
        OutputDataConfig={"S3OutputPath": "s3://attack/out"},
        ResourceConfig={"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        Tags=tagged,
        **within,
    )
