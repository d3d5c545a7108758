"""Endpoints of the local AWS really serve their models, and say what AWS says when they cannot."""

import time

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account
from tests.sandbox_aws.hosting import Hosting


@pytest.fixture(scope="module")
def hosting(dev: Account) -> Hosting:
    return Hosting.prepare(dev, "endpoints-test")


def test_an_endpoint_answers_with_its_model(hosting: Hosting) -> None:
    hosting.configuration("answering", hosting.model("twice", factor=2))
    start = time.monotonic()
    found = hosting.endpoint("answering", "answering")
    print("start", time.monotonic() - start)
    assert found["EndpointStatus"] == "InService", found
    answer = hosting.ask("answering", "1,2,3")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"12", "text/csv")
    assert answer["InvokedProductionVariant"] == "twice"
    hosting.sagemaker.delete_endpoint(EndpointName="answering")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.settled("answering")
