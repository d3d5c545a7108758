"""Renders components and whole stacks on Pulumi's mock monitor, and returns what they declare as plain records.

The mocks know no more of AWS than ids and ARNs of the right shape: a rendered stack proves what the program declares, not
that AWS accepts it.
"""

import gc
import hashlib
import json
import runpy
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pulumi.runtime import mocks

from costs import engine
from costs.stacks import configuration_of

ROOT = Path(__file__).parents[1]
REGION = "eu-west-1"
ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")

Invoke = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as the program declared it."""

    type: str
    """Type token, such as `aws:ec2/vpc:Vpc`."""
    name: str
    inputs: Mapping[str, Any]
    """Inputs by their camelCase names, every output resolved."""
    parent: str
    """Type and name of the component that it belongs to, `type::name`; empty at the top."""
    provider: str
    """Name of the provider that it was given; empty for a component."""
    protected: bool
    retained: bool
    """Kept when the stack is destroyed."""
    unchanging: Sequence[str]
    """Inputs that keep the values of the first deployment."""
    replaced_for: Sequence[str]
    """Inputs whose change replaces it although the provider would update it."""
    state: Mapping[str, Any]
    """The same keys and values as in the state of a deployed stack: type, place and dependencies."""

    def document(self, key: str = "policy") -> dict[str, Any]:
        """An input that is a JSON document."""
        return json.loads(self.inputs[key])

    def statements(self, key: str = "policy") -> dict[str, dict[str, Any]]:
        """The statements of an input that is a policy document, by their ids."""
        return {statement["Sid"]: statement for statement in self.document(key)["Statement"]}


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """Everything that a program declared."""

    resources: Sequence[Resource]
    exports: Mapping[str, Any]
    account_id: str

    def all(self, kind: str) -> list[Resource]:
        """The resources whose type ends in `kind`, such as `ec2/vpc:Vpc`, or just `Vpc`."""
        return [each for each in self.resources if each.type == kind or each.type.endswith((f":{kind}", f"/{kind}"))]

    def one(self, kind: str, name: str | None = None) -> Resource:
        """The only resource of a kind, or the one called `name`."""
        found = [each for each in self.all(kind) if name is None or each.name == name]
        if len(found) != 1:
            raise LookupError(f"expected one {kind} {name or ''}, found {[each.name for each in self.all(kind)]}")
        return found[0]

    def counts(self) -> dict[str, int]:
        """Count the resources of each type, without components and providers."""
        return dict(
            sorted(
                Counter(each.type for each in self.resources if not each.type.startswith(("mlops:", "pulumi:"))).items()
            )
        )

    def policies(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every policy document, with where it was found."""
        for resource in self.resources:
            for key, value in resource.inputs.items():
                if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
                    yield f"{resource.type}::{resource.name}.{key}", json.loads(value)


def _availability_zones(_: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": REGION,
        "names": list(ZONES),
        "zoneIds": [f"euw1-az{number}" for number in range(1, len(ZONES) + 1)],
        "groupNames": [REGION],
        "state": "available",
    }


