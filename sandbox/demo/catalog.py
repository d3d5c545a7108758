"""Read what a lead may launch from Service Catalog, and fill in a launch's parameters as Studio's form does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3

PROJECT_NAME = "SageMakerProjectName"
GIVEN = (PROJECT_NAME, "SageMakerProjectId")
"""Parameters that SageMaker gives a product. Source: SageMaker AI Developer Guide, "Create Custom Project Templates"."""


class OrderError(Exception):
    """Something that cannot be launched; the message says what to write instead."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a product, as Service Catalog describes it."""

    name: str
    description: str
    default: str | None
    allowed: tuple[str, ...]
    """The only values that it takes; empty where others restrict it."""
    pattern: str
    shortest: int
    longest: int | None
    constraint: str
    """The product's own words for what a value must be."""

    def takes(self, value: str) -> bool:
        """Return whether a launch takes the value."""
        if self.allowed and value not in self.allowed:
            return False
        if self.pattern and not re.fullmatch(self.pattern, value):
            return False
        return self.shortest <= len(value) <= (len(value) if self.longest is None else self.longest)

    @property
    def values(self) -> str:
        """The values that it takes, in words."""
        return " or ".join(self.allowed) or self.constraint.removesuffix(".").removeprefix("must be ")


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product in the version that Studio offers."""

    id: str
    version: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    """Those that a person fills in."""
    project_name: Parameter


@dataclass(frozen=True, kw_only=True)
class Order:
    """A launch that was checked against its product."""

    product: Product
    name: str
    parameters: Mapping[str, str]
    """Values that the person fills in; the product's defaults hold for the rest."""


def products(session: boto3.Session) -> list[Product]:
    """Return the products that the session's role may launch, by title."""
    catalog = session.client("servicecatalog")
    offered = catalog.search_products()["ProductViewSummaries"]
    return [_product(catalog, summary) for summary in sorted(offered, key=lambda each: str(each["Name"]))]


def find(offered: Sequence[Product], title: str) -> Product:
    """Return the product with this title, or else the only one whose title has this phrase, or else these words.

    Raises:
        OrderError: there is none, or there are several.
    """
    phrase = " ".join(title.lower().split())
    titled = [(product.title.lower(), product) for product in offered]
    found = (
        [product for known, product in titled if known == phrase]
        or [product for known, product in titled if phrase in known]
        or [product for known, product in titled if all(word in known for word in phrase.split())]
    )
    if len(found) != 1:
        problem = "no product" if not found else f"{len(found)} products"
        titles = "".join(f"\n  {product.title}" for product in found or offered)
        hints = "".join(_hints(offered, phrase)) if not found else ""
        raise OrderError(f"{title!r} is in the title of {problem}; give enough of one of these:{titles}{hints}")
    return found[0]


def _hints(offered: Sequence[Product], value: str) -> Iterator[str]:
    """Yield how to launch the products that take a value for a parameter, where somebody took it for a product."""
    for product in offered:
        for parameter in product.parameters:
            if value in parameter.allowed:
                yield f"\n{value!r} is a value of a parameter: {product.title!r} --parameter {parameter.name}={value}"


def order(product: Product, name: str, parameters: Mapping[str, str]) -> Order:
    """Check a launch before anything is created.

    Raises:
        OrderError: with every problem that it has.
    """
    known = {parameter.name: parameter for parameter in product.parameters}
    problems = [] if product.project_name.takes(name) else [_wrong("--name", name, product.project_name)]
    for key, value in parameters.items():
        if key not in known:
            problems.append(f"{product.title!r} has no parameter {key!r}; it has {', '.join(known)}")
        elif not known[key].takes(value):
            problems.append(_wrong(key, value, known[key]))
    problems += [
        f"{key} is missing (--parameter {key}=…): {parameter.description}"
        for key, parameter in known.items()
        if parameter.default is None and key not in parameters
    ]
    if problems:
        raise OrderError("\n".join(problems))
    return Order(product=product, name=name, parameters=parameters)


def _wrong(key: str, value: str, parameter: Parameter) -> str:
    return f"{key} cannot be {value!r}: it must be {parameter.values}"


def _product(catalog: Any, summary: Mapping[str, Any]) -> Product:
    product = str(summary["ProductId"])
    versions = catalog.describe_product(Id=product)["ProvisioningArtifacts"]
    version = str(max(versions, key=lambda each: each["CreatedTime"])["Id"])
    described = catalog.describe_provisioning_parameters(ProductId=product, ProvisioningArtifactId=version)
    declared = [_parameter(each) for each in described["ProvisioningArtifactParameters"]]
    return Product(
        id=product,
        version=version,
        title=str(summary["Name"]),
        description=str(summary["ShortDescription"]),
        parameters=tuple(parameter for parameter in declared if parameter.name not in GIVEN),
        project_name=next(parameter for parameter in declared if parameter.name == PROJECT_NAME),
    )


def _parameter(described: Mapping[str, Any]) -> Parameter:
    constraints = described.get("ParameterConstraints", {})
    longest = constraints.get("MaxLength")
    return Parameter(
        name=str(described["ParameterKey"]),
        description=str(described.get("Description", "")),
        default=described.get("DefaultValue"),
        allowed=tuple(constraints.get("AllowedValues", ())),
        pattern=constraints.get("AllowedPattern", ""),
        shortest=int(constraints.get("MinLength", 0)),
        longest=None if longest is None else int(longest),
        constraint=constraints.get("ConstraintDescription", ""),
    )
