"""Runs the program on Pulumi's mock monitor, and returns what it declares as plain records.

Nothing here knows what AWS would answer: it shows what the program asks for, not that AWS accepts it.
"""

import asyncio
import contextvars
import json
import runpy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pulumi
from examples import IMAGE, PROJECT
from pulumi.runtime import config as runtime_config
from pulumi.runtime import mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from deployment import REPOSITORY, project

PARAMETERS = {
    "network/private-subnet-ids": "subnet-1,subnet-2",
    "network/workload-security-group-id": "sg-1",
    "encryption/data-key-arn": "arn:aws:kms:eu-west-1:222222222222:key/1",
    "notifications/alarms-topic-arn": "arn:aws:sns:eu-west-1:222222222222:alarms",
}


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as the program declared it."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    """By their camelCase names, every output resolved."""
    dependencies: frozenset[str]
    """Names of the resources that are made before."""
    retained: bool
    ignored: list[str]
    """Changes that are left alone."""
    provider: str


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """Everything that the program declared."""

    resources: list[Resource]
    exports: Mapping[str, Any]

    def one(self, kind: str, name: str | None = None) -> Resource:
        """The only resource of a kind, or the one called `name`."""
        (found,) = [r for r in self.resources if r.type.endswith(f":{kind}") and name in (None, r.name)]
        return found

    def counts(self) -> dict[str, int]:
        """How many resources of each type there are."""
        return dict(Counter(resource.type for resource in self.resources))


@dataclass
class Cloud(mocks.Mocks):
    """Answers what the program may ask; anything else is an error."""

    asked: list[str] = field(default_factory=list[str])

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        assert args.token == "aws:ssm/getParameter:getParameter"
        name = cast("dict[str, str]", args.args)["name"]
        self.asked.append(name)
        return {"id": name, "name": name, "value": PARAMETERS["/".join(name.split("/")[4:])]}, []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)
        name = inputs.get("name") or f"{args.name}-1a2b3c4"
        return name, {**inputs, "name": name, "arn": f"arn:aws:service:eu-west-1:222222222222:{name}"}


class Recorder(mocks.MockMonitor):
    """Keeps what the mock monitor would throw away."""

    def __init__(self, cloud: Cloud, declared: list[Resource]) -> None:
        super().__init__(cloud)
        self.declared = declared

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.type != "pulumi:pulumi:Stack":
            dependencies = {*request.dependencies}
            self.declared.append(
                Resource(
                    type=request.type,
                    name=request.name,
                    inputs=mocks.rpc.deserialize_properties(request.object),
                    dependencies=frozenset(urn.rpartition("::")[2] for urn in dependencies),
                    retained=request.retainOnDelete,
                    ignored=list(request.ignoreChanges),
                    provider=request.provider.split("::")[3] if request.provider else "",
                )
            )
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            return mocks.MockMonitor.RegisterResource(self, request)  # pyright: ignore[reportUnknownMemberType]
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            return mocks.MockMonitor.Invoke(self, request)  # pyright: ignore[reportUnknownMemberType]
        finally:
            asyncio.set_event_loop(None)
            loop.close()


def version(number: int) -> dict[str, Any]:
    """What the deploy command tells the program of a version."""
    return {
        "package_arn": PROJECT.package_arn(number),
        "version": number,
        "image": IMAGE,
        "environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        "artifact_uri": f"s3://bucket/p-abcdefghijkl/models/{number:064x}/model.tar.gz",
        "sha256": f"{number:064x}",
    }


def render(environment: str, *, shadow: int = 0, instances: int = 2) -> Rendering:
    """What the whole program declares for an environment that gets version 3."""
    configuration = {
        "modelPackageArn": PROJECT.package_arn(3),
        "model": json.dumps(version(3)),
        "instances": str(instances),
        **({"shadow": json.dumps(version(shadow))} if shadow else {}),
    }
    declared: list[Resource] = []

    def program() -> None:
        runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")

    def declare() -> Mapping[str, Any]:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            cloud = Cloud()
            name = "model-deployment-realtime"
            mocks.set_mocks(cloud, project=name, stack=environment, preview=False, monitor=Recorder(cloud, declared))
            runtime_config.set_all_config({f"{name}:{key}": value for key, value in configuration.items()})
            loop.run_until_complete(run_pulumi_func(program))
            root = cast("Stack", get_root_resource())
            return loop.run_until_complete(pulumi.Output.all(**root.outputs).future()) or {}
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            loop.close()

    def example(_: Path | None = None) -> project.Project:
        return PROJECT

    read, project.read = project.read, example
    try:
        # Pulumi keeps its stack and configuration in context variables: a context of its own leaves no trace of them.
        exports = contextvars.Context().run(declare)
    finally:
        project.read = read
    return Rendering(resources=declared, exports=exports)
