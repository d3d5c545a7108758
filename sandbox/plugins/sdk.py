"""Reads the inputs that the Pulumi SDK declares for a resource type, from the SDK's generated source.

Importing one service of `pulumi_aws` takes up to 0.8 s, and every preview starts the plugins anew. The source is regular:
the inputs of all types together take 0.1 s to read.
"""

import ast
import re
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from sandbox.plugins.properties import Kind

_KINDS = {
    "str": Kind.TEXT,
    "int": Kind.NUMBER,
    "float": Kind.NUMBER,
    "bool": Kind.FLAG,
    "Archive": Kind.ASSET,
    "Asset": Kind.ASSET,
}
_PYTHON_NAMES = {"lambda": "lambda_", "index": ""}
"""Folders of the SDK whose names are not those of the type's module."""


class SdkError(Exception):
    """The SDK does not declare what a stand-in supports, or declares it in an unknown way."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The type of a value, as the SDK declares it."""

    kind: Kind
    element: "Shape | None" = None
    """The type of each value in a list or map."""
    fields: "InputClass | None" = None
    """The fields of an object."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One input, as the SDK declares it."""

    shape: Shape
    required: bool


@dataclass(frozen=True)
class InputClass:
    """An SDK class with the inputs of a resource type, a provider, or an object in one of them."""

    path: Path
    name: str

    def inputs(self) -> dict[str, Declaration]:
        """Return the inputs by their names in the wire form.

        Raises:
            SdkError: the source has no such class, or declares an input in an unknown way.
        """
        source = self.path.read_text()
        start = source.find(f"\nclass {self.name}:\n")
        if start < 0:
            raise SdkError(f"{self.path} has no class {self.name}")
        end = source.find("\nclass ", start + 1)
        body = source[start : end if end > 0 else len(source)]
        wire_names = {python: wire for wire, python in re.findall(r'getter\(name="(\w+)"\)\n +def (\w+)\(', body)}
        signature = body[body.index("def __init__(") : body.index("):\n")]
        function = ast.parse(f"{signature}): ...").body[0]
        if not isinstance(function, ast.FunctionDef):
            raise SdkError(f"{self.name} has no signature that the sandbox can read")
        return {
            wire_names.get(argument.arg, argument.arg): Declaration(
                shape=self._shape(argument.annotation), required=default is None
            )
            for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        }

    def _shape(self, annotation: ast.expr | None) -> Shape:
        match annotation:
            case ast.Subscript(value=ast.Attribute(attr="Input") | ast.Name(id="Optional"), slice=inner):
                return self._shape(inner)
            case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=[first, *_])):
                # The program gives a policy or the value of an enumeration as a string, not as the SDK's object.
                return self._shape(first)
            case ast.Subscript(value=ast.Name(id="Sequence"), slice=inner):
                return Shape(kind=Kind.LIST, element=self._shape(inner))
            case ast.Subscript(value=ast.Name(id="Mapping"), slice=ast.Tuple(elts=[_, inner])):
                return Shape(kind=Kind.MAP, element=self._shape(inner))
            case ast.Attribute(attr=name) if name in _KINDS:
                return Shape(kind=_KINDS[name])
            case ast.Constant(value=str(name)):
                return Shape(kind=Kind.OBJECT, fields=InputClass(self.path.with_name("_inputs.py"), name))
            case _:
                unknown = ast.unparse(annotation) if annotation else "an argument without a type"
                raise SdkError(f"{self.name} declares {unknown}, which the sandbox cannot read")


def resource_inputs(type_name: str) -> InputClass:
    """Return the class with the inputs of a resource type, such as `aws:ec2/vpc:Vpc`.

    Raises:
        SdkError: the SDK has no such type.
    """
    package, module, name = type_name.split(":")
    folder, _, file = module.partition("/")
    file = re.sub("(?=[A-Z])", "_", file).lower()
    path = _package_folder(package) / _PYTHON_NAMES.get(folder, folder) / f"{file}.py"
    if not path.exists():
        raise SdkError(f"{type_name}: the installed SDK has no such resource type")
    # The arguments of a resource are called InitArgs where one of its objects has taken their name.
    taken = f"\nclass {name}InitArgs:\n" in path.read_text()
    return InputClass(path, f"{name}InitArgs" if taken else f"{name}Args")


def provider_inputs(package: str) -> InputClass:
    """Return the class with the settings of a provider, such as `aws`."""
    return InputClass(_package_folder(package) / "provider.py", "ProviderArgs")


def _package_folder(package: str) -> Path:
    # Found without importing it: that would take seconds.
    found = PathFinder.find_spec(f"pulumi_{package}")
    if found is None or found.origin is None:
        raise SdkError(f"pulumi_{package} is not installed")
    return Path(found.origin).parent
