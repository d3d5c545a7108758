"""The lifecycle of one resource."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox_plugins.cases.dependencies import InputsOf
from tests.sandbox_plugins.plugin import ResourceState


@dataclass(frozen=True, kw_only=True)
class Case:
    """The lifecycle of one resource."""

    inputs: InputsOf
    id: str
    """Pattern of the id that the official provider gives it."""
    change: InputsOf | None = None
    """Inputs that are updated in place; None for a type that cannot be updated."""
    replace: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Properties that require a replacement, with their new values."""
    imported: Callable[[ResourceState], str] = lambda created: created.id
    """The id that an import gives."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Patterns of outputs."""
    unread: frozenset[str] = frozenset()
    """Inputs that the cloud never returns, so that an import cannot know them."""
    stays: bool = False
    """Whether deleting it leaves it in the cloud, as with the official provider."""
