"""The MLflow app: whoever may use it uses that app alone, nobody but the deploy role makes one, and without the setting there is nothing of it."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from tests.access.authorization import Role, problems, roles_of
from tests.bootstrap.policies import granting_statements
from tests.bootstrap.template import Template
from tests.decisions import Request, allowances, denials, permits
from tests.products.product import MLFLOW_APP, PARAMETERS, Launch, Product, launched
from tests.rendering import Rendering, Renderings, with_mlflow

ACCOUNT = "111111111111"
BUCKET = f"arn:aws:s3:::analytics-dev-sagemaker-{ACCOUNT}-eu-west-1"
OTHER_APP = MLFLOW_APP.replace("abcdefghijkl", "mnopqrstuvwx")
EXECUTION = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:pipeline/abalone-p-abcdefghijkl/execution/e"
PEOPLE = ("data-scientist", "lead-data-scientist")
TRAINING = ("model-building-training", "model-building-training-deployment")
KNOWN = {**PARAMETERS, "tracking/mlflow-app-arn": MLFLOW_APP}


@pytest.fixture(scope="module")
def tracked(rendered: Renderings) -> Rendering:
    return rendered("dev", with_mlflow())


@pytest.fixture(scope="module")
def roles(tracked: Rendering) -> dict[str, Role]:
    return roles_of(tracked)


@pytest.fixture(scope="module")
def app(tracked: Rendering) -> str:
    """The ARN of the app, as the rendering made it up."""
    [parameter] = [
        each for each in tracked.all("ssm/parameter:Parameter") if each.inputs["name"].endswith("/mlflow-app-arn")
    ]
    assert parameter.inputs["name"] == "/mlops/analytics/dev/tracking/mlflow-app-arn"
    return parameter.inputs["value"]


def may(role: Role, action: str, resource: str) -> bool:
    """Whether the role may do something, by its own policies within its boundary."""
    principal = f"arn:aws:iam::{ACCOUNT}:role/{role.name}"
    request = Request(principal=principal, action=action, resource=resource, keys={})
    policies: list[Any] = [json.loads(document) for document in role.policies.values()]
    boundary = Template(Parts="development").properties("WorkloadBoundary")["PolicyDocument"]
    allowed = any(allowances(policy, request) for policy in policies)
    return allowed and not any(denials(policy, request) for policy in policies) and permits(boundary, request)


def test_every_action_exists_and_works_on_its_resources(roles: dict[str, Role]) -> None:
    of_mlflow = [*roles["mlflow"].statements, *(roles[name].statement("UseMlflow") for name in PEOPLE)]
    assert [problem for statement in of_mlflow for problem in problems(statement)] == []


@pytest.mark.parametrize("people", PEOPLE)
def test_everybody_in_studio_opens_and_uses_that_app_and_no_other(
    roles: dict[str, Role], app: str, people: str
) -> None:
    for action in ("CallMlflowAppApi", "CreatePresignedMlflowAppUrl"):
        assert may(roles[people], f"sagemaker:{action}", app)
        assert not may(roles[people], f"sagemaker:{action}", OTHER_APP)
    assert may(roles[people], "sagemaker:DescribeMlflowApp", app)
    assert may(roles[people], "sagemaker:ListMlflowApps", "*")


@pytest.mark.parametrize("action", ["CreateMlflowApp", "DeleteMlflowApp", "UpdateMlflowApp"])
def test_no_role_of_the_platform_makes_or_changes_an_app(roles: dict[str, Role], app: str, action: str) -> None:
    assert [name for name, role in roles.items() if may(role, f"sagemaker:{action}", app)] == []


def test_only_people_use_it(roles: dict[str, Role], app: str) -> None:
    using = {name for name, role in roles.items() if may(role, "sagemaker:CallMlflowAppApi", app)}
    assert using == set(PEOPLE)


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"])
def test_the_app_reaches_its_own_folder_and_nothing_beside_it(roles: dict[str, Role], action: str) -> None:
    assert may(roles["mlflow"], action, f"{BUCKET}/mlflow/1/model.pkl")
    for other in (f"{BUCKET}/leads/x", f"{BUCKET}/mlflow-too/x", BUCKET.replace("-sagemaker-", "-data-") + "/mlflow/x"):
        assert not may(roles["mlflow"], action, other), other


def handlers() -> set[str]:
    """The actions with which CloudFormation makes, reads, changes and deletes an app, as its schema lists them."""
    package = importlib.util.find_spec("cfnlint")
    assert package is not None
    assert package.origin is not None
    schemas = Path(package.origin).parent / "data" / "schemas"
    index = json.loads((schemas / "providers" / "us-east-1.json").read_text(encoding="utf-8"))
    schema = json.loads(
        (schemas / "resources" / f"{index['AWS::SageMaker::MlflowApp']}.json").read_text(encoding="utf-8")
    )
    return {action for handler in schema["handlers"].values() for action in handler["permissions"]}


def test_the_deploy_role_may_do_with_apps_what_making_and_changing_one_takes() -> None:
    statements = granting_statements(Template(Parts="development"), "DeployRole")
    app = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:mlflow-app/app-x"
    role = f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-mlflow"
    on = {"sagemaker:ListMlflowApps": "*", "iam:PassRole": role}
    needed = handlers()
    assert "sagemaker:CreateMlflowApp" in needed
    assert {
        action
        for action in needed
        if not any(each.names(action) and each.reaches(on.get(action, app)) for each in statements)
    } == set()


def test_the_app_registers_no_model(roles: dict[str, Role]) -> None:
    assert {action.split(":")[0] for each in roles["mlflow"].statements for action in each.actions} == {"kms", "s3"}


def test_without_the_setting_there_is_nothing_of_it_but_a_role_that_may_do_nothing(rendered: Renderings) -> None:
    dev = rendered("dev")
    assert [each.name for each in dev.resources if "mlflow" in each.name.lower()] == ["held-mlflow"]
    assert roles_of(dev)["mlflow"].policies == {}
    # Except that the role that looks for drift may read whatever the program can declare.
    naming = {name for name, role in roles_of(dev).items() if "Mlflow" in json.dumps(dict(role.policies))}
    assert naming == {"drift"}
    for key in (*TRAINING, "pipeline-promotion"):
        assert "mlflow" not in launched(key).text.lower()


@pytest.mark.parametrize("key", TRAINING)
def test_a_projects_workflow_records_in_that_app_and_nothing_else_of_the_project_does(key: str) -> None:
    product = Product(key, Launch(mlflow=True, known=KNOWN))
    assert product.properties("Repository")["Settings"]["tracking"] == {"mlflow_app_arn": MLFLOW_APP}
    using = {
        role
        for role in product.of_type("AWS::IAM::Role")
        if product.may(role, "sagemaker:CallMlflowAppApi", MLFLOW_APP)
    }
    assert using == {"WorkflowRole"}
    assert not product.may("WorkflowRole", "sagemaker:CallMlflowAppApi", OTHER_APP)
    for action in ("CreatePresignedMlflowAppUrl", "DeleteMlflowApp", "UpdateMlflowApp"):
        assert not product.may("WorkflowRole", f"sagemaker:{action}", MLFLOW_APP)


@pytest.mark.parametrize("key", TRAINING)
def test_a_projects_workflow_reads_the_definitions_of_its_own_executions(key: str) -> None:
    product = Product(key, Launch(mlflow=True, known=KNOWN))
    action = "sagemaker:DescribePipelineDefinitionForExecution"
    assert product.may("WorkflowRole", action, EXECUTION)
    assert not product.may("WorkflowRole", action, EXECUTION.replace("abcdefghijkl", "mnopqrstuvwx"))


def test_a_promoted_pipeline_records_nothing() -> None:
    assert Product("pipeline-promotion", Launch(mlflow=True, known=KNOWN)).text == launched("pipeline-promotion").text
