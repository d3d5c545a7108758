"""The base of the stand-ins for GitHub's resource types."""

from sandbox.plugins.github.client import NOT_FOUND, GitHub, GitHubError
from sandbox.plugins.resource import Resource


class GitHubResource(Resource[GitHub]):
    """The base of GitHub resource types."""

    def is_gone(self, error: Exception) -> bool:
        """Return whether GitHub does not know the resource."""
        return isinstance(error, GitHubError) and error.status == NOT_FOUND
