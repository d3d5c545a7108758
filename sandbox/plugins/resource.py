"""The interface of a resource type, and of a provider."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Property, Values
from sandbox.plugins.sdk import provider_inputs, resource_inputs

Cloud = TypeVar("Cloud")
"""The client that a provider's resources use."""


class RefusedError(Exception):
    """An error whose message is shown to the user unchanged."""


@dataclass(frozen=True, kw_only=True)
class AutoName:
    """The rule for the physical name of a resource that the program does not name."""

    property: str = "name"
    prefix: str = ""
    longest: int = 255
    lower_case: bool = False


class Resource(ABC, Generic[Cloud]):
    """One resource type: its properties, and how it is created, read, updated and deleted.

    Properties that `read` leaves out keep their values: the cloud does not return everything.
    """

    type_name: ClassVar[str]
    """The type as the engine writes it, such as `aws:iam/role:Role`."""
    inputs: ClassVar[Inputs]
    """The supported inputs; all of them are outputs too."""
    outputs: ClassVar[tuple[str, ...]] = ()
    """Properties that only the cloud sets."""
    changing_outputs: ClassVar[tuple[str, ...]] = ()
    """Outputs that an update may change, so that a preview cannot know them."""
    auto_name: ClassVar[AutoName | None] = None

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """The supported inputs with their types, read from the SDK when the type is first used."""
        return self.inputs.properties(resource_inputs(self.type_name))

    def refusals(self, wanted: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Return the problems of inputs that are right one by one, each as property and sentence."""
        return ()

    @abstractmethod
    def create(self, cloud: Cloud, wanted: Values) -> str:
        """Create the resource by one request and return its id; when this raises, nothing may exist."""

    def complete(self, cloud: Cloud, identifier: str, wanted: Values) -> None:
        """Do what is left after `create`: wait, and send further requests."""
        return

    @abstractmethod
    def read(self, cloud: Cloud, identifier: str, state: Values) -> Values | None:
        """Return the properties as the cloud has them, or None when the resource is gone.

        `state` holds the last known properties; it is empty for an import.
        """

    def update(self, cloud: Cloud, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the properties in `changed`; never called for a type whose every change requires a replacement."""
        raise RefusedError(f"{self.type_name}: {', '.join(sorted(changed))} cannot be changed in place")

    @abstractmethod
    def delete(self, cloud: Cloud, identifier: str, state: Values) -> None:
        """Delete the resource; an error for which `is_gone` holds means that it is gone already."""

    @abstractmethod
    def is_gone(self, error: Exception) -> bool:
        """Return whether an error says that the resource does not exist."""

    def compared(self) -> Mapping[str, Property]:
        """Return the properties whose wanted values are compared with the cloud's."""
        return self.properties

    def planned(self, cloud: Cloud, wanted: Values) -> Values:
        """Return the wanted properties, with those that the provider's configuration adds."""
        return wanted

    def observed(self, cloud: Cloud, state: Values, seen: Values) -> Values:
        """Return the properties that `read` found, with those that follow from them."""
        return seen


class Provider(ABC, Generic[Cloud]):
    """A package of resource types, and the connection to its cloud."""

    package: ClassVar[str]
    version: ClassVar[str]
    """The version of the official plugin that this one replaces."""
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
        """Return the client of a configured provider."""

    @abstractmethod
    def explain(self, error: Exception) -> str | None:
        """Return an error of the cloud as a sentence, or None for a defect of this program."""
