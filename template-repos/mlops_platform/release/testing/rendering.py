"""Run a program on Pulumi's mock monitor, and return the resources that it declares as plain records.

This shows the program's inputs to AWS, not that AWS accepts them.
"""

import asyncio
import contextvars
import json
import runpy
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import patch

import pulumi
from pulumi.runtime import config as runtime_config
from pulumi.runtime import mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from mlops_platform import REPOSITORY
from mlops_platform.release import project
from mlops_platform.release.testing.example import PROJECT, model_name
from mlops_platform.release.version import Version

PARAMETERS = {
    "encryption/data-key-arn": "arn:aws:kms:eu-west-1:222222222222:key/1",
    "notifications/alarms-topic-arn": "arn:aws:sns:eu-west-1:222222222222:alarms",
    "monitoring/retraining-function-arn": "arn:aws:lambda:eu-west-1:111111111111:function:retraining",
}


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as the program declared it."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    """By their camelCase names, with every output resolved."""
    dependencies: frozenset[str]
    """Names of the resources that are created before."""
    retained: bool
    ignored: list[str]
    """Properties whose changes are ignored."""
    provider: str


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """Everything that the program declared."""

    resources: list[Resource]
    exports: Mapping[str, Any]

    def one(self, kind: str, name: str | None = None) -> Resource:
        """Return the only resource of a kind, or the one called `name`."""
        (found,) = [r for r in self.resources if r.type.endswith(f":{kind}") and name in (None, r.name)]
        return found

    def counts(self) -> dict[str, int]:
        """Return the number of resources of each type."""
        return dict(Counter(resource.type for resource in self.resources))


@dataclass
class Cloud(mocks.Mocks):
    """Answers look-ups of the platform's parameters; any other call is an error."""

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


@contextmanager
def event_loop() -> Generator[asyncio.AbstractEventLoop]:
    """Give the current thread an event loop of its own."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class Recorder(mocks.MockMonitor):
    """Records the requests, which the mock monitor throws away."""

    def __init__(self, cloud: Cloud, declared: list[Resource]) -> None:
        super().__init__(cloud)
        self.declared = declared

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name that the base class gives it
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
        with event_loop():
            return mocks.MockMonitor.RegisterResource(self, request)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the name that the base class gives it
        with event_loop():
            return mocks.MockMonitor.Invoke(self, request)


def version(number: int, environment: str = "prod") -> Version:
    """Return a version of the example's model, as the deploy command passes it to the program of an environment."""
    return Version(
        package_arn=PROJECT.package_arn(number),
        version=number,
        model_name=model_name(environment, number),
        artifact_uri=f"s3://bucket/approved/{PROJECT.id}/{number}/model.tar.gz",
        sha256=f"{number:064x}",
    )


def render(name: str, environment: str, configuration: Mapping[str, Any]) -> Rendering:
    """Return everything that this repository's program declares for an environment of the example project.

    Args:
        name: the program's name in Pulumi.yaml.
        environment: the stack.
        configuration: values of the program's configuration; those that are no texts are passed as JSON.
    """
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in configuration.items()}
    cloud, declared = Cloud(), list[Resource]()

    def program() -> None:
        runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")

    def declare() -> Mapping[str, Any]:
        with event_loop() as loop:
            mocks.set_mocks(cloud, project=name, stack=environment, preview=False, monitor=Recorder(cloud, declared))
            runtime_config.set_all_config({f"{name}:{key}": value for key, value in texts.items()})
            try:
                loop.run_until_complete(run_pulumi_func(program))
                root = cast("Stack", get_root_resource())
                return loop.run_until_complete(pulumi.Output.all(**root.outputs).future()) or {}
            finally:
                loop.run_until_complete(loop.shutdown_default_executor())

    with patch.object(project, "read", lambda: PROJECT):
        # Pulumi keeps its stack and configuration in context variables: a context of its own leaves no trace of them.
        exports = contextvars.Context().run(declare)
    return Rendering(resources=declared, exports=exports)
