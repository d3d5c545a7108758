"""Types of SageMaker's instances, by what AWS says of them.

Each request takes other types; botocore, which is made from AWS's own description of the API, lists them. Of a type's disk
and processor EC2 says more (DescribeInstanceTypes); all sizes of a family have the same.
"""

from functools import cache

from mlops_platform.project.aws import service_model

FOR_PROCESSING = "ProcessingInstanceType"
FOR_TRAINING = "TrainingInstanceType"
FOR_TRANSFORM = "TransformInstanceType"
FOR_ENDPOINTS = "ProductionVariantInstanceType"
"""Names of the lists of types that botocore has."""

WITH_THEIR_OWN_DISK = frozenset(
    {
        *("c5d", "c6gd", "c6id", "m5d", "m6gd", "m6id", "r5d", "r6gd", "r6id", "r7gd"),
        *("g4dn", "g5", "g6", "g6e", "g7", "g7e"),
        *("p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200"),
        *("dl1", "trn1", "trn1n", "trn2"),
    }
)
"""Families of SageMaker's types whose `InstanceStorageSupported` is true. The instance encrypts that disk itself, and a request with
a key for it is refused: SageMaker API Reference, `VolumeKmsKeyId` of ResourceConfig and ProcessingClusterConfig, `KmsKeyId` of
CreateEndpointConfig."""

BURSTABLE = frozenset({"t2", "t3"})
"""Families of SageMaker's types whose `BurstablePerformanceSupported` is true. Application Auto Scaling refuses them: SageMaker
Developer Guide, "Configure model auto scaling with the console"."""


@cache
def known(purpose: str) -> frozenset[str]:
    """Return the types that the list `purpose` of the installed botocore has."""
    return frozenset(service_model("sagemaker").shape_for(purpose).enum)


def has_its_own_disk(instance_type: str) -> bool:
    """Return whether SageMaker takes no key for the type's disk."""
    return _family(instance_type) in WITH_THEIR_OWN_DISK


def is_burstable(instance_type: str) -> bool:
    """Return whether endpoints on the type cannot be scaled automatically."""
    return _family(instance_type) in BURSTABLE


def checks(key: str, instance_type: str, purpose: str) -> dict[str, bool]:
    """Return the checks of the type that a setting names: whether each holds, by the problem that there is if not.

    Args:
        key: the setting.
        instance_type: its value.
        purpose: the list that the type has to be in.
    """
    return {
        f"{key} is {instance_type!r}, no type of instance for it, such as ml.m5.large": instance_type in known(purpose),
        f"{key} has a disk of its own, for which SageMaker takes no key; use one without, such as ml.m5.large": (
            not has_its_own_disk(instance_type)
        ),
    }


def _family(instance_type: str) -> str:
    return instance_type.removeprefix("ml.").partition(".")[0]
