"""What the template cloner may do."""

import pulumi

from components import iam
from components.network.placement import Placement
from components.site import Site


def use_credential(secret_arn: pulumi.Input[str], key_arn: pulumi.Input[str]) -> list[iam.Statement]:
    """Read the credential for GitHub; the same key encrypts the requests that failed."""
    return [
        iam.allow("ReadCredential", "secretsmanager:GetSecretValue", on=secret_arn),
        iam.allow("UseSecretsKey", "kms:Decrypt", "kms:GenerateDataKey", on=key_arn),
    ]


def follow_launches(site: Site, records_path: str) -> list[iam.Statement]:
    """Remember each launch, and see why a stack is being deleted: a launch that failed leaves nothing."""
    return [
        iam.allow(
            "RememberLaunches",
            "ssm:DeleteParameter",
            "ssm:GetParameter",
            "ssm:PutParameter",
            on=site.arn("ssm", f"parameter{records_path}/*"),
        ),
        iam.allow(
            "SeeWhyAStackIsDeleted",
            "cloudformation:DescribeStacks",
            on=site.arn("cloudformation", f"stack/SC-{site.account_id}-pp-*"),
        ),
    ]


def report(log_group_arn: pulumi.Input[str], failures_arn: pulumi.Input[str]) -> list[iam.Statement]:
    """Write logs and traces, and hand over requests that failed."""
    return [
        iam.allow(
            "WriteLogs",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            on=pulumi.Output.concat(log_group_arn, ":*"),
        ),
        iam.allow("ReportFailures", "sqs:SendMessage", on=failures_arn),
        iam.allow(
            "WriteTraces",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
            on=iam.NO_RESOURCE_TYPE,
        ),
    ]


def run_in(placement: Placement, function_name: str) -> list[iam.Statement]:
    """Let Lambda attach the function to its network, and the function's own code not.

    Source: Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC".
    """
    site = placement.site
    return [
        *placement.attach(),
        # Lambda refuses to create a function whose role may not delete every interface.
        iam.allow("LeaveNetwork", "ec2:DeleteNetworkInterface", on=site.arn("ec2", "*/*")),
        iam.deny(
            "OnlyLambdaJoinsNetworks",
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
            on=iam.EveryResource(reason="a denial must not leave a gap"),
            when={"ArnEquals": {"lambda:SourceFunctionArn": site.arn("lambda", f"function:{function_name}")}},
        ),
    ]
