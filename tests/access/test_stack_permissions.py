"""The table of CloudFormation's resource handlers, compared with AWS's own data and the local CloudFormation."""

import pytest

from sandbox.aws.cloudformation import handlers
from tests.access.authorization import resource_types
from tests.access.stack_permissions import OPERATIONS

DECLARED = {
    kind: {action for each in OPERATIONS for action in handlers.declared(kind, each)} for kind in handlers.PROPERTIES
}


@pytest.mark.parametrize("kind", DECLARED)
def test_every_declared_action_is_one_that_iam_has(kind: str) -> None:
    assert [action for action in DECLARED[kind] if resource_types(action) is None] == []


def test_what_is_left_out_as_no_action_is_none() -> None:
    assert [action for action in handlers.NO_ACTIONS if resource_types(action) is not None] == []


@pytest.mark.parametrize("kind", DECLARED)
def test_an_action_is_attributed_to_a_property_only_if_the_handlers_declare_it(kind: str) -> None:
    attributed = {action for actions in handlers.PROPERTIES[kind].values() for action in actions}

    assert attributed - DECLARED[kind] == set()


def test_an_action_that_is_never_required_is_declared_and_attributed_to_nothing() -> None:
    attributed = {
        action for properties in handlers.PROPERTIES.values() for actions in properties.values() for action in actions
    }

    assert set(handlers.UNUSED) <= set().union(*DECLARED.values()) - attributed
