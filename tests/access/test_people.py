"""Permissions of data scientists and lead data scientists in Studio."""

import json
from fnmatch import fnmatchcase

import pytest

from components.iam.sagemaker_jobs import JOBS_WITH_A_NETWORK
from tests.access.conftest import RoleNamed
from tests.decisions import Request, Values, allowances, denials
from tests.rendering import Rendering

PEOPLE = ["data-scientist", "lead-data-scientist"]
LAUNCHING = [
    "sagemaker:CreateProject",
    "sagemaker:DeleteProject",
    "servicecatalog:ProvisionProduct",
    "servicecatalog:TerminateProvisionedProduct",
]
SEEING = [
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribePipelineDefinitionForExecution",
    "sagemaker:DescribePipelineExecution",
    "sagemaker:DescribeProject",
    "sagemaker:ListModelPackages",
    "sagemaker:ListPipelineExecutions",
    "sagemaker:ListPipelines",
    "sagemaker:ListProjects",
    "sagemaker:ListTrialComponents",
    "logs:GetLogEvents",
]


@pytest.mark.parametrize("action", LAUNCHING)
def test_only_leads_launch_and_delete_projects(role_named: RoleNamed, action: str) -> None:
    assert role_named("lead-data-scientist").may(action)
    assert not role_named("data-scientist").may(action)


def test_only_leads_approve_models(role_named: RoleNamed) -> None:
    assert role_named("lead-data-scientist").may("sagemaker:UpdateModelPackage")
    assert not role_named("data-scientist").may("sagemaker:UpdateModelPackage")
    for people in PEOPLE:
        assert not role_named(people).may("sagemaker:CreateModelPackage")


@pytest.mark.parametrize("role", [*PEOPLE, "job"])
def test_records_of_features_are_put_by_leads_alone_and_into_groups_of_projects(
    role_named: RoleNamed, role: str
) -> None:
    def may(action: str, group: str) -> bool:
        request = Request(
            principal=role, action=action, resource=f"arn:aws:sagemaker:eu-west-1:111111111111:feature-group/{group}"
        )
        return any(allowances(json.loads(document), request) for document in role_named(role).policies.values())

    assert may("sagemaker:PutRecord", "p-abcdefghijkl-abalone") is (role == "lead-data-scientist")
    assert not may("sagemaker:PutRecord", "churn")
    for action in ("CreateFeatureGroup", "DeleteFeatureGroup", "DeleteRecord", "UpdateFeatureGroup"):
        assert not may(f"sagemaker:{action}", "p-abcdefghijkl-abalone")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"sagemaker:ModelApprovalStatus": "Approved"}, True),
        ({"sagemaker:ModelApprovalStatus": "Rejected"}, True),
        ({"sagemaker:ModelApprovalStatus": "Approved", "sagemaker:CustomerMetadataProperties/note": "x"}, True),
        ({}, False),
    ],
    ids=str,
)
def test_a_lead_decides_about_a_version_and_changes_nothing_else_alone(
    role_named: RoleNamed, keys: dict[str, Values], expected: bool
) -> None:
    lead = role_named("lead-data-scientist")
    package = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone-p-abcdefghijkl/1"
    request = Request(
        principal=f"arn:aws:iam::111111111111:role/{lead.name}",
        action="sagemaker:UpdateModelPackage",
        resource=package,
        keys=keys,
    )
    assert any(allowances(json.loads(document), request) for document in lead.policies.values()) is expected


def test_a_policy_attached_later_does_not_make_a_data_scientist_a_lead(role_named: RoleNamed) -> None:
    denied = {
        action
        for statement in role_named("data-scientist").statements
        if statement.effect == "Deny" and not statement.condition and statement.resources == ("*",)
        for action in statement.actions
    }

    assert denied >= {*LAUNCHING, "sagemaker:UpdateModelPackage", "sagemaker:CreateModelPackage"}


@pytest.mark.parametrize("people", PEOPLE)
@pytest.mark.parametrize("action", SEEING)
def test_every_user_reads_results_of_projects(role_named: RoleNamed, people: str, action: str) -> None:
    assert role_named(people).may(action)


