"""Everything that the sandbox adds to MiniStack's EC2."""

from sandbox.aws.ec2 import availability_zones, dependencies, descriptions, endpoint_services, nat_gateways


def install() -> None:
    """Answer as AWS does where MiniStack would not."""
    descriptions.install()
    nat_gateways.install()
    availability_zones.install()
    endpoint_services.install()
    dependencies.install()
