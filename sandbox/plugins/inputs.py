"""The inputs that a stand-in supports, with the facts about them that the SDK lacks."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.plugins.properties import Kind, Property
from sandbox.plugins.sdk import InputClass, SdkError, Shape

_NO_DEFAULTS: Mapping[str, Any] = {}
_NO_OBJECTS: "Mapping[str, Inputs]" = {}


class Inputs:
    """Supported inputs of a resource type, a provider, or an object in one of them; every other one is refused.

    The SDK declares their types, and which of them are required. All names are in the wire form (camelCase), several in
    one string separated by spaces. An input that any argument names is supported.
    """

    def __init__(
        self,
        *plain: str,
        replaces: str = "",
        presence_replaces: str = "",
        computed: str = "",
        required: str = "",
        ordered: str = "",
        policies: str = "",
        json: str = "",
        defaults: Mapping[str, Any] = _NO_DEFAULTS,
        objects: "Mapping[str, Inputs]" = _NO_OBJECTS,
    ) -> None:
        """Name the supported inputs.

        Args:
            plain: inputs that need no other argument.
            replaces: inputs whose change requires a replacement.
            presence_replaces: objects that require a replacement if set or removed, but not always if changed.
            computed: inputs for which the cloud chooses a value if the program sets none.
            required: inputs that AWS requires although the SDK does not.
            ordered: lists whose order matters; every other list is a set.
            policies: policies as JSON in a string, compared by their meaning.
            json: other JSON in a string, in which the order of lists matters.
            defaults: values that the official provider sends for inputs that the program does not set.
            objects: the supported fields of objects, and of objects in lists.
        """
        self.replaces = frozenset(replaces.split())
        self.presence_replaces = frozenset(presence_replaces.split())
        self.computed = frozenset(computed.split())
        self.required = frozenset(required.split())
        self.ordered = frozenset(ordered.split())
        self.policies = frozenset(policies.split())
        self.json = frozenset(json.split())
        self.defaults = defaults
        self.objects = objects
        self.names = frozenset(" ".join(plain).split()).union(
            self.replaces,
            self.presence_replaces,
            self.computed,
            self.required,
            self.ordered,
            self.policies,
            self.json,
            self.defaults,
            self.objects,
        )

    def properties(self, of: InputClass) -> dict[str, Property]:
        """Return the supported inputs, with the types that a class of the SDK declares.

        Raises:
            SdkError: the SDK has no such input, or one of another type.
        """
        declared = of.inputs()
        wrong = [*sorted(self.names - declared.keys()), *self._wrong_types({n: d.shape for n, d in declared.items()})]
        if wrong:
            raise SdkError(f"{of.name} does not declare these inputs so: {', '.join(wrong)}")
        return {
            name: self._property(name, declaration.shape, required=declaration.required)
            for name, declaration in declared.items()
            if name in self.names
        }

    def _wrong_types(self, shapes: Mapping[str, Shape]) -> Iterator[str]:
        """Yield the inputs whose arguments do not fit the types in the SDK."""
        for name in sorted(self.names & shapes.keys()):
            shape = shapes[name]
            has_fields = shape.fields is not None or (shape.element is not None and shape.element.fields is not None)
            if (
                (name in self.ordered and shape.kind is not Kind.LIST)
                or (name in self.presence_replaces and shape.kind is not Kind.OBJECT)
                or (name in self.policies | self.json and shape.kind is not Kind.TEXT)
                or (name in self.objects) != has_fields
            ):
                yield name

    def _property(self, name: str, shape: Shape, *, required: bool) -> Property:
        kind = shape.kind
        if name in self.policies:
            kind = Kind.DOCUMENT
        elif name in self.json:
            kind = Kind.JSON
        elif kind is Kind.LIST and name not in self.ordered:
            kind = Kind.SET
        return Property(
            kind=kind,
            required=required or name in self.required,
            replaces=name in self.replaces,
            presence_replaces=name in self.presence_replaces,
            computed=name in self.computed,
            default=self.defaults.get(name),
            element=self._element(name, shape.element),
            fields=self.objects[name].properties(shape.fields) if shape.fields else None,
        )

    def _element(self, name: str, shape: Shape | None) -> Property | None:
        if shape is None:
            return None
        fields = self.objects[name].properties(shape.fields) if shape.fields else None
        return Property(kind=shape.kind, fields=fields)
