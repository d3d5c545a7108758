"""Permissions of every user of Studio; `leads.py` has those of leads alone.

Sources: Service Authorization Reference (SageMaker AI, Service Catalog); SageMaker Developer Guide, "SageMaker Studio
permissions required to use projects", "Give SageMaker AI jobs access to resources in your VPC" and "Control access to
instance types"; AWS managed policy AmazonSageMakerFullAccess, which keeps people out of each other's spaces in the same way.
"""

from collections.abc import Sequence

import pulumi

from components import iam
from components.environment import Environment
from components.iam import sagemaker_jobs as jobs

NO_GAP = iam.EveryResource(reason="a denial must not leave a gap")


def use_own_spaces(environment: Environment, instance_types: Sequence[str]) -> list[iam.Statement]:
    """Run JupyterLab and Code Editor in one's own spaces, on the instance types that the settings allow."""
    domain = "${sagemaker:DomainId}"
    return [
        iam.allow(
            "ManageOwnSpaces",
            "sagemaker:CreateApp",
            "sagemaker:CreateSpace",
            "sagemaker:DeleteApp",
            "sagemaker:DeleteSpace",
            "sagemaker:UpdateSpace",
            on=[environment.arn("sagemaker", f"app/{domain}/*"), environment.arn("sagemaker", f"space/{domain}/*")],
            when={
                "ArnLike": {
                    "sagemaker:OwnerUserProfileArn": [
                        environment.arn("sagemaker", f"user-profile/{domain}/${{sagemaker:UserProfileName}}")
                    ]
                },
                "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
            },
        ),
        # An app that names no instance type takes its space's.
        iam.deny(
            "KeepToAllowedInstances",
            "sagemaker:CreateApp",
            "sagemaker:CreateSpace",
            "sagemaker:UpdateSpace",
            on=NO_GAP,
            when={"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": list(instance_types)}},
        ),
    ]


def see_work(environment: Environment, *, mlflow: bool) -> list[iam.Statement]:
    """List and describe projects, pipelines, jobs, models, experiments, their logs, and if there is one the MLflow app; stop pipelines.

    Stopping stands here because a role's policies have no room for a statement of its own.
    """
    return [
        iam.allow(
            "ListWork",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListMetrics",
            "sagemaker:ListApps",
            "sagemaker:ListCodeRepositories",
            "sagemaker:ListDomains",
            "sagemaker:ListExperiments",
            "sagemaker:ListHyperParameterTuningJobs",
            *(["sagemaker:ListMlflowApps"] if mlflow else []),
            "sagemaker:ListModelPackageGroups",
            "sagemaker:ListModels",
            "sagemaker:ListPipelines",
            "sagemaker:ListProcessingJobs",
            "sagemaker:ListProjects",
            "sagemaker:ListSpaces",
            "sagemaker:ListTrainingJobs",
            "sagemaker:ListTransformJobs",
            "sagemaker:ListTrialComponents",
            "sagemaker:ListTrials",
            "sagemaker:ListUserProfiles",
            "sagemaker:QueryLineage",
            "sagemaker:Search",
            on=iam.EveryResource(reason="AWS has no resource type for these lists, and metrics have no ARN"),
        ),
        iam.allow(
            "DescribeWork",
            "sagemaker:DescribeApp",
            "sagemaker:DescribeCodeRepository",
            "sagemaker:DescribeDomain",
            "sagemaker:DescribeExperiment",
            "sagemaker:DescribeHyperParameterTuningJob",
            *(["sagemaker:DescribeMlflowApp"] if mlflow else []),
            "sagemaker:DescribeModel",
            "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:DescribePipeline",
            "sagemaker:DescribePipelineDefinitionForExecution",
            "sagemaker:DescribePipelineExecution",
            "sagemaker:DescribeProcessingJob",
            "sagemaker:DescribeProject",
            "sagemaker:DescribeSpace",
            "sagemaker:DescribeTrainingJob",
            "sagemaker:DescribeTransformJob",
            "sagemaker:DescribeTrial",
            "sagemaker:DescribeTrialComponent",
            "sagemaker:DescribeUserProfile",
            "sagemaker:ListModelPackages",
            "sagemaker:ListPipelineExecutionSteps",
            "sagemaker:ListPipelineExecutions",
            "sagemaker:ListPipelineParametersForExecution",
            "sagemaker:ListTags",
            "sagemaker:StopPipelineExecution",
            on=environment.arn("sagemaker", "*"),
        ),
    ]