@pytest.mark.parametrize("people", PEOPLE)
def test_every_kind_of_job_outside_the_private_subnets_is_denied(
    role_named: RoleNamed, dev: Rendering, people: str
) -> None:
    subnets = {f"subnet-{each.name}" for each in dev.all("ec2/subnet:Subnet") if "private" in each.name}
    without, elsewhere = (
        role_named(people).statement(sid) for sid in ("NoJobsWithoutNetwork", "NothingInOtherNetworks")
    )

    assert len(subnets) == 2
    for denial in (without, elsewhere):
        assert denial.effect == "Deny"
        assert denial.resources == ("*",)
    assert [kind for kind in JOBS_WITH_A_NETWORK if not any(fnmatchcase(kind, each) for each in without.actions)] == []
    assert elsewhere.actions == ("sagemaker:*",)
    assert without.condition == {"Null": {"sagemaker:VpcSubnets": "true"}}
    assert set(elsewhere.condition) == {"ForAnyValue:StringNotEquals"}
    assert set(elsewhere.condition["ForAnyValue:StringNotEquals"]["sagemaker:VpcSubnets"]) == subnets


@pytest.mark.parametrize("people", PEOPLE)
@pytest.mark.parametrize("action", JOBS_WITH_A_NETWORK)
def test_a_job_with_one_subnet_elsewhere_is_denied_and_one_inside_is_not(
    role_named: RoleNamed, dev: Rendering, people: str, action: str
) -> None:
    inside = [f"subnet-{each.name}" for each in dev.all("ec2/subnet:Subnet") if "private" in each.name]

    def denied(*subnets: str) -> list[str]:
        keys = {"sagemaker:VpcSubnets": subnets} if subnets else {}
        request = Request(principal=people, action=action, resource="arn:aws:sagemaker:::x", keys=keys)
        role = role_named(people)
        return [sid for document in role.policies.values() for sid in denials(json.loads(document), request)]

    assert denied() == ["NoJobsWithoutNetwork"]
    assert denied("subnet-elsewhere") == denied(inside[0], "subnet-elsewhere") == ["NothingInOtherNetworks"]
    assert denied(*inside) == denied(inside[0]) == []


@pytest.mark.parametrize("people", PEOPLE)
@pytest.mark.parametrize("action", SEEING)
def test_an_action_that_names_no_subnet_is_not_denied(role_named: RoleNamed, people: str, action: str) -> None:
    request = Request(principal=people, action=action, resource="arn:aws:sagemaker:::x")

    assert [denials(json.loads(document), request) for document in role_named(people).policies.values()] == [[], [], []]


def test_a_job_joins_no_other_security_group_than_that_of_jobs_which_is_not_studios(
    role_named: RoleNamed, dev: Rendering
) -> None:
    group = dev.one("ec2/securityGroup:SecurityGroup", "network-jobs")
    joining = [
        resource
        for statement in role_named("job").statements
        if statement.effect == "Allow" and "ec2:CreateNetworkInterface" in statement.actions
        for resource in statement.resources
        if ":security-group/" in resource or resource == "*"
    ]

    assert joining == [f"arn:aws:ec2:eu-west-1:111111111111:security-group/sg-{group.name}"]
    assert f"sg-{group.name}" not in dev.one("sagemaker/domain:Domain").inputs["defaultUserSettings"]["securityGroups"]
    assert [people for people in PEOPLE if role_named(people).may("ec2:CreateNetworkInterface")] == []


