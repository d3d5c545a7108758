"""What the template cloner may do."""

import pulumi

from components import iam
from components.network_placement import Placement


def use_credential(secret_arn: pulumi.Input[str], key_arn: pulumi.Input[str]) -> list[iam.Statement]:
    """Read the credential for GitHub; the same key encrypts the requests that failed."""
    return [
        iam.allow("ReadCredential", "secretsmanager:GetSecretValue", on=secret_arn),
        iam.allow("UseSecretsKey", "kms:Decrypt", "kms:GenerateDataKey", on=key_arn),
    ]


def follow_launches(region: str, account_id: str, records_path: str) -> list[iam.Statement]:
    """Remember each launch, and see why a stack is being deleted: a launch that failed leaves nothing."""
    return [
        iam.allow(
            "RememberLaunches",
            "ssm:DeleteParameter",
            "ssm:GetParameter",
            "ssm:PutParameter",
            on=f"arn:aws:ssm:{region}:{account_id}:parameter{records_path}/*",
        ),
        iam.allow(
            "SeeWhyAStackIsDeleted",
            "cloudformation:DescribeStacks",
            on=f"arn:aws:cloudformation:{region}:{account_id}:stack/SC-{account_id}-pp-*",
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
            on=iam.EveryResource(reason="AWS has no resource type for traces"),
        ),
    ]


def run_in(placement: Placement, function_name: str) -> list[iam.Statement]:
    """Let Lambda attach the function to its network, and the function's own code not.

    Source: Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC".
    """
    here = f"{placement.region}:{placement.account_id}"
    return [
        *placement.attach(),
        # Lambda refuses to create a function whose role may not delete every interface.
        iam.allow("LeaveNetwork", "ec2:DeleteNetworkInterface", on=f"arn:aws:ec2:{here}:*/*"),
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
            when={"ArnEquals": {"lambda:SourceFunctionArn": f"arn:aws:lambda:{here}:function:{function_name}"}},
        ),
    ]
