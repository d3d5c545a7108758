"""Probes as the template cloner of development, whose role and code whoever deploys development controls."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3

from tests.e2e.approvals import Approvals
from tests.e2e.sandbox import ACCOUNTS, REGION, UNIT
from tests.e2e.security_probes.probe import ANOTHER_PROJECT, Probe

CLONER = f"{UNIT}-dev-template-cloner"


def as_template_cloner(approvals: Approvals, environment: str, session: boto3.Session) -> Iterator[Probe]:
    """Become a role of an account that projects deploy to, or make its stacks."""
    sts, stacks = session.client("sts"), session.client("cloudformation")
    own = approvals.name(environment)
    for name in ("project-onboarding", "project-roles", "model-release", "deploy"):
        role = f"arn:aws:iam::{ACCOUNTS[environment]}:role/{UNIT}-{environment}-{name}"
        yield f"becoming {role}", lambda role=role: sts.assume_role(RoleArn=role, RoleSessionName="attack")
    role = approvals.deployment_role(environment)
    yield f"becoming {role}", lambda: sts.assume_role(RoleArn=role, RoleSessionName="attack")
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNTS[environment]}:stack/{own}/1"
    for name in (own, stack):
        yield f"a stack {name}", lambda name=name: stacks.create_stack(StackName=name, TemplateBody=template)
        yield f"an update of {name}", lambda name=name: stacks.update_stack(StackName=name, TemplateBody=template)
    yield "the end of the roles' stack", lambda: stacks.delete_stack(StackName=stack)


def onboarded(approvals: Approvals, environment: str, session: boto3.Session) -> list[str]:
    """Ask the account for what it must refuse, and return the requests that it did not."""
    launch = _launch(approvals, environment)
    own = f"mlops-{approvals.project.name}-{approvals.project.id}-model-deployment-realtime"
    theirs = f"mlops-churn-{ANOTHER_PROJECT}-model-deployment-realtime"
    onboarding = {"action": "onboard", "repository_name": own, "repository_id": "6666"}
    requests: tuple[Mapping[str, object], ...] = (
        onboarding,
        {**onboarding, "repository_name": theirs},
        {**onboarding, "repository_name": f"evil/{own}"},
        {**onboarding, "launch": launch.replace("pp-", "pp-x")},
        {"action": "check_offboarding"},
        {"action": "offboard"},
        {"action": "offboard", "begun": True},
        {"action": "approve"},
    )
    function = f"arn:aws:lambda:{REGION}:{ACCOUNTS[environment]}:function:{UNIT}-{environment}-project-onboarding"
    project = {"project_name": approvals.project.name, "project_id": approvals.project.id, "launch": launch}
    answers = {str(request): _ask(session, function, {**project, **request}) for request in requests}
    return [f"{request}: {answer}" for request, answer in answers.items() if answer["state"] != "refused"]


def trusted(approvals: Approvals, environment: str) -> str:
    """Return the trust policy of the project's deployment role."""
    name = approvals.deployment_role(environment).rpartition("/")[2]
    return str(approvals.root(environment, "iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])


def _launch(approvals: Approvals, environment: str) -> str:
    [stack] = approvals.root(environment, "cloudformation").describe_stacks(StackName=approvals.name(environment))[
        "Stacks"
    ]
    return next(each["ParameterValue"] for each in stack["Parameters"] if each["ParameterKey"] == "LaunchStackId")


def _ask(session: boto3.Session, function: str, request: Mapping[str, object]) -> Mapping[str, Any]:
    answer = session.client("lambda").invoke(FunctionName=function, Payload=json.dumps(request).encode())
    return json.loads(answer["Payload"].read())
