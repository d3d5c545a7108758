"""What a request is about: the resource ARNs and condition keys by which IAM decides about it.

MiniStack knows them for its own services only in part. Source of everything here: AWS's Service Authorization
Reference, the pages of the services that are named here.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import unquote

from sandbox.aws import emulator, resources
from sandbox.aws.sagemaker import names as sagemaker
from sandbox.aws.service_catalog import names as service_catalog
from sandbox.aws.service_catalog import ownership

INVOCATION = re.compile(r"/endpoints/([^/]+)/")
LIST_ITEM = re.compile(r"(\w+)\.member\.\d+")
"""An item of a list in a form."""
S3_ARN = "arn:aws:s3:::"
RESOURCE_TAG = "aws:ResourceTag/"

BOUNDARY_ACTIONS = frozenset(
    {
        "AttachRolePolicy",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePolicy",
    }
)
"""Actions on a role that already is: `iam:PermissionsBoundary` is the boundary that it has."""

SAGEMAKER_RESOURCES: Mapping[str, tuple[str, str]] = {
    "CodeRepository": ("code-repository", "CodeRepositoryName"),
    "Domain": ("domain", "DomainId"),
    "Endpoint": ("endpoint", "EndpointName"),
    "EndpointConfig": ("endpoint-config", "EndpointConfigName"),
    "EndpointWeightsAndCapacities": ("endpoint", "EndpointName"),
    "Model": ("model", "ModelName"),
    "ModelPackageGroup": ("model-package-group", "ModelPackageGroupName"),
    "ModelPackageGroupPolicy": ("model-package-group", "ModelPackageGroupName"),
    "Pipeline": ("pipeline", "PipelineName"),
    "ProcessingJob": ("processing-job", "ProcessingJobName"),
    "Project": ("project", "ProjectName"),
    "TrainingJob": ("training-job", "TrainingJobName"),
    "TransformJob": ("transform-job", "TransformJobName"),
}
"""By what an operation's name is about: the kind in the ARN, and the member that names the resource."""

SAGEMAKER_VERBS = ("Create", "Describe", "Update", "Delete", "Stop", "Put", "Get")

PRODUCT_MEMBERS: Mapping[str, str] = {
    "CreateConstraint": "ProductId",
    "CreateProduct": "",
    "CreateProvisioningArtifact": "ProductId",
    "DeleteProduct": "Id",
    "DeleteProvisioningArtifact": "ProductId",
    "DescribeProduct": "Id",
    "DescribeProductAsAdmin": "Id",
    "DescribeProvisioningArtifact": "ProductId",
    "ListLaunchPaths": "ProductId",
    "ListPortfoliosForProduct": "ProductId",
    "ListProvisioningArtifacts": "ProductId",
    "ProvisionProduct": "ProductId",
    "UpdateProduct": "Id",
    "UpdateProvisioningArtifact": "ProductId",
}
"""Service Catalog's operations on a product, and the member that names it."""

PORTFOLIO_MEMBERS: Mapping[str, str] = {
    "AssociatePrincipalWithPortfolio": "PortfolioId",
    "CreatePortfolio": "",
    "DeletePortfolio": "Id",
    "DescribePortfolio": "Id",
    "DisassociatePrincipalFromPortfolio": "PortfolioId",
    "ListConstraintsForPortfolio": "PortfolioId",
    "ListPrincipalsForPortfolio": "PortfolioId",
    "UpdatePortfolio": "Id",
}