def test_a_job_lends_network_interfaces_to_sagemaker_alone(role_named: RoleNamed) -> None:
    def lends(**keys: str) -> bool:
        request = Request(
            principal="job",
            action="ec2:CreateNetworkInterfacePermission",
            resource="arn:aws:ec2:eu-west-1:111111111111:network-interface/eni-1",
            keys={name.replace("_", ":"): value for name, value in keys.items()},
        )
        return any(allowances(json.loads(document), request) for document in role_named("job").policies.values())

    assert lends(ec2_AuthorizedService="sagemaker.amazonaws.com")
    assert not lends(ec2_AuthorizedService="rds.amazonaws.com")
    assert not lends(ec2_AuthorizedUser="arn:aws:iam::999999999999:root")
    assert not lends()
    for other in (*PEOPLE, "template-cloner", "deployment-trigger"):
        assert not role_named(other).may("ec2:CreateNetworkInterfacePermission"), other


@pytest.mark.parametrize("people", PEOPLE)
@pytest.mark.parametrize("kind", ["TrainingJob", "HyperParameterTuningJob"])
def test_a_job_reads_no_file_system(role_named: RoleNamed, people: str, kind: str) -> None:
    keys = {"sagemaker:VpcSubnets": ["subnet-network-private-eu-west-1a"], "sagemaker:FileSystemId": "fs-1"}
    request = Request(principal=people, action=f"sagemaker:Create{kind}", resource="arn:aws:sagemaker:::x", keys=keys)
    role = role_named(people)

    assert [sid for document in role.policies.values() for sid in denials(json.loads(document), request)] == [
        "NoJobsWithFileSystems"
    ]


@pytest.mark.parametrize("people", PEOPLE)
def test_people_start_a_pipeline_as_main_last_made_it_and_no_earlier_version(
    role_named: RoleNamed, people: str
) -> None:
    def starts(**keys: str) -> bool:
        request = Request(
            principal=people,
            action="sagemaker:StartPipelineExecution",
            resource="arn:aws:sagemaker:eu-west-1:111111111111:pipeline/abalone-p-abcdefghijkl",
            keys={name.replace("_", ":"): value for name, value in keys.items()},
        )
        return any(allowances(json.loads(document), request) for document in role_named(people).policies.values())

    assert starts()
    assert not starts(sagemaker_PipelineVersionId="1")


@pytest.mark.parametrize("people", PEOPLE)
def test_people_repeat_no_execution_of_a_pipeline(role_named: RoleNamed, people: str) -> None:
    """A retry takes the definition of the execution that it repeats, however old that is."""
    assert not role_named(people).may("sagemaker:RetryPipelineExecution")
    assert role_named(people).may("sagemaker:StopPipelineExecution")


@pytest.mark.parametrize("role", [*PEOPLE, "job"])
@pytest.mark.parametrize("stream", ["train-1/algo-1-1", "pipelines-abcdefghijkl-Train-xyz/algo-1-1"])
def test_people_and_their_jobs_write_logs_of_their_own_and_not_that_of_a_pipelines_job(
    role_named: RoleNamed, role: str, stream: str
) -> None:
    request = Request(
        principal=role,
        action="logs:PutLogEvents",
        resource=f"arn:aws:logs:eu-west-1:111111111111:log-group:/aws/sagemaker/TrainingJobs:log-stream:{stream}",
    )
    found = [sid for document in role_named(role).policies.values() for sid in denials(json.loads(document), request)]
    assert found == (["LeaveRecordsOfPipelines"] if stream.startswith("pipelines-") else [])


RECORDS = [
    ("sagemaker:BatchPutMetrics", "experiment-trial-component"),
    ("sagemaker:BatchPutMetrics", "training-job"),
    ("sagemaker:UpdateTrialComponent", "experiment-trial-component"),
]


@pytest.mark.parametrize("role", [*PEOPLE, "job"])
@pytest.mark.parametrize(("action", "kind"), RECORDS)
@pytest.mark.parametrize("name", ["train-1-aws-training-job", "pipelines-abcdefghijkl-train-xyz-aws-training-job"])
def test_people_and_their_jobs_keep_records_of_their_own_and_rewrite_none_of_a_pipelines_job(
    role_named: RoleNamed, role: str, action: str, kind: str, name: str
) -> None:
    request = Request(principal=role, action=action, resource=f"arn:aws:sagemaker:eu-west-1:111111111111:{kind}/{name}")
    found = [sid for document in role_named(role).policies.values() for sid in denials(json.loads(document), request)]
    assert found == (["LeaveRecordsOfPipelines"] if name.startswith("pipelines-") else [])


