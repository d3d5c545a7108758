"""The bounds that an account sets to endpoints and batches."""

import pytest

from mlops_platform.release import DeploymentError
from mlops_platform.release.bounds import BATCHES, ENDPOINTS, require_instance_type
from mlops_platform.release.testing.aws import FakeAws
from mlops_platform.release.testing.example import PROJECT

PREPROD = PROJECT.environments["preprod"]


def test_a_type_of_instance_that_the_account_allows_is_accepted(aws: FakeAws) -> None:
    aws.ssm.instance_types = "ml.m5.large,ml.c5.large"
    require_instance_type(PROJECT, PREPROD, ENDPOINTS, "ml.c5.large", "preprod")


@pytest.mark.parametrize("instance_type", ["ml.p5.48xlarge", "ml.m5", "ml.m5.large,ml.c5.large"])
@pytest.mark.parametrize(
    ("running", "setting"), [(ENDPOINTS, "endpointInstanceTypes"), (BATCHES, "batchInstanceTypes")]
)
def test_any_other_is_refused_with_those_that_may_be_used(
    aws: FakeAws, running: str, setting: str, instance_type: str
) -> None:
    aws.ssm.instance_types = "ml.m5.large,ml.c5.large"
    with pytest.raises(
        DeploymentError,
        match=rf"^\[preprod\] instance_type ml\..* preprod's account allows {running}: use one of ml.m5.large, ml.c5.large; or add it to workload.{setting} ",
    ):
        require_instance_type(PROJECT, PREPROD, running, instance_type, "preprod")
