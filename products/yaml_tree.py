"""YAML as a tree of ruamel's, which keeps the style and the comments of what is read.

The trees are `Any`: the types of ruamel do not say what their nodes hold.
"""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar


def round_trip() -> Any:
    """A reader and writer of YAML in the style of the parts."""
    yaml: Any = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def is_map(node: Any) -> bool:
    """Whether a node is a mapping."""
    return isinstance(node, CommentedMap)


def is_list(node: Any) -> bool:
    """Whether a node is a list."""
    return isinstance(node, CommentedSeq)


def is_function(node: Any) -> bool:
    """Whether a node is a function of CloudFormation with one text as its argument, such as `!Ref Name`."""
    return isinstance(node, TaggedScalar)
