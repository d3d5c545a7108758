"""The published templates with everything filled in that is known once the platform is deployed.

`resolved/` holds them: a change of a template's text that changes its resources or outputs shows there. `python -m tests.products.resolution` writes them anew.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cloudformation import parse, resolved
from tests.rendering import REGION, Rendering, Renderings, letting_in

FOLDER = Path(__file__).parent / "resolved"
PUBLISHED = {
    "model-building-training": "dev",
    "model-building-training-deployment": "dev",
    "pipeline-promotion": "dev",
    "project-roles-batch-prod": "prod",
    "project-roles-realtime-preprod": "preprod",
    "project-roles-realtime-prod": "prod",
    "promoted-pipeline-preprod": "preprod",
    "promoted-pipeline-prod": "prod",
}
"""Each template, with the stack that publishes it."""

_PARAMETER = re.compile(r"\{\{resolve:ssm:([^}]+)\}\}")
_KEPT = ("Conditions", "Parameters", "Rules")


def publishing(rendered: Renderings, name: str) -> Rendering:
    """The rendering of the stack that publishes a template, with the settings that make it do so."""
    stack = PUBLISHED[name]
    return rendered(stack, None if stack == "dev" else letting_in(stack))


def published(rendering: Rendering, name: str) -> str:
    """The text of a template that a stack publishes."""
    key = re.compile(rf".*/{name.removesuffix('-preprod').removesuffix('-prod')}-[0-9a-f]{{12}}\.yaml")
    [found] = [each for each in rendering.all("BucketObjectv2") if key.fullmatch(each.inputs["key"])]
    return found.inputs["content"]


def resolution(text: str, rendering: Rendering) -> dict[str, Any]:
    """A template with its mappings, pseudo parameters and the platform's parameters filled in.

    What only a launch knows stays as `${Name}`, however the template refers to it.
    """
    parameters = {each.inputs["name"]: each.inputs["value"] for each in rendering.all("ssm/parameter:Parameter")}
    pseudo = {"AWS::AccountId": rendering.account_id, "AWS::Partition": "aws", "AWS::Region": REGION}
    template = parse(text)

    def section(name: str) -> dict[str, Any]:
        return resolved(
            template[name],
            lambda reference: pseudo.get(reference, f"${{{reference}}}"),
            template.get("Mappings", {}),
            lambda value: _PARAMETER.sub(lambda match: parameters[match[1]], value),
        )

    kept = {name: template[name] for name in _KEPT if name in template}
    form = template.get("Metadata", {}).get("AWS::CloudFormation::Interface")
    return {
        **kept,
        **({"Metadata": {"AWS::CloudFormation::Interface": form}} if form else {}),
        "Outputs": section("Outputs"),
        "Resources": _with_trust(section("Resources")),
    }


def _with_trust(resources: dict[str, Any]) -> dict[str, Any]:
    """Resources whose trust policies are documents: CloudFormation takes text, too."""
    for resource in resources.values():
        properties = resource.get("Properties", {})
        trust = properties.get("AssumeRolePolicyDocument")
        if isinstance(trust, str):
            properties["AssumeRolePolicyDocument"] = json.loads(trust)
    return resources


def canonical(document: Mapping[str, Any]) -> str:
    """A document as text: equal documents have equal texts."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write() -> None:
    """Write every template's resolution into `resolved/`."""
    rendered = Renderings()
    for name in PUBLISHED:
        rendering = publishing(rendered, name)
        text = canonical(resolution(published(rendering, name), rendering))
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
