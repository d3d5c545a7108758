"""A stand-in replaces a resource for the changes for which the official provider replaces it, and updates it for all others."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.properties import Kind, Property

MEASURED: Mapping[str, Mapping[str, list[str]]] = json.loads(
    Path(__file__).with_name("replacements.json").read_text(encoding="utf-8")
)["types"]
"""Paths of the inputs whose change replaces or updates a resource, by its type. The file names its source."""
OF_RELEASE_6 = {
    # Source: the schema in internal/service/sagemaker/mlflow_app.go.
    "aws:sagemaker/mlflowApp:MlflowApp": {
        "replaced": ["roleArn"],
        "updated": [
            *("artifactStoreUri", "defaultDomainIdLists", "modelRegistrationMode", "name", "tags"),
            "weeklyMaintenanceWindowStart",
        ],
    }
}
"""Types that only release 6 of the provider has."""
YOUNGER_THAN_THE_SOURCE = {"aws:sagemaker/endpointConfiguration:EndpointConfiguration": {"executionRoleArn"}}
"""Inputs that only release 6 of the provider has."""


def ways_of_change(
    table: Mapping[str, Property], above: str = "", *, replaced: bool = False
) -> Iterator[tuple[str, str]]:
    """The path of each single input, and whether a change of it replaces or updates the resource."""
    for name, declared in table.items():
        path, replaces = f"{above}{name}", replaced or declared.replaces
        inner = declared.fields or (declared.element.fields if declared.element else None)
        if inner:
            yield from ways_of_change(inner, f"{path}.", replaced=replaces)
        # Archives are compared by their content, which the engine hashes.
        elif declared.kind is not Kind.ASSET:
            yield path, "replaced" if replaces else "updated"


@pytest.mark.parametrize("kind", AwsProvider.types)
def test_a_change_replaces_a_resource_where_the_official_provider_does(kind: str) -> None:
    measured = {path: way for way, paths in {**MEASURED, **OF_RELEASE_6}[kind].items() for path in paths}
    younger: Any = YOUNGER_THAN_THE_SOURCE.get(kind, set())
    ours = {path: way for path, way in ways_of_change(AwsProvider.types[kind].properties) if path not in younger}
    assert ours == measured


def test_the_measured_types_are_those_that_the_stand_ins_know() -> None:
    assert {*MEASURED, *OF_RELEASE_6} == set(AwsProvider.types)
