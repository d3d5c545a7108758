"""The base of all AWS resource types."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import AbsentError, Aws, code_of
from sandbox.plugins.properties import Property, Values
from sandbox.plugins.resource import RefusedError, Resource
from sandbox.plugins.values import UNKNOWN, mapping_of


class AwsResource(Resource[Aws]):
    """The base of AWS resource types: regions, tags and errors."""

    gone: ClassVar[frozenset[str]] = frozenset()
    """Error codes that say that the resource does not exist."""
    regional: ClassVar[bool] = True
    """Whether resources of the type belong to a region."""

    def is_gone(self, error: Exception) -> bool:
        """Return whether AWS says that the resource does not exist."""
        return isinstance(error, AbsentError) or (isinstance(error, ClientError) and code_of(error) in self.gone)

    def compared(self) -> Mapping[str, Property]:
        """Return the properties, and `tagsAll` with the provider's default tags if the type has tags."""
        return self._compared

    @cached_property
    def _compared(self) -> Mapping[str, Property]:
        if "tags" not in self.properties:
            return self.properties
        return {**self.properties, "tagsAll": replace(self.properties["tags"], computed=True)}

    def planned(self, cloud: Aws, wanted: Values) -> Values:
        """Add the provider's default tags, which the resource's own override."""
        if "tags" not in self.properties:
            return wanted
        own: Any = mapping_of(wanted.get("tags"))
        return {**wanted, "tagsAll": own if own == UNKNOWN else {**cloud.default_tags, **own}}

    def observed(self, cloud: Aws, state: Values, seen: Values) -> Values:
        """Separate the resource's own tags from the provider's default tags, and add the region."""
        if self.regional:
            seen = {**seen, "region": cloud.region}
        if "tagsAll" not in seen:
            return seen
        seen = dict(seen)
        everything = {key: value for key, value in seen["tagsAll"].items() if not key.startswith("aws:")}
        own: dict[str, str] = mapping_of(state.get("tags"))
        seen["tagsAll"] = everything
        seen["tags"] = {
            key: value for key, value in everything.items() if key in own or cloud.default_tags.get(key) != value
        }
        return seen

    def update(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the tags, then the other properties."""
        others = changed - {"tags", "tagsAll"}
        if others != changed:
            old: dict[str, str] = mapping_of(state.get("tagsAll"))
            new: dict[str, str] = wanted["tagsAll"]
            removed = sorted(key for key in old if key not in new)
            added = {key: value for key, value in new.items() if old.get(key) != value}
            self.retag(cloud, identifier, state, removed, added)
        if others:
            self.change(cloud, identifier, state, wanted, others)

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Remove and add tags."""
        raise NotImplementedError(f"{self.type_name} has tags but no way to change them")

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update properties other than tags."""
        raise RefusedError(f"{self.type_name}: {', '.join(sorted(changed))} cannot be changed in place")