def _endpoint_service(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": "vpce-svc", "serviceName": arguments["serviceName"], "availabilityZones": list(ZONES)}


def _route_table(arguments: Mapping[str, Any]) -> dict[str, Any]:
    route = {"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1", "gatewayId": ""}
    return {"id": "rtb-1", "routeTableId": f"rtb-{arguments.get('subnetId', 'main')}", "routes": [route]}


def _no_groups(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": REGION, "ids": [], "vpcIds": []}


def _no_subnets(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": REGION, "ids": []}


class RefusedError(Exception):
    """The error of an invoke that the provider refuses to answer."""


def _caller_identity(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": "caller", "accountId": "unused", "arn": "unused", "userId": "unused"}


INVOKES: Mapping[str, Invoke] = {
    "aws:ec2/getRouteTable:getRouteTable": _route_table,
    "aws:ec2/getSecurityGroups:getSecurityGroups": _no_groups,
    "aws:ec2/getSubnets:getSubnets": _no_subnets,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": _endpoint_service,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
}
"""Invokes that a program may make; any other is an error."""


ID_PREFIXES = {
    "aws:ec2/vpc:Vpc": "vpc",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/securityGroup:SecurityGroup": "sg",
    "aws:ec2/routeTable:RouteTable": "rtb",
    "aws:servicecatalog/portfolio:Portfolio": "port",
    "aws:servicecatalog/product:Product": "prod",
}
"""Types of resource to which AWS gives an id, with what it begins with."""


@dataclass
class _Cloud(mocks.Mocks):
    """Gives resources their ids and ARNs, and answers what `invokes` can answer."""

    account_id: str
    region: str
    invokes: Mapping[str, Invoke]
    ids_like_aws: bool

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token not in self.invokes:
            raise LookupError(f"the program asks {args.token}, which this rendering does not answer")
        try:
            return self.invokes[args.token](cast("dict[str, Any]", args.args)), []
        except RefusedError as refusal:
            return {}, [("", str(refusal))]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        physical = (_id_like_aws(args) if self.ids_like_aws else None) or _physical_name(args)
        if args.typ == "github:index/team:Team":
            physical = "4001"
        inputs = cast("dict[str, Any]", args.inputs)
        return physical, {**inputs, **self._outputs(args.typ, physical, inputs)}

    def _outputs(self, kind: str, physical: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        account_id = self.account_id

        def arn(service: str, rest: str) -> str:
            return f"arn:aws:{service}:{self.region}:{account_id}:{rest}"

        match kind:
            case "aws:s3/bucket:Bucket":
                return {"arn": f"arn:aws:s3:::{physical}"}
            case "aws:iam/role:Role":
                return {"arn": f"arn:aws:iam::{account_id}:role/{physical}"}
            case "aws:kms/key:Key":
                return {"arn": arn("kms", f"key/{physical}"), "keyId": physical}
            case "aws:cloudwatch/eventRule:EventRule":
                return {"arn": arn("events", f"rule/{physical}")}
            case "aws:cloudwatch/metricAlarm:MetricAlarm":
                return {"arn": arn("cloudwatch", f"alarm:{physical}")}
            case "aws:cloudwatch/logGroup:LogGroup":
                return {"arn": arn("logs", f"log-group:{physical}")}
            case "aws:lambda/function:Function":
                return {"arn": arn("lambda", f"function:{physical}")}
            case "aws:secretsmanager/secret:Secret":
                # AWS ends it with a hyphen and six characters of its own.
                suffix = "-abcdef" if self.ids_like_aws else ""
                return {"arn": arn("secretsmanager", f"secret:{physical}{suffix}")}
            case "aws:sns/topic:Topic":
                return {"arn": arn("sns", physical)}
            case "aws:sqs/queue:Queue":
                return {"arn": arn("sqs", physical)}
            case "aws:ec2/eip:Eip":
                return {"allocationId": f"eipalloc-{physical}"}
            case "aws:sagemaker/domain:Domain":
                return {"arn": arn("sagemaker", f"domain/{physical}")}
            case "aws:sagemaker/mlflowApp:MlflowApp":
                return {"arn": arn("sagemaker", f"mlflow-app/app-{hashlib.sha256(physical.encode()).hexdigest()[:12]}")}
            case "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact":
                return {"provisioningArtifactId": f"pa-{physical}"}
            case "github:index/repository:Repository":
                return {"fullName": f"acme/{inputs['name']}"}
            case _:
                return {}


def _physical_name(args: mocks.MockResourceArgs) -> str:
    if args.typ in ID_PREFIXES:
        return f"{ID_PREFIXES[args.typ]}-{args.name}"
    inputs = cast("dict[str, str]", args.inputs)
    return inputs.get("bucket") or inputs.get("name") or args.name


def _id_like_aws(args: mocks.MockResourceArgs) -> str | None:
    """An id with as many characters as AWS gives it, where it gives one."""
    digits = hashlib.sha256(args.name.encode()).hexdigest()
    match args.typ:
        case "aws:kms/key:Key":
            return str(uuid.UUID(digits[:32]))
        case "aws:sagemaker/domain:Domain":
            return f"d-{digits[:12]}"
        case kind if kind.startswith("aws:ec2/") and kind in ID_PREFIXES:
            return f"{ID_PREFIXES[kind]}-{digits[:17]}"
        case kind if kind in ID_PREFIXES:
            return f"{ID_PREFIXES[kind]}-{digits[:13]}"
        case _:
            return None


class _Recorder(engine.Monitor):
    """Records what the mock monitor would discard: parents, providers, protection."""

    def __init__(self, cloud: _Cloud, declared: list[Resource]) -> None:
        super().__init__(cloud)
        self.declared = declared

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.type != "pulumi:pulumi:Stack":
            inputs = _unwrapped(mocks.rpc.deserialize_properties(request.object))
            self.declared.append(
                Resource(
                    type=request.type,
                    name=request.name,
                    inputs=inputs,
                    parent="::".join(request.parent.split("::")[2:]),
                    provider=request.provider.split("::")[3] if request.provider else "",
                    protected=request.protect,
                    retained=request.retainOnDelete,
                    unchanging=sorted(request.ignoreChanges),
                    replaced_for=sorted(request.replaceOnChanges),
                    state={
                        "urn": self.make_urn(request.parent, request.type, request.name),
                        "type": request.type,
                        "custom": request.custom,
                        "parent": request.parent,
                        "dependencies": list(request.dependencies),
                        "propertyDependencies": {
                            key: list(value.urns) for key, value in request.propertyDependencies.items()
                        },
                    },
                )
            )
        return super().RegisterResource(request)


def _unwrapped(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs without the mark that the SDK puts on those that it holds to be secret."""
    return {
        key: mocks.rpc.unwrap_rpc_secret(value) if mocks.rpc.is_rpc_secret(value) else value
        for key, value in inputs.items()
    }


def render(
    program: Callable[[], object],
    *,
    stack: str = "test",
    configuration: Mapping[str, str] | None = None,
    account_id: str = "111111111111",
    region: str = REGION,
    invokes: Mapping[str, Invoke] = INVOKES,
    ids_like_aws: bool = False,
    declared: list[Resource] | None = None,
) -> Rendering:
    """Run `program` as Pulumi would, and return what it declared; `declared` holds it even when the program fails.

    Ids say which resource they are of; those `ids_like_aws` have as many characters as AWS's own.

    Raises:
        LookupError: the program asks something that `invokes` does not answer.
    """
    cloud = _Cloud(account_id=account_id, region=region, invokes=invokes, ids_like_aws=ids_like_aws)
    recorder = _Recorder(cloud, [] if declared is None else declared)
    exports = engine.run(program, recorder, stack=stack, configuration=configuration or {})
    return Rendering(resources=recorder.declared, exports=exports, account_id=account_id)


def letting_in(stack: str, *settings: str) -> dict[str, object]:
    """The change to a stack's settings that lets in projects that score batches, and those whose whole pipeline is promoted."""
    let_in = dict.fromkeys(settings or ("batches", "promotedPipelines"), True)
    return {"workload": {**json.loads(configuration_of(stack)["mlops-platform:workload"]), **let_in}}


def with_mlflow() -> dict[str, object]:
    """The change to development's settings that gives it an MLflow app."""
    return {"development": {**json.loads(configuration_of("dev")["mlops-platform:development"]), "mlflow": True}}


class Renderings:
    """Renderings of the whole program, made once for each stack and change of its settings; only to be read."""

    def __init__(self) -> None:
        self._known: dict[str, Rendering] = {}

    def __call__(self, stack: str, changes: Mapping[str, object] | None = None) -> Rendering:
        """Return what `render_stack` returns, from memory after the first time."""
        key = json.dumps([stack, changes or {}], sort_keys=True)
        if key not in self._known:
            self._known[key] = render_stack(stack, changes)
            # The objects of the SDK and of renderings live until the end: the garbage collector need not look at them.
            gc.freeze()
        return self._known[key]


def render_stack(
    stack: str,
    changes: Mapping[str, object] | None = None,
    *,
    invokes: Mapping[str, Invoke] = INVOKES,
    ids_like_aws: bool = False,
    declared: list[Resource] | None = None,
) -> Rendering:
    """Render the whole program for a stack, with `changes` to its settings; None removes one."""
    configuration = dict(configuration_of(stack))
    for key, value in (changes or {}).items():
        name = f"mlops-platform:{key}"
        if value is None:
            configuration.pop(name, None)
        else:
            configuration[name] = value if isinstance(value, str) else json.dumps(value)
    account_id = configuration["mlops-platform:accountId"]

    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    return render(
        program,
        stack=stack,
        configuration=configuration,
        account_id=account_id,
        region=configuration.get("mlops-platform:region", REGION),
        invokes=invokes,
        ids_like_aws=ids_like_aws,
        declared=declared,
    )
