"""Everything that the sandbox adds to MiniStack's EC2."""

from sandbox.aws.ec2 import availability_zones, dependencies, descriptions, endpoint_services


def install() -> None:
    """Answer as AWS does where MiniStack would not."""
    descriptions.install()
    availability_zones.install()
    endpoint_services.install()
    dependencies.install()
