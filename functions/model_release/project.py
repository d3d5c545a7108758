"""The project that calls, as the alias of the function says."""

import re
from dataclasses import dataclass

from functions.model_release.errors import RefusedError

_ALIAS = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+:(?P<name>[a-z0-9-]+)-(?P<id>p-[a-z0-9]{12})"
)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project whose models are deployed in this account."""

    name: str
    id: str

    @property
    def package_group(self) -> str:
        """Group of its model packages; also the name of its alias."""
        return f"{self.name}-{self.id}"


def calling_project(invoked_function_arn: str) -> Project:
    """Return the project whose alias was invoked.

    Lambda does not tell a function who invokes it, but by which alias. Each project's deployment role may invoke the
    alias of its own project, and the function by no other name.
    Source: AWS Lambda Developer Guide, "Using the Lambda context object to retrieve Python function information"
    (`invoked_function_arn`); docs/adr/0020.

    Raises:
        RefusedError: the function itself was invoked, or a version of it.
    """
    found = _ALIAS.fullmatch(invoked_function_arn)
    if found is None:
        raise RefusedError(f"{invoked_function_arn} is no project's alias of this function: invoke the alias")
    return Project(name=found["name"], id=found["id"])
