"""Invocations of the local AWS's endpoints: variants, data capture, metrics."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account, allow
from tests.sandbox_aws.hosting import Hosting, response, variant

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://invoking-test/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}


@pytest.fixture(scope="module")
def hosting(dev: Account) -> Iterator[Hosting]:
    with Hosting.prepare(dev, "invoking-test") as made:
        made.model("one", trained={"factor": 1})
        made.model("ten", trained={"factor": 10})
        made.configuration("one", "one")
        made.endpoint("one", "one")
        yield made


def metric(hosting: Hosting, name: str, statistic: str = "Sum", **dimensions: str) -> float | None:
    """Return the value of a metric over the last minutes."""
    points: list[dict[str, Any]] = hosting.account.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=datetime.now(UTC) - timedelta(minutes=5),
        EndTime=datetime.now(UTC) + timedelta(minutes=5),
        Period=3600,
        Statistics=[statistic],
    )["Datapoints"]
    return sum(point[statistic] for point in points) if points else None


def captured(hosting: Hosting, prefix: str) -> dict[str, list[dict[str, Any]]]:
    """Return the captured records below a prefix, by object."""
    s3 = hosting.account.client("s3")
    listed = s3.list_objects_v2(Bucket=hosting.bucket, Prefix=prefix).get("Contents", [])
    read = {item["Key"]: s3.get_object(Bucket=hosting.bucket, Key=item["Key"])["Body"].read() for item in listed}
    return {key: [json.loads(line) for line in content.splitlines()] for key, content in read.items()}


def test_traffic_is_split_by_weight(hosting: Hosting) -> None:
    variants = [variant("one", InitialVariantWeight=3.0), variant("ten", InitialVariantWeight=1.0)]
    hosting.configuration("weights", ProductionVariants=variants)
    hosting.endpoint("weights", "weights")
    answered = Counter(hosting.invoke("weights")["InvokedProductionVariant"] for _ in range(80))
    assert 40 <= answered["one"] <= 75, answered
    assert answered["one"] + answered["ten"] == 80
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="weights",
        DesiredWeightsAndCapacities=[
            {"VariantName": "one", "DesiredWeight": 0.0},
            {"VariantName": "ten", "DesiredWeight": 1.0, "DesiredInstanceCount": 3},
        ],
    )
    found = hosting.settled("weights")["ProductionVariants"]
    assert [(item["CurrentWeight"], item["CurrentInstanceCount"]) for item in found] == [(0.0, 1), (1.0, 3)]
    assert {hosting.invoke("weights")["InvokedProductionVariant"] for _ in range(10)} == {"ten"}
    # A request that names a variant gets it, whatever its weight.
    assert hosting.number("weights", TargetVariant="one") == 3
    with pytest.raises(ClientError, match="Variant two not found") as refused:
        hosting.invoke("weights", TargetVariant="two")
    assert response(refused)["Error"]["Code"] == "ValidationError"


def test_a_shadow_variant_sees_what_production_answers(hosting: Hosting) -> None:
    hosting.model("shadowed", trained={"status": 500})
    hosting.configuration("shadow", "one", shadow="shadowed")
    found = hosting.endpoint("shadow", "shadow")
    assert [item["VariantName"] for item in found["ShadowProductionVariants"]] == ["shadowed"]
    assert [hosting.number("shadow") for _ in range(5)] == [3] * 5
    dimensions = {"EndpointName": "shadow", "VariantName": "shadowed"}
    hosting.wait_for(lambda: metric(hosting, "InvocationModelErrors", **dimensions) == 5)
    assert metric(hosting, "InvocationModelErrors", EndpointName="shadow", VariantName="one") == 0


def test_a_shadow_variant_goes_with_one_production_variant_only(hosting: Hosting) -> None:
    with pytest.raises(ClientError, match="A shadow variant needs exactly one production variant"):
        hosting.configuration("refused", "one", "ten", shadow=hosting.model("shady"))


def test_an_exception_of_the_model_is_a_model_error(hosting: Hosting) -> None:
    with pytest.raises(ClientError) as raised:
        hosting.invoke("one", ContentType="application/json")
    answer = response(raised)
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == 500
    assert answer["OriginalMessage"] == "content type is application/json"
    message = answer["Error"]["Message"]
    assert message == (
        'Received server error (500) from primary with message "content type is application/json". '
        "See https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEventViewer:group="
        "/aws/sagemaker/Endpoints/one in account 111111111111 for more information."
    )


def test_a_refusal_by_the_model_is_a_client_error(hosting: Hosting) -> None:
    hosting.configuration("refusing", hosting.model("refusing", trained={"status": 415}))
    hosting.endpoint("refusing", "refusing")
    with pytest.raises(
        ClientError, match=r'Received client error \(415\) from primary with message "no, thanks'
    ) as raised:
        hosting.invoke("refusing")
    assert response(raised)["OriginalStatusCode"] == 415
    dimensions = {"EndpointName": "refusing", "VariantName": "refusing"}
    errors = ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors")
    assert [metric(hosting, name, **dimensions) for name in errors] == [1, 0, 1]


def test_unknown_endpoints_and_members_are_refused(hosting: Hosting) -> None:
    with pytest.raises(ClientError, match="Endpoint nowhere of account 111111111111 not found") as refused:
        hosting.invoke("nowhere")
    assert response(refused)["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match="does not emulate InvokeEndpoint with TargetModel"):
        hosting.invoke("one", TargetModel="model.tar.gz")
    with pytest.raises(ClientError, match="Member must have length less than or equal to 64"):
        hosting.invoke("one", InferenceId="x" * 65)


def test_only_principals_that_may_invoke_an_endpoint_are_answered(hosting: Hosting) -> None:
    account = hosting.account
    stranger = account.assume(account.role("invoking-stranger", allow("sagemaker:DescribeEndpoint")))
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:InvokeEndpoint") as refused:
        account.client("sagemaker-runtime", stranger).invoke_endpoint(EndpointName="one", Body=b"1")
    assert response(refused)["Error"]["Code"] == "AccessDeniedException"
    friend = account.assume(account.role("invoking-friend", allow("sagemaker:InvokeEndpoint")))
    answer = account.client("sagemaker-runtime", friend).invoke_endpoint(
        EndpointName="one", Body=b"4", ContentType="text/csv", Accept="text/csv"
    )
    assert answer["Body"].read() == b"4"


def test_every_invocation_is_counted_in_cloudwatch(hosting: Hosting) -> None:
    hosting.configuration("measured", "one")
    hosting.endpoint("measured", "measured")
    for content_type in ("text/csv", "text/csv", "application/json"):
        try:
            hosting.invoke("measured", ContentType=content_type)
        except ClientError:
            assert content_type == "application/json"
    of_variant = {"EndpointName": "measured", "VariantName": "one"}
    for dimensions in (of_variant, {**of_variant, "EndpointConfigName": "measured"}):
        assert metric(hosting, "Invocations", **dimensions) == 3
        assert metric(hosting, "Invocation5XXErrors", **dimensions) == 1
        assert metric(hosting, "Invocation4XXErrors", **dimensions) == 0
        assert metric(hosting, "InvocationModelErrors", **dimensions) == 1
        for name in ("ModelLatency", "OverheadLatency"):
            microseconds = metric(hosting, name, "Average", **dimensions)
            assert microseconds is not None
            assert 10 < microseconds < 5e6


def test_captured_requests_are_json_lines_in_s3(hosting: Hosting) -> None:
    hosting.configuration("capturing", "one", DataCaptureConfig=CAPTURE)
    found = hosting.endpoint("capturing", "capturing")
    assert found["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": CAPTURE["DestinationS3Uri"],
        "KmsKeyId": "",
    }
    hosting.invoke("capturing", "1,2", InferenceId="first", CustomAttributes="c=1")
    hosting.invoke("capturing", "3", Accept="text/plain")
    hosting.wait_for(lambda: sum(map(len, captured(hosting, "captured/capturing/one/").values())) == 2)
    objects = captured(hosting, f"captured/capturing/one/{datetime.now(UTC):%Y/%m/%d}/")
    assert all(key.endswith(".jsonl") for key in objects)
    first, second = (record for records in objects.values() for record in records)
    assert first["captureData"] == {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"},
        "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "3", "encoding": "CSV"},
    }
    assert first["eventMetadata"]["inferenceId"] == "first"
    assert first["eventMetadata"]["customAttributes"] == ["c=1"]
    assert first["eventVersion"] == "0"
    # A content type that the configuration does not name is captured in base64.
    assert second["captureData"]["endpointOutput"]["encoding"] == "BASE64"
    assert base64.b64decode(second["captureData"]["endpointOutput"]["data"]) == b"3"


def test_a_model_that_may_not_write_to_the_bucket_serves_without_capture(hosting: Hosting) -> None:
    elsewhere = {**CAPTURE, "DestinationS3Uri": "s3://not-ours/captured"}
    hosting.configuration("uncaptured", "one", DataCaptureConfig=elsewhere)
    hosting.endpoint("uncaptured", "uncaptured")
    assert hosting.number("uncaptured") == 3


def test_nothing_is_captured_with_a_sample_of_zero_or_when_capture_is_off(hosting: Hosting) -> None:
    for name, settings in (("unsampled", {"InitialSamplingPercentage": 0}), ("disabled", {"EnableCapture": False})):
        hosting.configuration(name, "one", DataCaptureConfig={**CAPTURE, **settings})
        hosting.endpoint(name, name)
        hosting.invoke(name)
        hosting.sagemaker.delete_endpoint(EndpointName=name)
        hosting.gone(name)
        assert captured(hosting, f"captured/{name}/") == {}
