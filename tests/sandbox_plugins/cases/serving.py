"""Models, endpoints and their scaling."""

from typing import Any

from tests.sandbox_plugins.cases.case import Case
from tests.sandbox_plugins.cases.documents import TAGS

MODEL = "aws:sagemaker/model:Model"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
ROLE = "arn:aws:iam::111111111111:role/model"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"


def variant(name: str | None = "AllTraffic", **more: Any) -> dict[str, Any]:
    """A variant of an endpoint."""
    named = {"variantName": name} if name else {}
    return {**named, "modelName": "m", "instanceType": "ml.m5.large", "initialInstanceCount": 1, **more}


def canary(*alarms: str, percent: int = 10) -> dict[str, Any]:
    """A deployment by canary that alarms roll back."""
    return {
        "autoRollbackConfiguration": {"alarms": [{"alarmName": alarm} for alarm in alarms]},
        "blueGreenUpdatePolicy": {
            "maximumExecutionTimeoutInSeconds": 1800,
            "terminationWaitInSeconds": 60,
            "trafficRoutingConfiguration": {
                "type": "CANARY",
                "canarySize": {"type": "CAPACITY_PERCENT", "value": percent},
                "waitIntervalInSeconds": 300,
            },
        },
    }


SCALED = {
    "serviceNamespace": "sagemaker",
    "resourceId": "endpoint/probe/variant/AllTraffic",
    "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def tracking(invocations: int) -> dict[str, Any]:
    """A scaling policy that tracks the invocations of an instance."""
    return {
        "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "targetValue": invocations,
        "scaleInCooldown": 300,
    }


SERVING: dict[str, Case] = {
    MODEL: Case(
        inputs=lambda _: {
            "name": "probe",
            "executionRoleArn": ROLE,
            "enableNetworkIsolation": True,
            "primaryContainer": {
                "image": "763104351884.dkr.ecr.eu-west-1.amazonaws.com/probe:1",
                "modelDataUrl": "s3://bucket/model.tar.gz",
                "environment": {"sagemaker_program": "inference.py"},
            },
            "vpcConfig": {"subnets": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]},
        },
        change=lambda _: TAGS,
        replace={"primaryContainer": {"image": "763104351884.dkr.ecr.eu-west-1.amazonaws.com/probe:2"}},
        id="probe",
        outputs={"arn": "arn:aws:sagemaker:eu-west-1:111111111111:model/probe"},
    ),
    CONFIGURATION: Case(
        inputs=lambda _: {
            "namePrefix": "probe-v1-",
            "kmsKeyArn": KEY,
            "productionVariants": [variant()],
            "shadowProductionVariants": [variant("Shadow", initialVariantWeight=0.5)],
            "dataCaptureConfig": {
                "enableCapture": True,
                "initialSamplingPercentage": 100,
                "destinationS3Uri": "s3://bucket/captured",
                "kmsKeyId": KEY,
                "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
                "captureContentTypeHeader": {"csvContentTypes": ["text/csv"]},
            },
        },
        change=lambda _: TAGS,
        replace={"productionVariants": [variant(initialInstanceCount=2)]},
        id="probe-v1-[0-9]{18}[0-9a-f]{8}",
        outputs={"name": "probe-v1-[0-9a-f]{26}", "namePrefix": "probe-v1-"},
    ),
    "aws:appautoscaling/target:Target": Case(
        inputs=lambda _: {**SCALED, "minCapacity": 1, "maxCapacity": 3, **TAGS},
        change=lambda _: {"maxCapacity": 5, "tags": {"a": "b"}},
        replace={"resourceId": "endpoint/another/variant/AllTraffic"},
        id="endpoint/probe/variant/AllTraffic",
        imported=lambda created: f"sagemaker/{created.id}/sagemaker:variant:DesiredInstanceCount",
    ),
    "aws:appautoscaling/policy:Policy": Case(
        inputs=lambda _: {
            **SCALED,
            "name": "probe",
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": tracking(100),
        },
        change=lambda _: {"targetTrackingScalingPolicyConfiguration": tracking(50)},
        replace={"name": "another"},
        id="probe",
        imported=lambda created: (
            f"sagemaker/{created.properties['resourceId']}/sagemaker:variant:DesiredInstanceCount/{created.id}"
        ),
    ),
    ENDPOINT: Case(
        inputs=lambda deps: {
            "name": "probe",
            "endpointConfigName": deps.id("configuration"),
            "deploymentConfig": canary("a", "b"),
        },
        change=lambda deps: {
            "endpointConfigName": deps.id("other-configuration"),
            "deploymentConfig": canary("b", "c", percent=50),
            **TAGS,
        },
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:sagemaker:eu-west-1:111111111111:endpoint/probe"},
    ),
}
