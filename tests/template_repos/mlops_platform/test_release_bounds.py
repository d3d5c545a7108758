"""The bounds that an account sets to endpoints."""

import pytest

from mlops_platform.release import DeploymentError
from mlops_platform.release.bounds import require_instance_type
from mlops_platform.release.testing.aws import FakeAws
from mlops_platform.release.testing.example import PROJECT

PREPROD = PROJECT.environments["preprod"]


def test_a_type_of_instance_that_the_account_allows_is_accepted(aws: FakeAws) -> None:
    aws.ssm.instance_types = "ml.m5.large,ml.c5.large"
    require_instance_type(PROJECT, PREPROD, "ml.c5.large")


@pytest.mark.parametrize("instance_type", ["ml.p5.48xlarge", "ml.m5", "ml.m5.large,ml.c5.large"])
def test_any_other_is_refused_with_those_that_may_be_used(aws: FakeAws, instance_type: str) -> None:
    aws.ssm.instance_types = "ml.m5.large,ml.c5.large"
    with pytest.raises(
        DeploymentError,
        match=r"^\[preprod\] instance_type ml\..* use one of ml.m5.large, ml.c5.large; or add it to workload",
    ):
        require_instance_type(PROJECT, PREPROD, instance_type)
