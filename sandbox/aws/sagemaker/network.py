"""Network interfaces that SageMaker has in the subnets of its customers.

Sources: SageMaker Developer Guide, "Choose an Amazon VPC" (mount targets of a domain's file system), "Give SageMaker AI access to
resources in your Amazon VPC" (interfaces of jobs and models).
"""

from collections.abc import Iterator

from sandbox.aws.ec2 import interfaces
from sandbox.aws.ec2.interfaces import Interface
from sandbox.aws.sagemaker.hosting import endpoints
from sandbox.aws.sagemaker.jobs.processing import PROCESSING
from sandbox.aws.sagemaker.jobs.training import TRAINING
from sandbox.aws.sagemaker.studio import domains, nfs_groups
from sandbox.aws.service import Members


def install() -> None:
    """Let EC2 know of the interfaces of Studio, of jobs that run and of models that serve."""
    interfaces.add_source(_interfaces)


def _interfaces() -> Iterator[Interface]:
    for domain in domains.with_file_systems():
        yield from interfaces.of(domain["SubnetIds"], nfs_groups.of_mount_targets(domain))
    for vpc in (*_of_jobs(), *(variant.model.get("VpcConfig") for variant in endpoints.variants())):
        if vpc:
            yield from interfaces.of(vpc["Subnets"], vpc["SecurityGroupIds"])


def _of_jobs() -> Iterator[Members | None]:
    for kind in (PROCESSING, TRAINING):
        for record in kind.store.values():
            if record[kind.status_member] in {"InProgress", "Stopping"}:
                yield record.get("VpcConfig") or record.get("NetworkConfig", {}).get("VpcConfig")
