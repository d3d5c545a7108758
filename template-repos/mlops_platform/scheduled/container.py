"""The container of a version, as the account's release function has made its SageMaker model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Container:
    """The container of a version."""

    image: str
    environment: Mapping[str, str]
    role_arn: str
    """Role that the model runs under."""
    subnet_ids: list[str]
    security_group_ids: list[str]

    @classmethod
    def described(cls, model: Mapping[str, Any]) -> "Container":
        """Return the container of the model that DescribeModel describes."""
        container, network = model["PrimaryContainer"], model["VpcConfig"]
        return cls(
            image=container["Image"],
            environment=container.get("Environment", {}),
            role_arn=model["ExecutionRoleArn"],
            subnet_ids=network["Subnets"],
            security_group_ids=network["SecurityGroupIds"],
        )

    def configuration(self) -> Mapping[str, Any]:
        """Return the value of the program's configuration."""
        return asdict(self)
