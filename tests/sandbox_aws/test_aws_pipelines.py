"""Pipelines of the local AWS run their jobs for real, with the roles that they name."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.sandbox_aws.account import Account, allow, trust
from tests.sandbox_aws.test_aws_alarms import alarm, wait_until

IMAGE = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/tiny:1"
BUCKET = "pipeline-test"
KEY_ACTIONS = ["kms:GenerateDataKey", "kms:Decrypt", "kms:CreateGrant"]
PIPELINE_ACTIONS = [
    "sagemaker:CreateProcessingJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:CreateModelPackage",
]
JOB_ACTIONS = [
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
]

PREPARE = """
import os, pathlib, sys
base = pathlib.Path(os.environ["SM_BASE"])
numbers = (base / "processing/input/data/numbers.txt").read_text().split()
(base / "processing/output/doubled/doubled.txt").write_text(" ".join(str(int(n) * int(sys.argv[1])) for n in numbers))
print("prepared", len(numbers), "credentials" if "AWS_SESSION_TOKEN" in os.environ else "isolated")
"""
TRAIN = """
import json, os, pathlib
base = pathlib.Path(os.environ["SM_BASE"])
numbers = [int(n) for n in (base / "input/data/train/doubled.txt").read_text().split()]
power = int(json.loads((base / "input/config/hyperparameters.json").read_text())["power"])
(base / "model/model.json").write_text(json.dumps({"sum": sum(numbers) ** power}))
print("quality: 0.75")
"""
FAIL = """
import os, pathlib, sys
base = pathlib.Path(os.environ["SM_BASE"])
(base / "output").mkdir(exist_ok=True)
(base / "output/message").write_text("the data is spoilt")
sys.exit(1)
"""

DRIFT = """
import json, time
metrics = {"Namespace": "Test/Jobs", "Dimensions": [["Project"]], "Metrics": [{"Name": "Psi"}]}
print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metrics]}, "Project": "p", "Psi": 0.5}))
"""


def processing(name: str, role: str, script: str, *arguments: str, **changes: Any) -> dict[str, Any]:
    def source(what: str, uri: str, path: str) -> dict[str, Any]:
        return {"InputName": what, "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix"}}

    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", f"/opt/ml/processing/input/code/{script}"],
                "ContainerArguments": list(arguments),
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}
            },
            "ProcessingInputs": [
                source("data", {"Get": "Parameters.Data"}, "/opt/ml/processing/input/data"),  # type: ignore[arg-type]
                source("code", f"s3://{BUCKET}/code", "/opt/ml/processing/input/code"),
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "doubled",
                        "S3Output": {
                            "S3Uri": {
                                "Std:Join": {
                                    "On": "/",
                                    "Values": [f"s3://{BUCKET}", {"Get": "Execution.PipelineExecutionId"}, "doubled"],
                                }
                            },
                            "LocalPath": "/opt/ml/processing/output/doubled",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
            "RoleArn": role,
            **changes,
        },
    }


def training(role: str) -> dict[str, Any]:
    def channel(name: str, uri: Any) -> dict[str, Any]:
        return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}

    doubled = {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['doubled'].S3Output.S3Uri"}
    return {
        "Name": "Train",
        "Type": "Training",
        "Arguments": {
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/train.py"],
                "MetricDefinitions": [{"Name": "quality", "Regex": "quality: ([0-9.]+)"}],
            },
            "HyperParameters": {"power": "2"},
            "InputDataConfig": [channel("train", doubled), channel("code", f"s3://{BUCKET}/code")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "EnableNetworkIsolation": True,
            "RoleArn": role,
        },
    }


def register() -> dict[str, Any]:
    artifact = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    return {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "numbers",
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {
                "Containers": [{"Image": IMAGE, "ModelDataUrl": artifact}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        },
    }


@pytest.fixture(scope="module")
def pipeline_role(dev: Account) -> str:
    s3 = dev.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for name, text in (("prepare.py", PREPARE), ("train.py", TRAIN), ("fail.py", FAIL), ("drift.py", DRIFT)):
        s3.put_object(Bucket=BUCKET, Key=f"code/{name}", Body=text.encode())
    s3.put_object(Bucket=BUCKET, Key="data/numbers.txt", Body=b"1 2 3")
    dev.client("sagemaker").create_model_package_group(ModelPackageGroupName="numbers")
    return dev.role(
        "numbers-pipeline",
        allow(PIPELINE_ACTIONS),
        allow(JOB_ACTIONS),
        allow("iam:PassRole", "arn:aws:iam::111111111111:role/numbers-pipeline"),
        allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{BUCKET}/*"),
        allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
        trust=trust("sagemaker.amazonaws.com"),
    )


def run(dev: Account, name: str, role: str, steps: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Execute a pipeline of `steps`; return its status and its steps by name."""
    sagemaker = dev.client("sagemaker")
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Data", "Type": "String", "DefaultValue": f"s3://{BUCKET}/data"}],
        "Steps": steps,
    }
    sagemaker.create_pipeline(
        PipelineName=name, RoleArn=role, PipelineDefinition=json.dumps(definition), ClientRequestToken=f"{name:0>32}"
    )
    arn = sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=f"{name:0>32}")[
        "PipelineExecutionArn"
    ]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
        if status not in ("Executing", "Stopping"):
            listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
            return status, {step["StepName"]: step for step in listed}
        time.sleep(0.05)
    pytest.fail(f"{name} did not end")


