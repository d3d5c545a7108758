"""Functions in a network: their interfaces, and the calls that find no way out of it.

A function in a VPC reaches what its subnets reach, and nothing else. A call that would time out on AWS is refused at once, with
the reason.

Source: Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC" and "Enable internet access for
VPC-connected Lambda functions".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.aws.awslambda.environment import FUNCTION
from sandbox.aws.ec2 import interfaces, ways
from sandbox.aws.ministack import gateway, lambda_functions, lambda_runtime, request_authorization, sts
from sandbox.aws.ministack.gateway import Handler, Request, Response

SERVICES: Mapping[str, str] = {"sagemaker": "sagemaker.api", "cloudwatch": "monitoring", "iam": "", "ecr": "ecr.api"}
"""Services whose endpoints have another name than MiniStack's routes; IAM has none in a region."""

ONLY_PORT = "SANDBOX_ONLY_PORT"
"""Variable of a function that does not reach the internet: the port of the local AWS, which decides by itself."""

_RUNTIME = f"""
import os, socket

if "{ONLY_PORT}" in os.environ:
    _connect = socket.socket.connect

    def _connect_within_network(self, address):
        if isinstance(address, tuple) and str(address[1]) != os.environ["{ONLY_PORT}"]:
            raise TimeoutError("timed out: the function's subnets have no way to the internet")
        return _connect(self, address)

    socket.socket.connect = _connect_within_network
"""


def install(port: int) -> None:
    """Refuse functions' calls as their networks do."""
    interfaces.add_source(_interfaces)
    gateway.intercept_all(_check)
    lambda_runtime.extend_python_worker(_RUNTIME)

    def without_internet(config: Mapping[str, Any], environment: Mapping[str, str]) -> Mapping[str, str]:
        del environment
        subnets, groups = _placement(config)
        return {} if all(ways.to_internet(each, groups) for each in subnets) else {ONLY_PORT: str(port)}

    lambda_runtime.add_environment(without_internet)


def _placement(config: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the subnets and security groups of a function; none outside of a VPC."""
    vpc = config.get("VpcConfig") or {}
    return vpc.get("SubnetIds", []), vpc.get("SecurityGroupIds", [])


def _interfaces() -> Iterator[interfaces.Interface]:
    for function in lambda_functions.functions():
        yield from interfaces.of(*_placement(function["config"]))


async def _check(service: str, request: Request, go_on: Handler) -> Response:
    session = sts.sessions.get(gateway.access_key_id(request)) or {}
    function = lambda_functions.find_function(session[FUNCTION].rpartition(":")[2]) if FUNCTION in session else None
    subnets, groups = _placement(function["config"]) if function else ((), ())
    name = SERVICES.get(service, service)
    stranded = [subnet for subnet in subnets if not ways.to_service(name, subnet, groups)]
    if not stranded:
        return await go_on(request)
    return request_authorization.refuse(
        service,
        request,
        f"{service}:*",
        "",
        f"on AWS this call would time out: {', '.join(stranded)} have neither a NAT gateway nor an endpoint of {name}",
        code="NoWayOutOfNetwork",
    )
