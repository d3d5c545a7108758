"""What a resource type has to say for itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Property, Values
from sandbox.plugins.sdk import provider_inputs, resource_inputs

Cloud = TypeVar("Cloud")
"""How a provider's resources reach their cloud."""


class RefusedError(Exception):
    """An error whose message is for the user as it stands."""


@dataclass(frozen=True, kw_only=True)
class AutoName:
    """How a physical name is made for a resource whose program gives none."""

    property: str = "name"
    prefix: str = ""
    longest: int = 255
    lower_case: bool = False


class Resource(ABC, Generic[Cloud]):
    """One resource type: its properties, and how it is made, read, changed and removed.

    What `read` leaves out keeps its value: the cloud does not tell everything.
    """

    type_name: ClassVar[str]
    """The type as the engine writes it, such as `aws:iam/role:Role`."""
    inputs: ClassVar[Inputs]
    """The supported inputs; all of them are outputs too."""
    outputs: ClassVar[tuple[str, ...]] = ()
    """What only the cloud knows."""
    changing_outputs: ClassVar[tuple[str, ...]] = ()
    """Outputs that an update may change, so that a preview cannot know them."""
    auto_name: ClassVar[AutoName | None] = None

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """The supported inputs with their types, which are read from the SDK for a type that is used."""
        return self.inputs.properties(resource_inputs(self.type_name))

    def refusals(self, wanted: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Return what is wrong with inputs that are right one by one, as property and sentence."""
        return ()

    @abstractmethod
    def create(self, cloud: Cloud, wanted: Values) -> str:
        """Make the resource by one request and return its id; nothing may exist when this raises."""

    def complete(self, cloud: Cloud, identifier: str, wanted: Values) -> None:
        """Do what is left after `create`: wait, and set what takes further requests."""
        return

    @abstractmethod
    def read(self, cloud: Cloud, identifier: str, state: Values) -> Values | None:
        """Return the properties as the cloud has them, or None when the resource is gone.

        `state` is what was known before; it is empty for an import.
        """

    def update(self, cloud: Cloud, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Change the properties `changed`; never called for a type whose every property takes a new resource."""
        raise RefusedError(f"{self.type_name}: {', '.join(sorted(changed))} cannot be changed in place")

    @abstractmethod
    def delete(self, cloud: Cloud, identifier: str, state: Values) -> None:
        """Remove the resource; raising an error for which `is_gone` holds means that somebody else did."""

    @abstractmethod
    def is_gone(self, error: Exception) -> bool:
        """Tell whether an error says that the resource does not exist."""

    def compared(self) -> Mapping[str, Property]:
        """Return the properties whose wanted values are compared with the cloud's."""
        return self.properties

    def planned(self, cloud: Cloud, wanted: Values) -> Values:
        """Return what the program wants, with what the provider's own configuration adds to it."""
        return wanted

    def observed(self, cloud: Cloud, state: Values, seen: Values) -> Values:
        """Return what `read` saw, with what follows from it."""
        return seen


class Provider(ABC, Generic[Cloud]):
    """A package of resource types, and how its cloud is reached."""

    package: ClassVar[str]
    version: ClassVar[str]
    """Of the official plugin that this one stands in for."""
    settings: ClassVar[Inputs]
    """The supported settings of the provider itself."""

    types: "Mapping[str, Resource[Cloud]]"
    """The resource types by their names."""
    functions: "Mapping[str, Callable[[Cloud, Values], Values]]"
    """The functions that only read, by their names."""

    @cached_property
    def configuration(self) -> Mapping[str, Property]:
        """The supported settings with their types."""
        return self.settings.properties(provider_inputs(self.package))

    @abstractmethod
    def connect(self, configuration: Values) -> Cloud:
        """Return the cloud that a configured provider acts on."""

    @abstractmethod
    def explain(self, error: Exception) -> str | None:
        """Return an error of the cloud as a sentence, or None for an error of our own making."""