def test_a_pipeline_prepares_data_trains_on_it_and_registers_the_model(dev: Account, pipeline_role: str) -> None:
    # Out of order on purpose: references decide which step waits for which.
    steps = [register(), training(pipeline_role), processing("Prepare", pipeline_role, "prepare.py", "2")]
    status, ran = run(dev, "complete", pipeline_role, steps)
    assert status == "Succeeded", ran
    assert {name: step["StepStatus"] for name, step in ran.items()} == {
        "Prepare": "Succeeded",
        "Train": "Succeeded",
        "Register": "Succeeded",
    }
    sagemaker = dev.client("sagemaker")
    package = sagemaker.describe_model_package(ModelPackageName=ran["Register"]["Metadata"]["RegisterModel"]["Arn"])
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    job_name = ran["Train"]["Metadata"]["TrainingJob"]["Arn"].split("/")[1]
    job = next(
        sagemaker.describe_training_job(TrainingJobName=found["TrainingJobName"])
        for found in sagemaker.list_training_jobs()["TrainingJobSummaries"]
        if found["TrainingJobName"].lower() == job_name
    )
    assert [(metric["MetricName"], metric["Value"]) for metric in job["FinalMetricDataList"]] == [("quality", 0.75)]
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == artifact
    assert dev.client("s3").head_object(Bucket=BUCKET, Key=artifact.partition(f"{BUCKET}/")[2])["ContentLength"] > 0


def test_the_output_of_a_job_is_in_cloudwatch_logs(dev: Account, pipeline_role: str) -> None:
    status, _ = run(dev, "printed", pipeline_role, [processing("Prepare", pipeline_role, "prepare.py", "2")])
    assert status == "Succeeded"
    logs = dev.client("logs")
    streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/ProcessingJobs")["logStreams"]
    lines = [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(
            logGroupName="/aws/sagemaker/ProcessingJobs", logStreamName=stream["logStreamName"]
        )["events"]
    ]
    assert "prepared 3 credentials" in lines


def test_an_isolated_job_has_no_credentials(dev: Account, pipeline_role: str) -> None:
    step = processing("Prepare", pipeline_role, "prepare.py", "2", NetworkConfig={"EnableNetworkIsolation": True})
    assert run(dev, "isolated", pipeline_role, [step])[0] == "Succeeded"
    events = dev.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/ProcessingJobs", filterPattern="isolated"
    )["events"]
    assert [event["message"] for event in events] == ["prepared 3 isolated"]


