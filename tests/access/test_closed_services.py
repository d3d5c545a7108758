"""SageMaker's Model Monitor, Clarify and Debugger are closed to new customers: nothing here depends on them.

Their actions are named only where they are denied, so that an account that has the services is no way out of the network.
Source: SageMaker AI Developer Guide, the notices of "Model Monitor", "Clarify" and "Debugger".
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from products.catalog import PRODUCTS
from products.workload import INFERENCES
from tests.access.authorization import roles_of
from tests.access.project_roles import ProjectRoles
from tests.bootstrap.template import Template
from tests.products.product import launched
from tests.products.resolution import published as published_text
from tests.rendering import ROOT, Renderings, letting_in

OF_CLOSED_SERVICES = re.compile(
    r"(?<![A-Za-z])(sagemaker:)?(Create|Update|Start|Stop|Delete|Describe|List)?"
    r"(MonitoringSchedule|MonitoringExecution|MonitoringAlert|DataQualityJobDefinition|ModelBiasJobDefinition|"
    r"ModelExplainabilityJobDefinition|ModelQualityJobDefinition)|"
    r"DebugHookConfig|DebugRuleConfiguration|ProfilerConfig|ProfilerRule|ExplainerConfig|ClarifyCheck|QualityCheck|"
    r"sagemaker-(clarify|debugger|model-monitor)"
)
"""Actions of the services, and what jobs, endpoints, pipelines and images call them."""

DENIALS = {
    "components/iam/sagemaker_jobs.py",
    "products/parts/project.yaml",
    "products/parts/pull-request-training.yaml",
}
"""Files that name actions of the services."""

FOLDERS = ("bootstrap", "components", "functions", "products", "settings", "template-repos")


def _texts() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            known = path.suffix in (".py", ".yaml", ".yml", ".toml", ".md")
            if known and not {".venv", "__pycache__"} & set(path.parts):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_nothing_but_denials_names_a_closed_service() -> None:
    assert {name for name, text in _texts() if OF_CLOSED_SERVICES.search(text)} == DENIALS


@pytest.mark.parametrize("stack", ["dev", "preprod", "prod"])
def test_no_role_of_the_platform_may_use_a_closed_service(rendered: Renderings, stack: str) -> None:
    roles = roles_of(rendered(stack))
    documents = [json.loads(document) for role in roles.values() for document in role.policies.values()]

    assert len(documents) >= len(roles)
    assert _allowed(documents) == []


def test_no_role_of_a_project_may_use_a_closed_service(rendered: Renderings) -> None:
    deploying = [
        ProjectRoles(text=published_text(rendered("prod", letting_in("prod")), f"project-roles-{each}-prod"))
        for each in INFERENCES
    ]
    documents = [
        *(each for roles in deploying for role in roles.roles for each in roles.documents(role)),
        *(
            document
            for product in PRODUCTS
            for role in launched(product.key).of_type("AWS::IAM::Role")
            for document in launched(product.key).documents(role)
        ),
    ]

    assert _allowed(documents) == []


def test_no_role_that_deploys_may_use_a_closed_service() -> None:
    template = Template()

    assert _allowed([each for role in ("DeployRole", "PreviewRole") for each in template.policy_documents(role)]) == []


def _allowed(documents: list[Mapping[str, Any]]) -> list[str]:
    return [
        action
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if OF_CLOSED_SERVICES.search(action) or action == "sagemaker:*"
    ]
