"""The roles of a project, whatever it deploys: possible, within the boundary, and small enough."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.access.authorization import problems
from tests.access.project_roles import ProjectRoles, examples, keys_of
from tests.access.test_policies import MOST_CHARACTERS_OF_INLINE_POLICIES, largest
from tests.cloudformation import findings
from tests.products.resolution import published
from tests.rendering import Renderings, letting_in

TEMPLATES = {
    "project-roles-realtime-prod": ("DeploymentRole", "ModelRole", "ScheduleRole", "WatchJobRole", "WatchRole"),
    "project-roles-batch": ("BatchRole", "DeploymentRole", "ModelRole", "ScheduleRole"),
}
"""The roles of each template."""
EVERY = [(template, role) for template, roles in TEMPLATES.items() for role in roles]
MORE_KEYS = {
    "s3:PutObject": {"s3:if-none-match": "*"},
    "sagemaker:CreateEndpointConfig": {
        "sagemaker:InstanceTypes": "ml.m5.large",
        "sagemaker:ModelArn": "arn:aws:sagemaker:eu-west-1:333333333333:model/analytics-prod-p-abcdefghijkl-approved-v3-1a2b",
    },
    "sagemaker:CreateProcessingJob": {
        "sagemaker:InstanceTypes": "ml.m5.large",
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:VpcSecurityGroupIds": "sg-network-workload",
    },
}
"""Keys of a request that the boundary or a policy of denials asks for besides those of the statement that allows it."""
Named = Callable[[str], ProjectRoles]


@pytest.fixture(scope="module")
def named(rendered: Renderings) -> Named:
    return {
        name: ProjectRoles(text=published(rendered("prod", letting_in("prod")), name)) for name in TEMPLATES
    }.__getitem__


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_published_template_has_no_findings(named: Named, template: str, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(named(template).text)

    assert findings(tmp_path / "template.yaml", informational=True) == []
    assert sorted(named(template).roles) == sorted(TEMPLATES[template])


@pytest.mark.parametrize(("template", "role"), EVERY)
def test_every_action_exists_and_works_on_its_resources_under_its_conditions(
    named: Named, template: str, role: str
) -> None:
    assert [problem for statement in named(template).statements(role) for problem in problems(statement)] == []


@pytest.mark.parametrize(("template", "role"), EVERY)
def test_the_boundary_allows_every_action_that_the_role_is_granted(named: Named, template: str, role: str) -> None:
    roles = named(template)
    for statement in roles.statements(role):
        if statement.effect == "Allow":
            for action, resource in examples(statement):
                keys = keys_of(statement) | MORE_KEYS.get(action, {})
                assert roles.may(role, action, resource, keys), (statement.sid, action, resource)


@pytest.mark.parametrize(("template", "role"), EVERY)
def test_inline_policies_fit_with_the_most_and_longest_that_settings_allow(template: str, role: str) -> None:
    roles = ProjectRoles(
        text=published(largest("prod"), template),
        unit="abcdefghijkl",
        environment="abcdefg",
        region="ap-southeast-2",
        project={"ProjectName": "a" * 32, "ProjectId": "p-abcdefghijkl"},
    )

    size = sum(len(re.sub(r"\s", "", json.dumps(document))) for document in roles.documents(role))
    assert size <= MOST_CHARACTERS_OF_INLINE_POLICIES
    assert len(roles.properties(role)["RoleName"]) <= 64


@pytest.mark.parametrize(("template", "role"), EVERY)
def test_every_role_has_the_boundary_and_its_projects_tags(named: Named, template: str, role: str) -> None:
    properties = named(template).properties(role)

    assert properties["PermissionsBoundary"] == "arn:aws:iam::333333333333:policy/analytics-prod-boundary"
    assert {each["Key"]: each["Value"] for each in properties["Tags"]} == {
        "sagemaker:project-name": "abalone",
        "sagemaker:project-id": "p-abcdefghijkl",
        "unit": "analytics",
        "environment": "prod",
    }