EC2_CREATES: Mapping[str, str] = {
    "AllocateAddress": "elastic-ip",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
"""EC2's operations that make something, and its kind: they are decided about `kind/*`, for there is no id yet."""

EC2_KINDS: Mapping[str, str] = {
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "rtb": "route-table",
    "rtbassoc": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""What an id of EC2 is the id of, by what it begins with."""


def install() -> None:
    """Let MiniStack decide by these resources and condition keys."""
    resource_of = emulator.actions.extract_resource_arn
    tags_of = emulator.actions.request_tag_context

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
        region: str,
        account_id: str,
    ) -> str:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if service == "sagemaker":
            invoked = INVOCATION.match(path)
            return _named("endpoint", unquote(invoked[1])) if invoked else sagemaker_resource(operation, _json(body))
        if service in resources.RESOURCES:
            action = operation or _first(query_params, "Action")
            known = resources.of(service, action, members_of(body, query_params))
            if known:
                return known[0]
        if service == "servicecatalog":
            return service_catalog_resource(operation, _json(body))
        if service == "iam":
            known = iam_resource(query_params)
            if known:
                return known
        if service == "kms" and operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
            return f"arn:aws:kms:{region}:{account_id}:{_json(body).get('AliasName', '')}"
        if service == "lambda" and method == "POST" and path.rstrip("/").endswith("/functions"):
            return f"arn:aws:lambda:{region}:{account_id}:function:{_json(body).get('FunctionName', '')}"
        if service == "ec2":
            known = ec2_resource(query_params)
            if known:
                return f"arn:aws:ec2:{region}:{account_id}:{known}"
        resource: str = resource_of(service, method, path, headers, body, query_params, region, account_id)
        if service == "kms" and ":alias/" in resource:
            # Cryptography by an alias is authorized on the key behind it: KMS Developer Guide, "Controlling access".
            key_id = emulator.kms._aliases.get(resource)
            return f"arn:aws:kms:{region}:{account_id}:key/{key_id}" if key_id else resource
        return resource

    def request_tag_context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        operation = iam_action.partition(":")[2]
        context = tags_of(service, iam_action, body, params)
        if service in resources.CONTEXTS:
            return {**context, **resources.context(service, operation, members_of(body, params))}
        if service == "sagemaker":
            return {**context, **sagemaker_context(operation, _json(body))}
        if service == "iam":
            return {**context, **iam_context(operation, params)}
        if service == "cloudformation":
            return {**context, **cloudformation_context(params)}
        if service == "kms":
            return {**context, **kms_context(operation, _json(body))}
        if service == "servicecatalog":
            return {**context, **ownership.context(emulator.evaluator.caller_arn(), _json(body))}
        return context

    resolve_key = emulator.evaluator._resolve_condition_key

    def resolve_condition_key(key: str, context: Any) -> Any:
        # Of a role's session AWS gives the role here, MiniStack the session.
        if key.lower() == "aws:principalarn" and context.principal_type == "AssumedRole":
            account, name = context.principal_arn.split(":")[4], context.principal_arn.split("/")[1]
            return f"arn:aws:iam::{account}:role/{name}"
        if key.lower() in ("aws:resourceaccount", "s3:resourceaccount") and context.resource_arn.startswith(S3_ARN):
            bucket = context.resource_arn.removeprefix(S3_ARN).partition("/")[0]
            return emulator.s3._bucket_owner_account(bucket) or context.principal_account
        if key.lower() == "kms:resourcealiases":
            return aliases_of(context.resource_arn)
        value = resolve_key(key, context)
        if value is None and key.lower().startswith(RESOURCE_TAG.lower()):
            # MiniStack looks tags up only where a role's own policies ask for them, not where its boundary does.
            tags: Mapping[str, str] = emulator.tagging.resource_tags(context.resource_arn) or {}
            return tags.get(key[len(RESOURCE_TAG) :])
        return value

    for service in ("monitoring", "sagemaker", "ssm"):
        handle = emulator.application.SERVICE_HANDLERS[service]
        emulator.application.SERVICE_HANDLERS[service] = _deciding_about_each(service, handle)
    emulator.evaluator._resolve_condition_key = resolve_condition_key
    emulator.actions.extract_resource_arn = extract_resource_arn
    emulator.actions.request_tag_context = request_tag_context


def _deciding_about_each(service: str, handle: Any) -> Any:
    """Decide about the resources of a request beside its first, about which MiniStack has decided."""

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> emulator.Response:
        form = emulator.application._routing_params(method, path, headers, body, query)
        operation = headers.get("x-amz-target", "").rpartition(".")[2] or _first(form, "Action")
        namespace = emulator.actions.SERVICE_TO_IAM_NAMESPACE[service]
        action = f"{namespace}:{operation}"
        for resource in resources.of(service, operation, members_of(body, form))[1:]:
            denied = emulator.evaluator.enforce(
                emulator.router.extract_access_key_id(headers, query) or "",
                action,
                service,
                emulator.region(),
                resource,
                emulator.actions.request_tag_context(service, action, body, form),
            )
            if denied:
                return emulator.actions.access_denied_response(
                    service,
                    action,
                    denied.principal_arn,
                    "",
                    headers=headers,
                    resource_arn=resource,
                    explicit_deny=denied.decision == "Deny",
                    resource_policy_arn=denied.resource_policy_arn,
                )
        return await handle(method, path, headers, body, query)

    return handle_request


def ec2_resource(members: Mapping[str, list[str]]) -> str:
    """What an operation of EC2 is about, as `kind/id`; empty where it only describes."""
    operation = members.get("Action", [""])[0]
    if operation.startswith("Describe"):
        return ""
    if operation in EC2_CREATES:
        return f"{EC2_CREATES[operation]}/*"
    for values in members.values():
        kind = EC2_KINDS.get(values[0].rpartition("-")[0])
        if kind:
            return f"{kind}/{values[0]}"
    return ""


def sagemaker_resource(operation: str, members: Mapping[str, Any]) -> str:
    """The resource that an operation of SageMaker is about; `*` where the operation has none."""
    if operation in ("AddTags", "ListTags", "DeleteTags"):
        return members.get("ResourceArn", "*")
    if "PipelineExecutionArn" in members:
        return members["PipelineExecutionArn"]
    if operation in ("StartPipelineExecution", "ListPipelineExecutions"):
        return _named("pipeline", members.get("PipelineName", ""))
    if operation == "CreateDomain":
        return _named("domain", "*")
    if operation.endswith("UserProfile"):
        return _named("user-profile", f"{members.get('DomainId')}/{members.get('UserProfileName')}")
    if operation == "CreateModelPackage":
        return _named("model-package", f"{sagemaker.name_of(members.get('ModelPackageGroupName', ''))}/*")
    if operation == "ListModelPackages":
        group = members.get("ModelPackageGroupName", "")
        return _named("model-package", f"{sagemaker.name_of(group)}/*" if group else "*", like=group)
    if operation.endswith("ModelPackage"):
        return _named("model-package", members.get("ModelPackageArn") or members.get("ModelPackageName", ""))
    for verb in SAGEMAKER_VERBS:
        known = SAGEMAKER_RESOURCES.get(operation.removeprefix(verb)) if operation.startswith(verb) else None
        if known:
            return _named(known[0], members.get(known[1], ""))
    return "*"


def sagemaker_context(operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys of an operation of SageMaker."""
    collectors: Mapping[str, Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]] = {
        "CreateDomain": _studio_context,
        "UpdateDomain": _studio_context,
        "CreateUserProfile": _studio_context,
        "UpdateUserProfile": _studio_context,
        "CreateProcessingJob": _processing_context,
        "CreateTrainingJob": _training_context,
        "CreateTransformJob": _transform_context,
        "CreateEndpointConfig": _endpoint_context,
        "CreateModel": _model_context,
        "CreateModelPackage": _approval_context,
        "UpdateModelPackage": _approval_context,
    }
    collect = collectors.get(operation)
    found = {key: value for key, value in collect(members) if value is not None} if collect else {}
    if operation == "AddTags" or (operation.startswith("Create") and members.get("Tags")):
        found["sagemaker:TaggingAction"] = operation
    return found


def service_catalog_resource(operation: str, members: Mapping[str, Any]) -> str:
    """The resource that an operation of Service Catalog is about; `*` where the operation has none."""
    if operation in PRODUCT_MEMBERS:
        return service_catalog.arn("product", members.get(PRODUCT_MEMBERS[operation]) or "*")
    if operation in PORTFOLIO_MEMBERS:
        return service_catalog.arn("portfolio", members.get(PORTFOLIO_MEMBERS[operation]) or "*")
    return "*"


def iam_resource(params: Mapping[str, Any]) -> str | None:
    """The resource of those operations of IAM whose resource MiniStack does not know."""
    account = emulator.account_id()
    if provider := _first(params, "OpenIDConnectProviderArn"):
        return provider
    action = _first(params, "Action")
    if action == "CreateOpenIDConnectProvider":
        return f"arn:aws:iam::{account}:oidc-provider/{_first(params, 'Url').partition('://')[2].rstrip('/')}"
    if action == "CreateRole":
        return f"arn:aws:iam::{account}:role{_first(params, 'Path') or '/'}{_first(params, 'RoleName')}"
    if action == "CreatePolicy":
        return f"arn:aws:iam::{account}:policy{_first(params, 'Path') or '/'}{_first(params, 'PolicyName')}"
    if action == "CreateServiceLinkedRole":
        service = _first(params, "AWSServiceName")
        return f"arn:aws:iam::{account}:role/aws-service-role/{service}/*"
    return None


def iam_context(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys of an operation of IAM."""
    context: dict[str, Any] = {}
    if operation in ("CreateRole", "PutRolePermissionsBoundary"):
        context["iam:PermissionsBoundary"] = _first(params, "PermissionsBoundary") or None
    elif operation in BOUNDARY_ACTIONS:
        context["iam:PermissionsBoundary"] = boundary_of(_first(params, "RoleName"))
    if operation in ("AttachRolePolicy", "DetachRolePolicy"):
        context["iam:PolicyARN"] = _first(params, "PolicyArn")
    if operation == "CreateServiceLinkedRole":
        context["iam:AWSServiceName"] = _first(params, "AWSServiceName")
    return {key: value for key, value in context.items() if value is not None}


def cloudformation_context(params: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys of an operation of CloudFormation; those of what the request does not say are not there."""
    members = {"RoleArn": "RoleARN", "StackPolicyUrl": "StackPolicyURL", "TemplateUrl": "TemplateURL"}
    found = {f"cloudformation:{key}": _first(params, member) for key, member in members.items()}
    found["cloudformation:ChangeSetName"] = _first(params, "ChangeSetName")
    return {key: value for key, value in found.items() if value}


def aliases_of(key_arn: str) -> list[str] | None:
    """The aliases of a key, which its account gave it; None when it has none."""
    account, region = key_arn.split(":")[4], key_arn.split(":")[3]
    with emulator.responses.request_scope(account, region):
        found = [
            alias.rpartition(":")[2]
            for alias, key_id in emulator.kms._aliases.items()
            if key_id == key_arn.rpartition("/")[2]
        ]
    return found or None


def kms_context(operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys of an operation of KMS that somebody calls directly, not through a service."""
    context: dict[str, Any] = {"kms:CallerAccount": emulator.account_id()}
    pairs: Mapping[str, str] = members.get("EncryptionContext") or members.get("SourceEncryptionContext") or {}
    context |= {f"kms:EncryptionContext:{key}": value for key, value in pairs.items()}
    if pairs:
        context["kms:EncryptionContextKeys"] = list(pairs)
    if operation in ("CreateGrant", "ListGrants", "RevokeGrant"):
        context["kms:GrantIsForAWSResource"] = "false"
    if operation == "CreateGrant":
        context["kms:GrantOperations"] = members.get("Operations", [])
    if members.get("KeyId", "").startswith("alias/"):
        context["kms:RequestAlias"] = members["KeyId"]
    return context


def members_of(body: bytes, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The members of a request in JSON or of a form, where each item of a list is a parameter of its own."""
    members = _json(body)
    if members:
        return members
    for name in params:
        item = LIST_ITEM.fullmatch(name)
        if item:
            members.setdefault(item[1], []).append(_first(params, name))
        else:
            members[name] = _first(params, name)
    return members


def boundary_of(role_name: str) -> str | None:
    """The permissions boundary of a role of the current account, if it has one."""
    role: Mapping[str, Any] = emulator.iam._roles.get(role_name) or {}
    return role.get("PermissionsBoundary") or None


def _studio_context(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    settings: Mapping[str, Any] = members.get("DefaultUserSettings") or members.get("UserSettings") or {}
    instances = sorted(_values_of(settings, "InstanceType"))
    yield "sagemaker:AppNetworkAccessType", members.get("AppNetworkAccessType")
    yield "sagemaker:InstanceTypes", instances or None
    yield "sagemaker:VpcSubnets", members.get("SubnetIds")
    yield "sagemaker:VpcSecurityGroupIds", settings.get("SecurityGroups")
    yield "sagemaker:VolumeKmsKey", members.get("KmsKeyId")
    yield "sagemaker:DomainSharingOutputKmsKey", settings.get("SharingSettings", {}).get("S3KmsKeyId")


def _training_context(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    resources = members.get("ResourceConfig", {})
    yield "sagemaker:InstanceTypes", [resources["InstanceType"]] if "InstanceType" in resources else None
    yield "sagemaker:VolumeKmsKey", resources.get("VolumeKmsKeyId")
    yield "sagemaker:OutputKmsKey", members.get("OutputDataConfig", {}).get("KmsKeyId")
    yield "sagemaker:MaxRuntimeInSeconds", _text(members.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"))
    yield "sagemaker:NetworkIsolation", _flag(members.get("EnableNetworkIsolation", False))
    yield (
        "sagemaker:InterContainerTrafficEncryption",
        _flag(members.get("EnableInterContainerTrafficEncryption", False)),
    )
    yield from _network_context(members.get("VpcConfig", {}))


def _processing_context(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    cluster = members.get("ProcessingResources", {}).get("ClusterConfig", {})
    network = members.get("NetworkConfig", {})
    yield "sagemaker:InstanceTypes", [cluster["InstanceType"]] if "InstanceType" in cluster else None
    yield "sagemaker:VolumeKmsKey", cluster.get("VolumeKmsKeyId")
    yield "sagemaker:OutputKmsKey", members.get("ProcessingOutputConfig", {}).get("KmsKeyId")
    yield "sagemaker:MaxRuntimeInSeconds", _text(members.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"))
    yield "sagemaker:NetworkIsolation", _flag(network.get("EnableNetworkIsolation", False))
    yield (
        "sagemaker:InterContainerTrafficEncryption",
        _flag(network.get("EnableInterContainerTrafficEncryption", False)),
    )
    yield from _network_context(network.get("VpcConfig", {}))


def _transform_context(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    resources = members.get("TransformResources", {})
    yield "sagemaker:InstanceTypes", [resources["InstanceType"]] if "InstanceType" in resources else None
    yield "sagemaker:VolumeKmsKey", resources.get("VolumeKmsKeyId")
    yield "sagemaker:OutputKmsKey", members.get("TransformOutput", {}).get("KmsKeyId")
    yield "sagemaker:ModelArn", _named("model", members.get("ModelName", ""))


def _endpoint_context(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    variants = [*members.get("ProductionVariants", []), *members.get("ShadowProductionVariants", [])]
    names = [variant["ModelName"] for variant in variants if "ModelName" in variant]
    yield "sagemaker:InstanceTypes", sorted(_values_of(variants, "InstanceType")) or None
    yield "sagemaker:AcceleratorTypes", sorted(_values_of(variants, "AcceleratorType")) or None
    yield "sagemaker:ModelArn", [_named("model", name) for name in names] or None
    yield "sagemaker:VolumeKmsKey", members.get("KmsKeyId")
    yield "sagemaker:NetworkIsolation", _flag(members.get("EnableNetworkIsolation", False))
    yield from _network_context(members.get("VpcConfig", {}))


def _model_context(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "sagemaker:NetworkIsolation", _flag(members.get("EnableNetworkIsolation", False))
    yield from _network_context(members.get("VpcConfig", {}))


def _approval_context(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "sagemaker:ModelApprovalStatus", members.get("ModelApprovalStatus")
    for key, value in members.get("CustomerMetadataProperties", {}).items():
        yield f"sagemaker:CustomerMetadataProperties/{key}", value
    for key, value in members.get("ModelLifeCycle", {}).items():
        yield f"sagemaker:ModelLifeCycle:{key}", value


def _network_context(vpc: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "sagemaker:VpcSubnets", vpc.get("Subnets")
    yield "sagemaker:VpcSecurityGroupIds", vpc.get("SecurityGroupIds")


def _named(kind: str, name: str, *, like: str = "") -> str:
    """ARN of a resource, in the account and region of the ARN `like`, if that is one."""
    if name.startswith("arn:"):
        return name
    if like.startswith("arn:"):
        return f"{':'.join(like.split(':')[:5])}:{kind}/{name.lower()}"
    return sagemaker.arn(kind, name)


def _values_of(value: Any, wanted: str) -> set[str]:
    if isinstance(value, dict):
        entries = cast(Mapping[str, Any], value)
        own = {entries[wanted]} if isinstance(entries.get(wanted), str) else set[str]()
        return own.union(*(_values_of(item, wanted) for item in entries.values()))
    if isinstance(value, list):
        return set[str]().union(*(_values_of(item, wanted) for item in cast(list[Any], value)))
    return set()


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _json(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        return {}
    return cast(dict[str, Any], members) if isinstance(members, dict) else {}


def _first(params: Mapping[str, Any], name: str) -> str:
    value: Any = params.get(name, "")
    return str(cast(list[Any], value)[0] if value else "") if isinstance(value, list) else str(value)