def start_jobs(environment: Environment, job_role_arn: pulumi.Input[str]) -> list[iam.Statement]:
    """Start jobs, all of them under the role of jobs; keep experiments; and start the pipelines that projects own."""
    return [
        iam.allow(
            "RunJobs",
            "sagemaker:AddTags",
            "sagemaker:AssociateTrialComponent",
            "sagemaker:BatchPutMetrics",
            "sagemaker:CreateExperiment",
            "sagemaker:CreateHyperParameterTuningJob",
            "sagemaker:CreateModel",
            "sagemaker:CreateProcessingJob",
            "sagemaker:CreateTrainingJob",
            "sagemaker:CreateTransformJob",
            "sagemaker:CreateTrial",
            "sagemaker:CreateTrialComponent",
            "sagemaker:StopHyperParameterTuningJob",
            "sagemaker:StopProcessingJob",
            "sagemaker:StopTrainingJob",
            "sagemaker:StopTransformJob",
            "sagemaker:UpdateTrialComponent",
            # Apps and spaces, because their creator passes the domain's tags on to them.
            on=[
                environment.arn("sagemaker", resource)
                for resource in ("*-job/*", "app/*", "experiment*", "model/*", "space/*")
            ],
        ),
        iam.allow(
            "StartPipelines",
            "sagemaker:StartPipelineExecution",
            on=environment.arn("sagemaker", "pipeline/*"),
            # As main last made them: an earlier version has the code of an earlier commit. A retry would repeat that.
            when={"Null": {"sagemaker:PipelineVersionId": "true"}},
        ),
        iam.allow(
            "RunJobsUnderTheirRole",
            "iam:PassRole",
            on=job_role_arn,
            when={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        iam.allow(
            "UseLogs",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:FilterLogEvents",
            "logs:GetLogEvents",
            "logs:PutLogEvents",
            on=environment.arn("logs", "log-group:/aws/sagemaker/*"),
        ),
        leave_records_of_pipelines_alone(),
        jobs.write_metrics("/aws/sagemaker/*"),
    ]


def leave_records_of_pipelines_alone() -> iam.Statement:
    """Deny writing logs, metrics and experiments of jobs of pipelines: they are named after their job, and SageMaker names these so.

    Source: Service Authorization Reference, SageMaker AI: metrics are those of a trial component, or of a training job.
    """
    return iam.deny(
        "LeaveRecordsOfPipelines",
        "logs:PutLogEvents",
        "sagemaker:BatchPutMetrics",
        "sagemaker:UpdateTrialComponent",
        on=["arn:aws:logs:*:*:log-group:*:log-stream:pipelines-*", "arn:aws:sagemaker:*:*:*/pipelines-*"],
    )


def no_jobs_outside(subnet_ids: Sequence[pulumi.Input[str]]) -> list[iam.Statement]:
    """Deny every kind of job that names no subnet or a file system, and every request with a subnet that is not among `subnet_ids`.

    The first and the last denial are about every action that names file systems or subnets, without a list of them: for any other
    there is no such condition key, and so no value of it, and none that differs.
    In another security group a job cannot start: its role may put network interfaces into that of jobs alone, which is not Studio's.
    """
    return [
        # A job would read one past the policies of buckets; the platform has none for jobs, and Studio's holds home directories.
        iam.deny(
            "NoJobsWithFileSystems",
            "sagemaker:*",
            on=NO_GAP,
            when={"Null": {"sagemaker:FileSystemId": "false"}},
        ),
        iam.deny(
            "NoJobsWithoutNetwork",
            # Shorter than their names, for the quota of a role's policies. Each kind of job definition takes subnets.
            *(each for each in jobs.JOBS_WITH_A_NETWORK if not each.endswith("JobDefinition")),
            "sagemaker:Create*JobDefinition",
            on=NO_GAP,
            when={"Null": {"sagemaker:VpcSubnets": "true"}},
        ),
        iam.deny(
            "NothingInOtherNetworks",
            "sagemaker:*",
            on=NO_GAP,
            when={"ForAnyValue:StringNotEquals": {"sagemaker:VpcSubnets": list(subnet_ids)}},
        ),
    ]


def leave_jobs_of_projects_alone() -> iam.Statement:
    """Deny to stop the jobs of pipelines, and to tag them: by their tag their own pipeline knows them."""
    return iam.deny(
        "LeaveJobsOfProjects",
        "sagemaker:AddTags",
        "sagemaker:StopProcessingJob",
        "sagemaker:StopTrainingJob",
        on=NO_GAP,
        when={"Null": {"aws:ResourceTag/sagemaker:project-id": "false"}},
    )


def no_jobs_on_other_instances(instance_types: Sequence[str]) -> iam.Statement:
    """Deny jobs on instance types that the settings do not allow: what a job costs is decided before it starts."""
    return iam.deny(
        "NoJobsOnOtherInstances",
        # Shorter than their names, for the quota of a role's policies; the condition holds for no request without an instance type.
        "sagemaker:Create*Job",
        on=NO_GAP,
        when={"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": list(instance_types)}},
    )


def read_projects(environment: Environment) -> list[iam.Statement]:
    """Read the artifacts of every project, and the parameters that notebooks need."""
    buckets = environment.bucket_arn("p-*")
    return [
        iam.allow(
            "ReadArtifacts",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            on=f"{buckets}*",  # the buckets and their objects
            # Bucket names are global: one that looks like ours may belong to another account.
            when={"StringEquals": {"aws:ResourceAccount": environment.account_id}},
        ),
        iam.allow(
            "ReadParameters",
            "ssm:GetParameter",
            "ssm:GetParameters",
            on=environment.arn("ssm", f"parameter{environment.parameter_path}/*"),
        ),
    ]
