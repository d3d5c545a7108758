"""What people may do in Studio, statement by statement; `access.py` decides which role gets which.

Sources: Service Authorization Reference (SageMaker AI, Service Catalog); SageMaker Developer Guide, "SageMaker Studio
permissions required to use projects", "Give SageMaker AI jobs access to resources in your VPC" and "Control access to
instance types"; AWS managed policy AmazonSageMakerFullAccess, for how it keeps people out of each other's spaces.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import iam

JOBS_WITH_A_NETWORK = (
    "sagemaker:CreateAutoMLJob",
    "sagemaker:CreateAutoMLJobV2",
    "sagemaker:CreateDataQualityJobDefinition",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateModel",
    "sagemaker:CreateModelBiasJobDefinition",
    "sagemaker:CreateModelExplainabilityJobDefinition",
    "sagemaker:CreateModelQualityJobDefinition",
    "sagemaker:CreateMonitoringSchedule",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:UpdateMonitoringSchedule",
)
"""Every action that takes subnets, and so the condition key `sagemaker:VpcSubnets`.

A transform job takes none: it runs in the network of its model, which is why CreateModel is here.
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where statements apply: one environment of one business unit."""

    prefix: str
    unit: str
    environment: str
    account_id: str
    region: str

    def arn(self, service: str, *resources: str) -> list[str]:
        """ARNs of `resources` of this account and region."""
        return [f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}" for resource in resources]


def use_own_spaces(place: Place, instance_types: Sequence[str]) -> list[iam.Statement]:
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
            on=place.arn("sagemaker", f"app/{domain}/*", f"space/{domain}/*"),
            when={
                "ArnLike": {
                    "sagemaker:OwnerUserProfileArn": place.arn(
                        "sagemaker", f"user-profile/{domain}/${{sagemaker:UserProfileName}}"
                    )
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
            on=place.arn("sagemaker", "app/*", "space/*"),
            when={"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": list(instance_types)}},
        ),
    ]


def see_everything_learned(place: Place) -> list[iam.Statement]:
    """List and describe projects, pipelines, jobs, models, experiments and their logs."""
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
            "sagemaker:DescribeModel",
            "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:DescribePipeline",
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
            on=place.arn("sagemaker", "*"),
        ),
    ]


def run_jobs(place: Place, role_name: str) -> list[iam.Statement]:
    """Run jobs and experiments under one's own role, and start the pipelines that projects own."""
    return [
        iam.allow(
            "RunJobsAndExperiments",
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
            # Apps and spaces, because the domain's tags are passed on to them as whoever creates them.
            on=place.arn("sagemaker", "*-job/*", "app/*", "experiment*", "model/*", "space/*"),
        ),
        iam.allow(
            "StartPipelines",
            "sagemaker:RetryPipelineExecution",
            "sagemaker:StartPipelineExecution",
            "sagemaker:StopPipelineExecution",
            on=place.arn("sagemaker", "pipeline/*"),
        ),
        iam.allow(
            "RunJobsAsOneself",
            "iam:PassRole",
            on=f"arn:aws:iam::{place.account_id}:role/{role_name}",
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
            on=place.arn("logs", "log-group:/aws/sagemaker/*"),
        ),
        iam.allow(
            "WriteMetrics",
            "cloudwatch:PutMetricData",
            on=iam.EveryResource(reason="metrics have no ARN; the condition names the namespaces"),
            when={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]}},
        ),
        iam.allow(
            "LogInToRegistry",
            "ecr:GetAuthorizationToken",
            on=iam.EveryResource(reason="AWS has no resource type for it"),
        ),
        iam.allow(
            "PullImages",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            # AWS keeps SageMaker's own images in accounts that differ from region to region.
            on=[
                *place.arn("ecr", f"repository/{place.prefix}-*"),
                f"arn:aws:ecr:{place.region}:*:repository/sagemaker-*",
            ],
        ),
    ]


