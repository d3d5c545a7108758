"""Find the mistakes in a pipeline definition that SageMaker would only report when the pipeline runs.

A job step's arguments are those of an API call, so botocore's own model of that call checks them, offline: types, names, what is listed
and how much SageMaker takes. (AWS publishes a JSON schema for definitions too, but it refuses what AWS's own SDK writes.)
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from botocore.validate import ParamValidator

from mlops_platform.pipeline.expressions import Json, is_expression, nested_steps, references
from mlops_platform.project.aws import service_model

OPERATIONS = {
    "Processing": ("CreateProcessingJob", "ProcessingJobName"),
    "Training": ("CreateTrainingJob", "TrainingJobName"),
    "Transform": ("CreateTransformJob", "TransformJobName"),
    "Model": ("CreateModel", "ModelName"),
    "RegisterModel": ("CreateModelPackage", None),
}
"""Per step type: the operation that the step calls, and the argument that the pipeline adds."""

STEPS_WITHOUT_A_CALL = ("Condition", "Fail")
NUMBERS = {"integer": 1, "long": 1, "float": 1.0, "double": 1.0, "boolean": True}
MAXIMUM_BYTES = 1024 * 1024
"""SageMaker's limit for a definition."""


def problems(definition: Json) -> list[str]:
    """Return the mistakes in a definition, one sentence each."""
    steps = nested_steps(definition["Steps"])
    return [*_names(definition, steps), *_references(definition, steps), *_arguments(definition, steps)]


def _names(definition: Json, steps: list[Json]) -> list[str]:
    named = Counter(entry["Name"] for entry in (*definition.get("Parameters", []), *steps))
    return [f"the name {name} is used {count} times" for name, count in named.items() if count > 1]


def _references(definition: Json, steps: list[Json]) -> list[str]:
    parameters = {parameter["Name"] for parameter in definition.get("Parameters", [])}
    property_files = {
        step["Name"]: {file["PropertyFileName"] for file in step.get("PropertyFiles", [])} for step in steps
    }
    found: list[str] = []
    for step in steps:
        for path in references(step):
            kind, _, rest = path.partition(".")
            name, _, within = rest.partition(".")
            if kind == "Parameters" and rest not in parameters:
                found.append(f"{step['Name']} refers to the parameter {rest}, which does not exist")
            if kind == "Steps" and name not in property_files:
                found.append(f"{step['Name']} refers to the step {name}, which does not exist")
            elif kind == "Steps" and within.startswith("PropertyFiles."):
                file = within.removeprefix("PropertyFiles.")
                if file not in property_files[name]:
                    found.append(f"{step['Name']} refers to the property file {file}, which {name} does not have")
    return found


def _arguments(definition: Json, steps: list[Json]) -> list[str]:
    defaults = {parameter["Name"]: parameter.get("DefaultValue") for parameter in definition.get("Parameters", [])}
    service = service_model("sagemaker")
    found: list[str] = []
    for step in steps:
        if step["Type"] in STEPS_WITHOUT_A_CALL:
            continue
        if step["Type"] not in OPERATIONS:
            found.append(f"{step['Name']} has the unknown type {step['Type']}")
            continue
        operation, name = OPERATIONS[step["Type"]]
        shape = service.operation_model(operation).input_shape
        arguments = _filled(step["Arguments"], shape, defaults)
        if name:
            arguments.setdefault(name, "a-name")
        found.extend(f"{step['Name']}: {line}" for line in _report(arguments, shape))
        found.extend(f"{step['Name']}: {line.removeprefix('.')}" for line in _refused(arguments, shape, ""))
    return found


def _report(arguments: Json, shape: Any) -> list[str]:
    report = cast("Any", ParamValidator()).validate(arguments, shape)
    return report.generate_report().splitlines() if report.has_errors() else []


def _filled(value: Any, shape: Any, defaults: Json) -> Any:
    """Return `value` with parameters replaced by their defaults, other expressions by some value of the expected type."""
    if is_expression(value):
        default = defaults.get(str(value.get("Get")).removeprefix("Parameters."))
        return _stand_in(shape) if default is None else default
    if isinstance(value, dict):
        members = cast("Json", value)
        if shape.type_name == "structure":
            known = shape.members
            return {
                key: _filled(member, known[key], defaults) if key in known else member
                for key, member in members.items()
            }
        if shape.type_name == "map":
            return {key: _filled(member, shape.value, defaults) for key, member in members.items()}
    if isinstance(value, list) and shape.type_name == "list":
        return [_filled(element, shape.member, defaults) for element in cast("list[Any]", value)]
    return cast("Any", value)


def _stand_in(shape: Any) -> Any:
    """Return some value that the shape allows."""
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "v" * shape.metadata.get("min", 1)
    return NUMBERS[shape.type_name]


def _refused(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Yield what is more, or longer, than the operation takes, or not among what it lists; botocore leaves these to the service."""
    kind: str = shape.type_name
    if isinstance(value, dict):
        members = cast("Json", value)
        if kind == "structure":
            for key, member in members.items():
                if key in shape.members:
                    yield from _refused(member, shape.members[key], f"{path}.{key}")
        elif kind == "map":
            yield from _beyond(len(members), "elements", shape, path)
            for key, member in members.items():
                yield from _refused(key, shape.key, f"{path}.{key}: the name")
                yield from _refused(member, shape.value, f"{path}.{key}")
    elif isinstance(value, list) and kind == "list":
        elements = cast("list[Any]", value)
        yield from _beyond(len(elements), "elements", shape, path)
        for index, element in enumerate(elements):
            yield from _refused(element, shape.member, f"{path}[{index}]")
    elif isinstance(value, str) and kind == "string":
        yield from _beyond(len(value), "characters", shape, path)
        if shape.enum and value not in shape.enum:
            yield f"{path} is {value!r}, which SageMaker does not know"
    elif isinstance(value, int | float) and kind in NUMBERS and value > shape.metadata.get("max", value):
        yield f"{path} is {value}, and SageMaker takes at most {shape.metadata['max']}"


def _beyond(size: int, unit: str, shape: Any, path: str) -> Iterator[str]:
    if size > shape.metadata.get("max", size):
        yield f"{path} has {size} {unit}, and SageMaker takes at most {shape.metadata['max']}"
