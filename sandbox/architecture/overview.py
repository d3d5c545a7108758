"""Draw all accounts, GitHub and the people in one picture, with the path of a model to production.

Solid boxes are the components in the stacks' state. Dashed ones are created later, for each project. The arrows connect
them; an arrow whose component a stack no longer has is an error, so the picture cannot show what does not exist.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sandbox.architecture.components import Component
from sandbox.architecture.layout import levels
from sandbox.architecture.svg import LINE, Picture, Rectangle

WIDTH, HEIGHT = 1116, 1072
BOX_WIDTH, BOX_HEIGHT, COLUMN, ROW = 140, 66, 160, 78
"""Size of a component's box, and the distance of columns and rows, in pixels."""
ACCOUNT_WIDTH = 4 * COLUMN + BOX_WIDTH + 32
DEV, PREPROD, PROD = 80, 484, 778
"""Tops of the accounts' panels."""
DEV_HEIGHT, WORKLOAD_HEIGHT = 384, 274
ROWS = 3
GITHUB = Rectangle(x=892, y=80, width=208, height=534)
REPOSITORIES = GITHUB.x + 16
"""Left edges of the repositories' boxes."""
CHARACTERS = 21
"""Characters in a line of a box."""
NOUNS = {
    "sagemaker/domain": "Studio domain",
    "sagemaker/userProfile": "user profile",
    "servicecatalog/product": "product",
    "lambda/function": "Lambda function",
    "ec2/vpc": "VPC",
    "ec2/subnet": "subnet",
    "ec2/natGateway": "NAT gateway",
    "ec2/vpcEndpoint": "VPC endpoint",
    "kms/key": "key",
    "s3/bucket": "bucket",
    "sns/topic": "topic",
    "sqs/queue": "queue",
    "secretsmanager/secret": "secret",
    "cloudwatch/eventRule": "event rule",
    "cloudwatch/metricAlarm": "alarm",
    "budgets/budget": "budget",
    "iam/role": "role",
    "ssm/parameter": "parameter",
    "index/repository": "template repository",
    "index/organizationRuleset": "ruleset",
}
"""Resources that a box lists, in this order; all others are details of these."""
STEPS = (
    "A lead launches a project from Studio.",
    "The launch creates the project in the accounts, and its repositories from the templates.",
    "A data scientist pushes a change.",
    "The workflow runs the pipeline, which trains, tests and registers a version.",
    "A lead approves the version; the event reaches the trigger.",
    "The trigger starts the deployment with exactly this version.",
    "It is deployed to preprod and tested.",
    "A release manager, never the one who started it, releases it to prod.",
)
"""The numbered arrows."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack to draw."""

    environment: str
    components: Sequence[Component]


def overview(stacks: Sequence[Stack]) -> str:
    """Return the picture of the stacks of dev, preprod and prod, as SVG.

    Raises:
        LookupError: a component that an arrow starts or ends at is in no stack.
    """
    picture = Picture(WIDTH, HEIGHT, "The platform's accounts, their components, and the path of a model to production")
    dev, *workloads = stacks
    repositories = [part for part in dev.components if part.name == "github"]
    in_account = [part for part in dev.components if part.name != "github"]
    in_dev = _account(picture, replace(dev, components=in_account), DEV, DEV_HEIGHT)
    project = _project(picture)
    training, deployment = _github(picture, repositories)
    _training_flows(picture, in_dev, project, training)
    _deployment_flows(picture, in_dev, workloads, deployment)
    _legend(picture)
    return picture.document()


def lines(resources: Mapping[str, int]) -> list[str]:
    """Return the notable resources, such as `["VPC, 4 subnets,", "NAT gateway"]`, in lines that fit into a box."""
    words = [_counted(resources[kind], noun) for kind, noun in NOUNS.items() if kind in resources]
    found: list[str] = []
    for word in words:
        if found and len(found[-1]) + len(word) + 2 <= CHARACTERS:
            found[-1] += f", {word}"
        else:
            found.append(word)
    return found[:ROWS]


def essential(parts: Sequence[Component]) -> list[tuple[str, str]]:
    """Return the pairs of a component and one that builds on it, without those that follow from other pairs."""
    required = {part.name: set(part.requires) & {other.name for other in parts} for part in parts}

    def behind(name: str) -> set[str]:
        return required[name].union(*(behind(other) for other in required[name]))

    return [
        (other, name)
        for name, direct in required.items()
        for other in sorted(direct)
        if not any(other in behind(between) for between in direct - {other})
    ]


def _counted(count: int, noun: str) -> str:
    if count == 1:
        return noun
    return f"{count} {noun[:-1]}ies" if noun.endswith("ry") else f"{count} {noun}s"


def _box(column: int, row: float, top: int, height: int = BOX_HEIGHT) -> Rectangle:
    return Rectangle(x=32 + column * COLUMN, y=round(top + 34 + row * ROW), width=BOX_WIDTH, height=height)


def _account(picture: Picture, stack: Stack, top: int, height: int) -> dict[str, Rectangle]:
    """Draw an account with its components in columns, each to the right of those that it builds on."""
    panel = Rectangle(x=16, y=top, width=ACCOUNT_WIDTH, height=height)
    picture.rectangle(panel, "panel", f"{stack.environment} account")
    boxes: dict[str, Rectangle] = {}
    for column, parts in enumerate(levels(list(stack.components))):
        # Components that build on many others are at the top, because few others build on them.
        for row, part in enumerate(sorted(parts, key=lambda part: (-len(part.requires), part.name))):
            boxes[part.name] = _box(column, row + (ROWS - len(parts)) / 2, top)
    for start, end in essential(stack.components):
        picture.dependency(boxes[start].right, boxes[end].left, gap=COLUMN - BOX_WIDTH)
    for part in stack.components:
        picture.rectangle(boxes[part.name], "box", part.kind, lines(part.resources))
    return boxes


