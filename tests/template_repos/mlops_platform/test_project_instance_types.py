"""Types of instances: botocore's lists, and EC2's own answers about the families in them."""

import pytest

from mlops_platform.project import instance_types

PURPOSES = (
    instance_types.FOR_ENDPOINTS,
    instance_types.FOR_PROCESSING,
    instance_types.FOR_TRAINING,
    instance_types.FOR_TRANSFORM,
)

# Source: EC2's answers to DescribeInstanceTypes (InstanceStorageSupported, BurstablePerformanceSupported) in the package
# moto 5.2.5, moto/ec2/resources/instance_types.json.gz; no family in it has sizes that differ.
PLAIN = """c4 c5 c5n c6g c6gn c6i c6in c7g c7i c7i-flex c8g c8i c8i-flex inf1 inf2 m4 m5 m6g m6i m7i m7i-flex m8g m8i
m8i-flex r5 r6g r6i r7i r8g r8i r8i-flex"""
WITH_THEIR_OWN_DISK = """c5d c6gd c6id g4dn g5 g6 g6e g7 g7e m5d m6gd m6id p3dn p4d p4de p5 p5e p5en p6-b200 p6-b300 r5d r6gd
r6id r7gd trn1 trn1n trn2"""
BURSTABLE = "t2 t3"
# Source for families that the above lacks: Amazon EC2 Instance Types, "Specifications for Amazon EC2 accelerated computing
# instances" and "... previous generation instances".
PLAIN_AS_DOCUMENTED = "p2 p3"
WITH_THEIR_OWN_DISK_AS_DOCUMENTED = "dl1 p6e-gb200"


def test_of_every_family_is_known_what_ec2_says_of_it() -> None:
    families = {each.split(".")[1] for purpose in PURPOSES for each in instance_types.known(purpose)}
    with_a_disk = {*WITH_THEIR_OWN_DISK.split(), *WITH_THEIR_OWN_DISK_AS_DOCUMENTED.split()}
    assert families <= {*PLAIN.split(), *PLAIN_AS_DOCUMENTED.split(), *BURSTABLE.split(), *with_a_disk}
    assert {family for family in families if instance_types.has_its_own_disk(f"ml.{family}.xlarge")} == (
        families & with_a_disk
    )
    assert {family for family in families if instance_types.is_burstable(f"ml.{family}.xlarge")} == (
        families & set(BURSTABLE.split())
    )


@pytest.mark.parametrize(
    ("instance_type", "purposes"),
    [
        ("ml.m5.large", {*PURPOSES}),
        ("ml.t2.medium", {instance_types.FOR_ENDPOINTS}),
        ("ml.t3.medium", {instance_types.FOR_PROCESSING, instance_types.FOR_TRAINING}),
        ("m5.large", set[str]()),
    ],
)
def test_each_request_takes_its_own_types(instance_type: str, purposes: set[str]) -> None:
    assert {purpose for purpose in PURPOSES if instance_type in instance_types.known(purpose)} == purposes
