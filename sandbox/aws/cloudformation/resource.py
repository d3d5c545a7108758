"""Resources of stacks, their types, and the permissions that CloudFormation needs for them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

Properties = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of a stack, as a template describes it."""

    type: str
    logical_id: str
    stack_name: str
    properties: Properties
    physical_id: str | None = None
    """Known once the resource exists."""

    @property
    def own_properties(self) -> Properties:
        """The properties without the tags `aws:…`, which CloudFormation sets without a permission."""
        own = {name: value for name, value in self.properties.items() if name != "Tags"}
        tags = _own_tags(self.properties)
        return {**own, "Tags": tags} if tags else own

    def name(self, property_name: str) -> str:
        """Return the name that the template gives, or a pattern of the names that CloudFormation makes up."""
        return self.properties.get(property_name) or self.physical_id or f"{self.stack_name}-{self.logical_id}-*"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A permission that CloudFormation needs."""

    action: str
    resource: str
    context: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """The calls by which CloudFormation manages resources of a type."""

    arn: Callable[[Resource], str]
    create: tuple[str, ...]
    delete: tuple[str, ...]
    properties: Mapping[str, tuple[str, ...]]
    """Every property that the sandbox honours, with the actions that set it."""
    update: tuple[str, ...] = ()
    """Actions that every change takes."""
    change: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Properties whose change takes other actions than their first value."""
    removal: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Actions that a deletion takes because of a property."""
    contents: Mapping[str, Callable[[Resource], str]] = field(default_factory=dict[str, Callable[[Resource], str]])
    """ARNs of what is in the resource, by the actions that are on that and not on the resource."""
    without_resource: frozenset[str] = frozenset()
    """Actions that AWS offers no resource for, or none that is known beforehand."""
    context: Callable[[Resource, str], Mapping[str, Any]] = lambda resource, action: {}

    def to_create(self, resource: Resource) -> Iterator[Check]:
        """Yield the permissions that creating the resource takes."""
        wanted = [*self.create]
        for name in resource.own_properties:
            wanted += self.properties.get(name, ())
        yield from self._checks(resource, wanted)

    def to_update(self, resource: Resource, old: Properties) -> Iterator[Check]:
        """Yield the permissions that changing the resource takes, which had the properties `old`."""
        wanted: list[str] = []
        new = resource.own_properties
        before = {**old, "Tags": _own_tags(old)}
        for name in {**old, **new}:
            if (before.get(name) or None) != new.get(name):
                wanted += [*self.update, *self.change.get(name, self.properties.get(name, ()))]
        yield from self._checks(resource, wanted)

    def to_delete(self, resource: Resource) -> Iterator[Check]:
        """Yield the permissions that deleting the resource takes."""
        wanted = [*self.delete]
        for name in resource.own_properties:
            wanted += self.removal.get(name, ())
        yield from self._checks(resource, wanted)

    def _checks(self, resource: Resource, wanted: list[str]) -> Iterator[Check]:
        tags = _tags(resource.properties)
        for action in dict.fromkeys(wanted):
            yield Check(
                action=action,
                resource="*" if action in self.without_resource else self.contents.get(action, self.arn)(resource),
                context={**tags, **self.context(resource, action)},
            )


def _tags(properties: Properties) -> Mapping[str, Any]:
    tags = _own_tags(properties)
    context: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if tags:
        context["aws:TagKeys"] = list(tags)
    return context


def _own_tags(properties: Properties) -> dict[str, str]:
    tags: Any = properties.get("Tags") or {}
    pairs = cast(dict[str, str], tags) if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
    return {key: value for key, value in pairs.items() if not key.startswith("aws:")}