@pytest.mark.parametrize("people", PEOPLE)
def test_no_granted_job_escapes_the_denial(role_named: RoleNamed, people: str) -> None:
    jobs = {
        action
        for statement in role_named(people).statements
        if statement.effect == "Allow"
        for action in statement.actions
        if action.startswith("sagemaker:Create")
        and action.endswith(("Job", "JobV2", "Model", "Definition", "Schedule"))
    }

    # A transform job has no network of its own: it runs in that of its model.
    assert jobs - set(JOBS_WITH_A_NETWORK) == {"sagemaker:CreateTransformJob"}


@pytest.mark.parametrize("people", PEOPLE)
def test_apps_run_on_the_allowed_instance_types_only(role_named: RoleNamed, people: str) -> None:
    """Also an app that names none: it takes the one that its space was given."""
    denial = role_named(people).statement("KeepToAllowedInstances")

    assert denial.effect == "Deny"
    assert denial.actions == ("sagemaker:CreateApp", "sagemaker:CreateSpace", "sagemaker:UpdateSpace")
    assert [denial.reaches(f"arn:aws:sagemaker:eu-west-1:111111111111:{kind}/d-1/x") for kind in ("app", "space")] == [
        True,
        True,
    ]
    assert "ml.t3.medium" in denial.condition["ForAnyValue:StringNotEquals"]["sagemaker:InstanceTypes"]


@pytest.mark.parametrize("people", PEOPLE)
def test_people_manage_their_own_spaces_only(role_named: RoleNamed, people: str) -> None:
    own = role_named(people).statement("ManageOwnSpaces")

    (owner,) = own.condition["ArnLike"]["sagemaker:OwnerUserProfileArn"]
    assert owner.endswith(":user-profile/${sagemaker:DomainId}/${sagemaker:UserProfileName}")
    assert own.condition["StringEquals"] == {"sagemaker:SpaceSharingType": "Private"}
    managing = [
        statement.sid
        for statement in role_named(people).statements
        if statement.effect == "Allow" and "sagemaker:CreateApp" in statement.actions
    ]
    assert managing == ["ManageOwnSpaces"]


@pytest.mark.parametrize("people", PEOPLE)
def test_people_may_create_tag_and_start_a_space_with_its_app_in_their_domain_alone(
    role_named: RoleNamed, people: str
) -> None:
    own, tagging = (role_named(people).statement(name) for name in ("ManageOwnSpaces", "RunJobs"))
    prefix = "arn:aws:sagemaker:eu-west-1:111111111111"

    assert {"sagemaker:CreateApp", "sagemaker:CreateSpace"} <= set(own.actions)
    assert "sagemaker:AddTags" in tagging.actions
    for made in ("space/{domain}/ada-lab", "app/{domain}/ada-lab/JupyterLab/default"):
        assert own.reaches(f"{prefix}:{made.format(domain='${sagemaker:DomainId}')}")
        assert tagging.reaches(f"{prefix}:{made.format(domain='d-1')}")
        assert not own.reaches(f"{prefix}:{made.format(domain='d-1')}")


@pytest.mark.parametrize("people", PEOPLE)
def test_jobs_run_under_the_role_of_jobs_and_never_as_the_person_who_starts_them(
    role_named: RoleNamed, people: str
) -> None:
    passing = [statement for statement in role_named(people).statements if "iam:PassRole" in statement.actions]

    assert [statement.resources for statement in passing] == [("arn:aws:iam::111111111111:role/analytics-dev-job",)]
    assert passing[0].condition == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_a_job_neither_launches_nor_approves_nor_starts_anything(role_named: RoleNamed) -> None:
    job = role_named("job")

    starting = (
        "sagemaker:CreateTrainingJob",
        "sagemaker:CreateModel",
        "sagemaker:StartPipelineExecution",
        "iam:PassRole",
    )
    for action in (*LAUNCHING, "sagemaker:UpdateModelPackage", "sagemaker:CreateModelPackage", *starting):
        assert not job.may(action), action
    denied = {action for statement in job.statements if statement.effect == "Deny" for action in statement.actions}
    assert denied >= {*LAUNCHING, "sagemaker:UpdateModelPackage", "sagemaker:CreateModelPackage"}


