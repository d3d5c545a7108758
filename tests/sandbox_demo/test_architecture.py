"""The drawings of stacks: which components they show, where, and how they connect them."""

import itertools
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest

from sandbox.architecture import overview
from sandbox.architecture.components import Component, components
from sandbox.architecture.layout import draw


def _urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::mlops-platform::{kind}::{name}"


STACK = _urn("pulumi:pulumi:Stack", "dev")
NETWORK = _urn("mlops:index:Network", "network")
VPC = _urn("mlops:index:Network$aws:ec2/vpc:Vpc", "vpc")
CLONER = _urn("mlops:index:TemplateCloner", "template-cloner")
ROLE = _urn("mlops:index:TemplateCloner$mlops:index:Role", "role")
FUNCTION = _urn("mlops:index:TemplateCloner$aws:lambda/function:Function", "function")
STATE: list[dict[str, Any]] = [
    {"urn": STACK, "type": "pulumi:pulumi:Stack", "outputs": {"idleMonthUsd": 45.29}},
    {"urn": CLONER, "type": "mlops:index:TemplateCloner", "parent": STACK},
    {"urn": ROLE, "type": "mlops:index:Role", "parent": CLONER},
    {
        "urn": FUNCTION,
        "type": "aws:lambda/function:Function",
        "custom": True,
        "parent": CLONER,
        "propertyDependencies": {"vpcConfig": [VPC]},
    },
    {"urn": NETWORK, "type": "mlops:index:Network", "parent": STACK},
    {"urn": VPC, "type": "aws:ec2/vpc:Vpc", "custom": True, "parent": NETWORK},
]


def component(name: str, *requires: str, **resources: int) -> Component:
    return Component(name=name, kind=name.title(), resources=Counter(resources), requires=frozenset(requires))


def test_a_component_stands_for_everything_below_it() -> None:
    network, cloner = components(STATE)
    assert (network.kind, dict(network.resources)) == ("Network", {"ec2/vpc": 1})
    assert (cloner.kind, dict(cloner.resources)) == ("Template cloner", {"lambda/function": 1})


def test_a_component_requires_those_whose_resources_its_own_refer_to() -> None:
    network, cloner = components(STATE)
    assert (network.requires, cloner.requires) == (frozenset(), frozenset({"network"}))


def test_a_component_is_drawn_below_those_that_it_requires() -> None:
    drawing = draw(components(STATE))
    positions = {box.component.name: box.y for box in drawing.boxes}
    assert positions["network"] < positions["template-cloner"]
    assert len(drawing.lines) == 1


def test_more_components_than_fit_in_a_row_take_another_row() -> None:
    parts = [component(f"part-{number}") for number in range(5)]
    assert len({box.y for box in draw(parts, per_row=4).boxes}) == 2


def test_a_line_that_follows_from_others_is_left_out() -> None:
    parts = [component("keys"), component("network", "keys"), component("studio", "keys", "network")]
    assert overview.essential(parts) == [("keys", "network"), ("network", "studio")]


@pytest.mark.parametrize(
    ("resources", "lines"),
    [
        ({"ec2/vpc": 1, "ec2/subnet": 4, "ec2/natGateway": 2}, ["VPC, 4 subnets", "2 NAT gateways"]),
        ({"index/repository": 2, "index/organizationRuleset": 1}, ["2 template repositories", "ruleset"]),
        ({"kms/key": 5, "kms/alias": 5}, ["5 keys"]),
        ({"iam/rolePolicy": 3}, []),
    ],
)
def test_a_box_lists_notable_resources_in_plain_words(resources: dict[str, int], lines: list[str]) -> None:
    assert overview.lines(resources) == lines


WORKLOAD = [component("network"), component("workload", "network"), component("model-release", "network")]
DEV = [
    component("studio"),
    component("projects", "studio"),
    component("deployment-trigger", "projects"),
    component("github", **{"index/repository": 2}),
]


def _overview(dev: list[Component]) -> str:
    return overview.overview(
        [
            overview.Stack(environment=name, components=parts)
            for name, parts in (("dev", dev), ("preprod", WORKLOAD), ("prod", WORKLOAD))
        ]
    )


def test_the_overview_is_a_picture_that_names_every_account_and_component() -> None:
    picture = ElementTree.fromstring(_overview(DEV))  # noqa: S314 - this program wrote it
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"dev account", "preprod account", "prod account"} <= set(texts)
    assert {"Studio", "Projects", "Deployment-Trigger", "2 template repositories"} <= set(texts)
    assert texts.count("Workload") == 2


def _touches(rectangle: ElementTree.Element, point: str) -> bool:
    x, y, width, height = (int(rectangle.get(name, "")) for name in ("x", "y", "width", "height"))
    at_x, at_y = map(int, point.split())
    return x <= at_x <= x + width and y <= at_y <= y + height


@pytest.mark.parametrize(
    ("person", "destination"),
    [
        ("Lead data scientist", "Studio"),
        ("Lead data scientist", "Model registry"),
        ("Data scientist", "Training repository"),
        ("Release manager", "Deployment repository"),
    ],
)
def test_an_arrow_leads_from_each_person_to_everything_that_they_act_on(person: str, destination: str) -> None:
    namespace = "{http://www.w3.org/2000/svg}"
    elements = list(ElementTree.fromstring(_overview(DEV)))  # noqa: S314 - this program wrote it
    # A rectangle's title follows it.
    boxes = {
        title.text: box
        for box, title in itertools.pairwise(elements)
        if (box.tag, title.tag) == (f"{namespace}rect", f"{namespace}text")
    }
    arrows = [
        element.get("d", "").removeprefix("M").split(" L") for element in elements if element.get("class") == "flow"
    ]
    assert [
        points for points in arrows if _touches(boxes[person], points[0]) and _touches(boxes[destination], points[-1])
    ]


@pytest.mark.parametrize("name", ["studio", "projects", "deployment-trigger"])
def test_the_overview_has_no_arrow_to_a_component_that_does_not_exist(name: str) -> None:
    with pytest.raises(LookupError, match=name):
        _overview([part for part in DEV if part.name != name])