def test_a_metric_that_an_isolated_job_prints_raises_an_alarm(dev: Account, pipeline_role: str) -> None:
    metric = {"Namespace": "Test/Jobs", "MetricName": "Psi", "Dimensions": [{"Name": "Project", "Value": "p"}]}
    settings = alarm("printed", **metric, Threshold=0.1, Period=300, TreatMissingData="missing")
    dev.client("cloudwatch").put_metric_alarm(**settings)
    step = processing("Print", pipeline_role, "drift.py", "now", NetworkConfig={"EnableNetworkIsolation": True})
    assert run(dev, "drifted", pipeline_role, [step])[0] == "Succeeded"
    assert "[0.5] was greater than the threshold" in wait_until(dev, "printed", "ALARM")


def test_a_failing_script_fails_its_step_with_its_own_message(dev: Account, pipeline_role: str) -> None:
    status, ran = run(dev, "spoilt", pipeline_role, [processing("Prepare", pipeline_role, "fail.py", "now")])
    assert status == "Failed"
    assert "the data is spoilt" in ran["Prepare"]["FailureReason"]


def test_an_image_that_does_not_exist_fails_its_step(dev: Account, pipeline_role: str) -> None:
    step = processing("Prepare", pipeline_role, "prepare.py", "2")
    step["Arguments"]["AppSpecification"]["ImageUri"] = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/tiny:2"
    status, ran = run(dev, "imageless", pipeline_role, [step])
    assert status == "Failed"
    assert "Cannot find repository: tiny with tag 2" in ran["Prepare"]["FailureReason"]


def test_missing_data_fails_its_step(dev: Account, pipeline_role: str) -> None:
    step = processing("Prepare", pipeline_role, "prepare.py", "2")
    step["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"] = f"s3://{BUCKET}/nowhere"
    status, ran = run(dev, "dataless", pipeline_role, [step])
    assert status == "Failed"
    assert f"s3://{BUCKET}/nowhere" in ran["Prepare"]["FailureReason"]


def test_a_condition_chooses_the_branch_that_runs(dev: Account, pipeline_role: str) -> None:
    fail = {"Name": "TooBad", "Type": "Fail", "Arguments": {"ErrorMessage": "not good enough"}}
    condition = {
        "Name": "Check",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "GreaterThan", "LeftValue": 1, "RightValue": 2}],
            "IfSteps": [processing("Prepare", pipeline_role, "prepare.py", "2")],
            "ElseSteps": [fail],
        },
    }
    status, ran = run(dev, "branches", pipeline_role, [condition])
    assert status == "Failed"
    assert ran["Check"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert ran["TooBad"]["FailureReason"] == "not good enough"
    assert "Prepare" not in ran


def test_a_job_reads_with_its_roles_permissions_and_no_others(dev: Account, pipeline_role: str) -> None:
    weak = dev.role("numbers-weak", allow(JOB_ACTIONS), trust=trust("sagemaker.amazonaws.com"))
    iam = dev.client("iam")
    iam.put_role_policy(
        RoleName="numbers-pipeline",
        PolicyName="pass",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": weak}],
            }
        ),
    )
    status, ran = run(dev, "weak", pipeline_role, [processing("Prepare", weak, "prepare.py", "2")])
    assert status == "Failed"
    assert "AccessDenied" in ran["Prepare"]["FailureReason"]


def test_a_pipeline_cannot_pass_a_role_that_it_may_not_pass(dev: Account, pipeline_role: str) -> None:
    other = dev.role("numbers-other", trust=trust("sagemaker.amazonaws.com"))
    status, ran = run(dev, "passing", pipeline_role, [processing("Prepare", other, "prepare.py", "2")])
    assert status == "Failed"
    assert "iam:PassRole" in ran["Prepare"]["FailureReason"]


def test_a_step_outside_the_network_is_denied_where_the_policy_wants_one(dev: Account, pipeline_role: str) -> None:
    role = dev.role(
        "numbers-network",
        allow("iam:PassRole", pipeline_role),
        allow("sagemaker:CreateProcessingJob", "*", {"Null": {"sagemaker:VpcSubnets": "false"}}),
        trust=trust("sagemaker.amazonaws.com"),
    )
    status, ran = run(dev, "network", role, [processing("Prepare", pipeline_role, "prepare.py", "2")])
    assert status == "Failed"
    assert "sagemaker:CreateProcessingJob" in ran["Prepare"]["FailureReason"]