@pytest.mark.parametrize("role", ["data-scientist", "job"])
def test_what_leads_run_themselves_is_written_by_leads_alone(role_named: RoleNamed, role: str) -> None:
    denial = role_named(role).statement("LeaveFilesOfLeadsAlone")

    assert denial.effect == "Deny"
    assert not denial.condition
    assert {"s3:PutObject", "s3:DeleteObject"} <= set(denial.actions)
    for bucket in ("data", "sagemaker"):
        assert denial.reaches(f"arn:aws:s3:::analytics-dev-{bucket}-111111111111-eu-west-1/leads/train.py")
        assert not denial.reaches(f"arn:aws:s3:::analytics-dev-{bucket}-111111111111-eu-west-1/train.py")


@pytest.mark.parametrize("people", PEOPLE)
@pytest.mark.parametrize("kind", ["TrainingJob", "ProcessingJob", "TransformJob", "HyperParameterTuningJob"])
def test_jobs_run_on_the_allowed_instance_types_only(role_named: RoleNamed, people: str, kind: str) -> None:
    def denied(*instance_types: str) -> list[str]:
        keys = {
            "sagemaker:InstanceTypes": instance_types,
            "sagemaker:VpcSubnets": ["subnet-network-private-eu-west-1a"],
        }
        request = Request(
            principal=people, action=f"sagemaker:Create{kind}", resource="arn:aws:sagemaker:::x", keys=keys
        )
        role = role_named(people)
        return [sid for document in role.policies.values() for sid in denials(json.loads(document), request)]

    assert denied("ml.m5.xlarge") == []
    assert denied("ml.p4d.24xlarge") == denied("ml.m5.xlarge", "ml.p4d.24xlarge") == ["NoJobsOnOtherInstances"]


@pytest.mark.parametrize("people", PEOPLE)
@pytest.mark.parametrize("action", ["sagemaker:AddTags", "sagemaker:StopProcessingJob", "sagemaker:StopTrainingJob"])
def test_jobs_of_pipelines_are_neither_stopped_nor_tagged_by_people(
    role_named: RoleNamed, people: str, action: str
) -> None:
    def denied(**tags: str) -> list[str]:
        keys = {f"aws:ResourceTag/{name.replace('_', ':', 1).replace('_', '-')}": value for name, value in tags.items()}
        request = Request(principal=people, action=action, resource="arn:aws:sagemaker:::x", keys=keys)
        return [
            sid for document in role_named(people).policies.values() for sid in denials(json.loads(document), request)
        ]

    assert denied(sagemaker_project_id="p-abcdefghijkl") == ["LeaveJobsOfProjects"]
    assert denied() == []


@pytest.mark.parametrize("people", [*PEOPLE, "job"])
def test_people_and_jobs_write_to_the_shared_buckets_only(role_named: RoleNamed, people: str) -> None:
    written = {
        resource
        for statement in role_named(people).statements
        if statement.effect == "Allow" and "s3:PutObject" in statement.actions
        for resource in statement.resources
        # An object is put into a bucket's objects; the bucket itself is what the statement's listing is about.
        if "/" in resource
    }

    assert written == {
        "arn:aws:s3:::analytics-dev-data-111111111111-eu-west-1/*",
        "arn:aws:s3:::analytics-dev-sagemaker-111111111111-eu-west-1/*",
    }


@pytest.mark.parametrize("people", PEOPLE)
def test_another_accounts_bucket_with_a_project_like_name_is_not_read(role_named: RoleNamed, people: str) -> None:
    statement = role_named(people).statement("ReadArtifacts")

    assert statement.condition == {"StringEquals": {"aws:ResourceAccount": "111111111111"}}
