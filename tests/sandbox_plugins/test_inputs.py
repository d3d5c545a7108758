"""The inputs that a stand-in supports, with the types that the SDK declares for them."""

from pathlib import Path

import pytest

from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Kind, Property
from sandbox.plugins.sdk import InputClass, SdkError, provider_inputs, resource_inputs

SOURCE = '''
@pulumi.input_type
class BoxArgs:
    def __init__(__self__, *,
                 lid: pulumi.Input['BoxLidArgs'],
                 box_name: pulumi.Input[Optional[_builtins.str]] = None,
                 handles: pulumi.Input[Optional[Sequence[pulumi.Input['BoxLidArgs']]]] = None,
                 policy: pulumi.Input[Optional[Union[_builtins.str, 'PolicyDocumentArgs']]] = None,
                 shelf: pulumi.Input[Optional[Shelf]] = None,
                 sizes: pulumi.Input[Optional[Sequence[pulumi.Input[_builtins.float]]]] = None):
        """
        :param pulumi.Input[_builtins.str] box_name: The name (of the box):
        """

    @_builtins.property
    @pulumi.getter(name="boxName")
    def box_name(self) -> pulumi.Input[Optional[_builtins.str]]:
        return pulumi.get(self, "box_name")


@pulumi.input_type
class BoxLidArgs:
    def __init__(__self__, *,
                 round: pulumi.Input[_builtins.bool]):
        pulumi.set(__self__, "round", round)

    @_builtins.property
    @pulumi.getter(name="lidRound")
    def round(self) -> pulumi.Input[_builtins.bool]:
        return pulumi.get(self, "round")
'''
LID = Inputs("lidRound")
ROUND = {"lidRound": Property(kind=Kind.FLAG, required=True)}


@pytest.fixture
def box(tmp_path: Path) -> InputClass:
    """A class as the SDK's generator writes it, but with one input whose type is unknown."""
    path = tmp_path / "_inputs.py"
    path.write_text(SOURCE)
    return InputClass(path, "BoxArgs")


@pytest.fixture
def readable(box: InputClass) -> InputClass:
    """The class without that input."""
    box.path.write_text(SOURCE.replace("                 shelf: pulumi.Input[Optional[Shelf]] = None,\n", ""))
    return box


def test_types_come_from_the_sdk_and_the_rest_from_the_stand_in(readable: InputClass) -> None:
    inputs = Inputs(
        "sizes",
        replaces="boxName",
        computed="boxName policy",
        ordered="handles",
        policies="policy",
        defaults={"boxName": "box"},
        objects={"lid": LID, "handles": LID},
    )
    assert inputs.properties(readable) == {
        "lid": Property(kind=Kind.OBJECT, required=True, fields=ROUND),
        "boxName": Property(kind=Kind.TEXT, replaces=True, computed=True, default="box"),
        "handles": Property(kind=Kind.LIST, element=Property(kind=Kind.OBJECT, fields=ROUND)),
        "policy": Property(kind=Kind.DOCUMENT, computed=True),
        "sizes": Property(kind=Kind.SET, element=Property(kind=Kind.NUMBER)),
    }


def test_inputs_that_are_not_named_are_not_supported(readable: InputClass) -> None:
    assert Inputs(objects={"lid": LID}).properties(readable).keys() == {"lid"}


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        (Inputs("colour"), "colour"),
        (Inputs(objects={"lid": Inputs("square")}), "square"),
        (Inputs("lid"), "lid"),
        (Inputs(objects={"boxName": LID}), "boxName"),
        (Inputs(ordered="boxName"), "boxName"),
        (Inputs(policies="sizes"), "sizes"),
        (Inputs(json="sizes"), "sizes"),
        (Inputs(presence_replaces="boxName"), "boxName"),
    ],
)
def test_an_input_that_the_sdk_declares_otherwise_is_an_error(readable: InputClass, inputs: Inputs, name: str) -> None:
    with pytest.raises(SdkError, match=f"does not declare these inputs so: {name}$"):
        inputs.properties(readable)


def test_a_type_that_cannot_be_read_is_an_error(box: InputClass) -> None:
    with pytest.raises(SdkError, match="BoxArgs declares Shelf, which the sandbox cannot read"):
        box.inputs()


def test_a_type_that_the_sdk_does_not_have_is_an_error(box: InputClass) -> None:
    with pytest.raises(SdkError, match="aws:ec2/crate:Crate: the installed SDK has no such resource type"):
        resource_inputs("aws:ec2/crate:Crate")
    with pytest.raises(SdkError, match="pulumi_toys is not installed"):
        provider_inputs("toys")
    with pytest.raises(SdkError, match="has no class CrateArgs"):
        InputClass(box.path, "CrateArgs").inputs()