def no_jobs_outside(subnet_ids: Sequence[pulumi.Input[str]]) -> list[iam.Statement]:
    """Deny every kind of job that names no subnet, or one that is not among `subnet_ids`.

    In another security group a job cannot start: its role may put network interfaces into the platform's alone.
    """
    every_job = iam.EveryResource(reason="a denial must not leave a gap")
    return [
        iam.deny(
            "NoJobsWithoutNetwork",
            *JOBS_WITH_A_NETWORK,
            on=every_job,
            when={"Null": {"sagemaker:VpcSubnets": "true"}},
        ),
        iam.deny(
            "NoJobsInOtherNetworks",
            *JOBS_WITH_A_NETWORK,
            on=every_job,
            when={"ForAnyValue:StringNotEquals": {"sagemaker:VpcSubnets": list(subnet_ids)}},
        ),
    ]


def read_what_projects_made(place: Place) -> list[iam.Statement]:
    """Read the artifacts of every project, and where the platform keeps what notebooks need."""
    buckets = f"arn:aws:s3:::{place.prefix}-p-*-{place.account_id}-{place.region}"
    return [
        iam.allow(
            "ReadProjectArtifacts",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            on=[buckets, f"{buckets}/*"],
            # Bucket names are global: one that looks like ours may be a stranger's.
            when={"StringEquals": {"aws:ResourceAccount": place.account_id}},
        ),
        iam.allow(
            "ReadPlatformParameters",
            "ssm:GetParameter",
            "ssm:GetParameters",
            on=place.arn("ssm", f"parameter/mlops/{place.unit}/{place.environment}/*"),
        ),
    ]


def launch_projects(place: Place, templates_bucket_arn: pulumi.Input[str]) -> list[iam.Statement]:
    """Create and delete projects; Studio calls Service Catalog with the permissions of whoever asks."""
    return [
        iam.allow(
            "SeeProjectTemplates",
            "s3:GetObject",
            "s3:GetObjectTagging",
            "s3:ListBucket",
            on=[templates_bucket_arn, pulumi.Output.concat(templates_bucket_arn, "/*")],
        ),
        iam.allow(
            "LaunchProjects",
            "sagemaker:AddTags",
            "sagemaker:CreateProject",
            "sagemaker:DeleteProject",
            "sagemaker:UpdateProject",
            on=place.arn("sagemaker", "project/*"),
        ),
        iam.allow(
            "ProvisionProducts",
            "servicecatalog:DescribeProduct",
            "servicecatalog:DescribeProvisioningArtifact",
            "servicecatalog:DescribeProvisioningParameters",
            "servicecatalog:ListLaunchPaths",
            "servicecatalog:ListProvisioningArtifacts",
            "servicecatalog:ProvisionProduct",
            on=place.arn("catalog", "product/*"),
        ),
        iam.allow(
            "FindProducts",
            "servicecatalog:DescribeProductView",
            "servicecatalog:SearchProducts",
            on=iam.EveryResource(reason="AWS has no resource type for it; a search shows the caller's portfolios only"),
        ),
        iam.allow(
            "FollowLaunches",
            "servicecatalog:DescribeProvisionedProduct",
            "servicecatalog:DescribeRecord",
            "servicecatalog:SearchProvisionedProducts",
            "servicecatalog:TerminateProvisionedProduct",
            "servicecatalog:UpdateProvisionedProduct",
            on=iam.EveryResource(reason="AWS has no resource type for it; the condition keeps to this role's launches"),
            when={"StringEquals": {"servicecatalog:roleLevel": "self"}},
        ),
    ]


def approve_models(place: Place) -> list[iam.Statement]:
    """Approve or reject a model package."""
    return [
        iam.allow("ApproveModels", "sagemaker:UpdateModelPackage", on=place.arn("sagemaker", "model-package/*")),
    ]


def neither_launch_nor_approve() -> list[iam.Statement]:
    """Deny what leads do, so that a policy attached later cannot hand it to data scientists by accident."""
    everything = iam.EveryResource(reason="a denial must not leave a gap")
    return [
        iam.deny(
            "NoLaunches",
            "sagemaker:CreateProject",
            "sagemaker:DeleteProject",
            "sagemaker:UpdateProject",
            "servicecatalog:ProvisionProduct",
            "servicecatalog:TerminateProvisionedProduct",
            "servicecatalog:UpdateProvisionedProduct",
            on=everything,
        ),
        iam.deny("NoApprovals", "sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage", on=everything),
    ]
