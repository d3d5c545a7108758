"""Answers go to CloudFormation alone, wherever a request wants them."""

from typing import Any

import botocore.session
import pytest

from functions.template_cloner.response_url import ForeignResponseUrlError, require_cloudformations

OBJECT = "/arn%3Aaws%3Acloudformation%3Aeu-west-1%3A111111111111%3Astack/SC-1/1%7CCheck%7C1?X-Amz-Signature=secret"
BUCKET = "cloudformation-custom-resource-response-euwest1"


def accepts(url: object, region: str = "eu-west-1", **environment: str) -> bool:
    try:
        require_cloudformations(url, {"AWS_REGION": region, **environment})
    except ForeignResponseUrlError:
        return False
    return True


@pytest.mark.parametrize(
    ("region", "host"),
    [
        # Each as it stands in a public log, example or test of somebody else.
        ("us-east-1", "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"),
        ("eu-west-1", "cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com"),
        ("us-west-2", "cloudformation-custom-resource-response-uswest2.s3-us-west-2.amazonaws.com"),
        ("ap-southeast-2", "cloudformation-custom-resource-response-apsoutheast2.s3-ap-southeast-2.amazonaws.com"),
        ("eu-central-1", "cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com"),
        ("eu-south-1", "cloudformation-custom-resource-response-eusouth1.s3.eu-south-1.amazonaws.com"),
        ("cn-north-1", "cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_every_form_that_cloudformation_uses_is_answered(region: str, host: str) -> None:
    assert accepts(f"https://{host}{OBJECT}", region)


def test_every_region_has_the_domain_of_its_partition() -> None:
    data: Any = botocore.session.get_session().get_component("data_loader").load_data("partitions")
    domains = {
        region: str(partition["outputs"]["dnsSuffix"])
        for partition in data["partitions"]
        for region in partition["regions"]
        if not region.endswith("-global")
    }
    assert len({*domains.values()}) > 5

    for region, domain in domains.items():
        bucket = f"cloudformation-custom-resource-response-{region.replace('-', '')}"
        for other in {*domains.values()}:
            assert accepts(f"https://{bucket}.s3.{region}.{other}/x", region) == (other == domain), region


@pytest.mark.parametrize(
    "url",
    [
        f"http://{BUCKET}.s3.eu-west-1.amazonaws.com/x",
        f"https://{BUCKET}.s3.eu-west-1.amazonaws.com:8443/x",
        f"https://somebody@{BUCKET}.s3.eu-west-1.amazonaws.com/x",
        f"https://evil.example.com\\@{BUCKET}.s3.eu-west-1.amazonaws.com/x",
        f"https://{BUCKET}.s3.eu-west-1.amazonaws.com.evil.example.com/x",
        f"https://evil.example.com/{BUCKET}.s3.eu-west-1.amazonaws.com/x",
        f"https://evil.example.com#{BUCKET}.s3.eu-west-1.amazonaws.com/x",
        f"https://{BUCKET}-mine.s3.eu-west-1.amazonaws.com/x",
        f"https://mine-{BUCKET}.s3.eu-west-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x",
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com/x",
        "https://s3.eu-west-1.amazonaws.com/mine/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost:4566/x",
        "file:///etc/passwd",
        "",
        None,
        7,
    ],
)
def test_nothing_is_sent_anywhere_else(url: object) -> None:
    assert not accepts(url)


def test_no_message_shows_a_signed_url() -> None:
    with pytest.raises(ForeignResponseUrlError) as error:
        require_cloudformations(f"https://evil.example.com{OBJECT}", {"AWS_REGION": "eu-west-1"})

    assert "secret" not in str(error.value)
    assert "evil" not in str(error.value)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_the_bucket_is_where_the_environment_has_amazon_s3(name: str) -> None:
    environment = {name: "https://localhost:4566/"}

    assert accepts("https://localhost:4566/x", **environment)
    for elsewhere in ("https://localhost:4567/x", "http://localhost:4566/x", f"https://{BUCKET}.s3.amazonaws.com/x"):
        assert not accepts(elsewhere, **environment)


def test_an_endpoint_of_amazon_s3_alone_counts_more_than_one_of_every_service() -> None:
    environment = {"AWS_ENDPOINT_URL": "https://localhost:4566", "AWS_ENDPOINT_URL_S3": "https://localhost:9000"}

    assert accepts("https://localhost:9000/x", **environment)
    assert not accepts("https://localhost:4566/x", **environment)
