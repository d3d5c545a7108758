"""The resources that a program declares while it runs, with the inputs that decide what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from costs.charges import Inputs


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One resource that the program declared."""

    kind: str
    """Type token, such as `aws:kms/key:Key`."""
    inputs: Inputs


def record() -> Sequence[Declaration]:
    """Return a list that grows with each resource that the running program declares from now on.

    A transformation sees every resource; this one changes none. Counting what is declared cannot forget a resource, as a
    second list of them could.
    """
    declared: list[Declaration] = []

    def note(args: pulumi.ResourceTransformationArgs) -> None:
        declared.append(Declaration(kind=args.type_, inputs=args.props))

    pulumi.runtime.register_stack_transformation(note)
    return declared
