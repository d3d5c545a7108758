"""The base of the settings of a bucket."""

from abc import abstractmethod

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.properties import Values


class BucketSetting(AwsResource):
    """The base of the settings of a bucket."""

    outputs = ()

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Send the setting; the bucket may be too new for this part of S3."""
        retry(lambda: self.put(cloud, wanted), codes=["NoSuchBucket"], seconds=20)
        return wanted["bucket"]

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Send the setting again."""
        self.put(cloud, wanted)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the setting."""
        seen = self.get(cloud, identifier)
        return None if seen is None else {"bucket": identifier, **seen}

    @abstractmethod
    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the setting."""

    @abstractmethod
    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the setting, or None where there is none."""