def _project(picture: Picture) -> list[Rectangle]:
    """Draw what a launch creates in dev: storage and roles, the pipeline, the registry."""
    boxes = [_box(column, ROWS + 0.4, DEV, 50) for column in (2, 3, 4)]
    group = Rectangle(x=boxes[0].x - 10, y=boxes[0].y - 24, width=2 * COLUMN + BOX_WIDTH + 20, height=98)
    picture.rectangle(group, "group", "Each project")
    for box, (title, text) in zip(
        boxes,
        (("Bucket, roles", "data and permissions"), ("Pipeline", "SageMaker jobs"), ("Model registry", "versions")),
        strict=True,
    ):
        picture.rectangle(box, "later", title, [text])
    return boxes


def _github(picture: Picture, repositories: Sequence[Component]) -> tuple[Rectangle, Rectangle]:
    """Draw the GitHub organization; return the training and the deployment repository."""
    picture.rectangle(GITHUB, "panel", "GitHub organization")

    def box(y: int) -> Rectangle:
        return Rectangle(x=REPOSITORIES, y=y, width=166, height=BOX_HEIGHT)

    picture.rectangle(box(112), "box", "Platform repository", ["deploys each account", "with a role of its own"])
    templates, training, deployment = box(198), box(406), box(532)
    for part in repositories:
        picture.rectangle(templates, "box", "Templates", lines(part.resources))
    picture.rectangle(training, "later", "Training repository", ["of each project:", "code, settings, workflow"])
    picture.rectangle(deployment, "later", "Deployment repository", ["of each project:", "workflow, settings"])
    return training, deployment


def _training_flows(
    picture: Picture, dev: Mapping[str, Rectangle], project: Sequence[Rectangle], training: Rectangle
) -> None:
    storage, pipeline, registry = project
    lead = Rectangle(x=dev["studio"].x - 10, y=16, width=160, height=32)
    scientist = Rectangle(x=952, y=16, width=148, height=32)
    picture.rectangle(lead, "person", "Lead data scientist")
    picture.rectangle(scientist, "person", "Data scientist")
    picture.flow(1, lead.bottom, dev["studio"].top)
    launches = dev["projects"]
    picture.flow(2, launches.right, (REPOSITORIES, launches.right[1]))
    picture.flow(2, launches.bottom, (launches.bottom[0], storage.y - 24))
    picture.flow(3, (1087, 48), (1087, training.right[1]), training.right)
    below = training.left[1]
    picture.flow(4, training.left, (pipeline.bottom[0], below), pipeline.bottom)
    picture.flow(None, pipeline.right, registry.left)
    # Between the account and GitHub, beside the arrow of the deployment.
    beside = 860
    picture.flow(5, lead.right, (beside, lead.right[1]), (beside, registry.right[1]), registry.right)
    picture.flow(5, registry.top, dev["deployment-trigger"].bottom)


def _deployment_flows(
    picture: Picture, dev: Mapping[str, Rectangle], stacks: Sequence[Stack], deployment: Rectangle
) -> None:
    """Draw preprod and prod, and the arrows that lead to their endpoints."""
    trigger, entry = dev["deployment-trigger"].right, deployment.y + 16
    picture.flow(6, trigger, (844, trigger[1]), (844, entry), (deployment.x, entry))
    exits = ((PREPROD, 36, 860, 7), (PROD, 54, 876, 8))
    for stack, (top, below, bend, number) in zip(stacks, exits, strict=True):
        release = _account(picture, stack, top, WORKLOAD_HEIGHT)["model-release"].bottom
        endpoint = _box(4, 2, top)
        picture.elements.append(f'<path d="M{release[0]} {release[1]} V{endpoint.left[1]} H{endpoint.x}"/>')
        picture.rectangle(endpoint, "later", "Endpoint", ["model, alarms,", "autoscaling"])
        exit_at, end = deployment.y + below, endpoint.right
        picture.flow(None, (deployment.x, exit_at), (bend, exit_at), (bend, end[1]), end)
        picture.badge((bend, end[1] - 40), number)
    reviewer = Rectangle(x=REPOSITORIES, y=646, width=166, height=32)
    picture.rectangle(reviewer, "person", "Release manager")
    picture.flow(8, reviewer.top, deployment.bottom)


def _legend(picture: Picture) -> None:
    picture.rectangle(Rectangle(x=16, y=14, width=20, height=14), "box")
    picture.text((44, 25), "deployed by the platform")
    picture.rectangle(Rectangle(x=16, y=38, width=20, height=14), "later")
    picture.text((44, 49), "created for each project")
    y = 722
    for number, step in enumerate(STEPS, start=1):
        picture.badge((GITHUB.x + 8, y), number)
        for line in _wrapped(step, 31):
            picture.text((GITHUB.x + 24, y + 4), line)
            y += LINE
        y += 6


def _wrapped(text: str, width: int) -> list[str]:
    found = [""]
    for word in text.split():
        if len(found[-1]) + len(word) + 1 > width:
            found.append("")
        found[-1] = f"{found[-1]} {word}".strip()
    return found
