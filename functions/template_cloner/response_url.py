"""The places to which CloudFormation has requests answered.

An answer goes to CloudFormation's own bucket in the function's region, by a URL that it has signed. A request that names
another place is not CloudFormation's.
Source: CloudFormation User Guide, "Access CloudFormation using an interface endpoint", which names the bucket; URLs in
public logs, which begin with each of the endpoints of Amazon S3 below.
"""

import urllib.parse
from collections.abc import Mapping

_DNS_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
}
"""By the beginning of a region's name: the domain of AWS where it is not amazonaws.com."""


class ForeignResponseUrlError(Exception):
    """A request wants its answer at a place that is not CloudFormation's; the message does not show the URL."""


def require_cloudformations(url: object, environment: Mapping[str, str]) -> None:
    """Check that an answer to this URL goes to CloudFormation, before anything is done.

    Raises:
        ForeignResponseUrlError: it would go elsewhere.
    """
    region = environment["AWS_REGION"]
    parts = urllib.parse.urlsplit(str(url))
    if f"{parts.scheme}://{parts.netloc}" not in _origins(region, environment):
        raise ForeignResponseUrlError(
            f"the request does not want its answer in CloudFormation's bucket in {region}: it was neither carried out nor "
            "answered"
        )


def _origins(region: str, environment: Mapping[str, str]) -> set[str]:
    # Whoever gives the function another endpoint for Amazon S3 has CloudFormation's bucket there, too.
    # Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        return {endpoint.rstrip("/")}
    domain = next((each for start, each in _DNS_SUFFIXES.items() if region.startswith(start)), "amazonaws.com")
    bucket = f"cloudformation-custom-resource-response-{region.replace('-', '')}"
    return {f"https://{bucket}.{endpoint}.{domain}" for endpoint in (f"s3.{region}", f"s3-{region}", "s3")}
