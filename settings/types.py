"""Kinds of values that settings have; each is refused with a remedy of its own."""

import difflib
import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, TypeVar

import botocore.session
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from products import sagemaker_images

Value = TypeVar("Value")


def problem(remedy: str) -> PydanticCustomError:
    """Return the error of a value that is wrong in a way that only the platform knows about."""
    return PydanticCustomError("platform", "{text}", {"text": remedy})


def pattern(expression: str, remedy: str) -> AfterValidator:
    """Accept texts that match `expression` as a whole; refuse others with `remedy`."""
    compiled = re.compile(expression)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise problem(remedy)
        return value

    return AfterValidator(check)


def without_repeats(values: list[Value], key: Callable[[Value], str] = str) -> list[Value]:
    """Refuse a list that has the same value twice, or two values with the same `key`."""
    names = [key(value) for value in values]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise problem(f"list each once; more than once: {', '.join(repeated)}")
    return values


def _not_a_flag(value: object) -> object:
    if isinstance(value, bool):
        raise problem("write a whole number")
    return value


@cache
def _instance_types(*shapes: str) -> list[str]:
    """Return the types of instances that AWS lists in shapes of its API."""
    session: Any = botocore.session.get_session()
    model = session.get_service_model("sagemaker")
    listed: set[str] = {each for shape in shapes for each in model.shape_for(shape).enum}
    return sorted(each for each in listed if each.startswith("ml."))


def _runs(what: str, *shapes: str) -> AfterValidator:
    """Accept types of instances that AWS lists in one of `shapes`; `what` runs on them."""

    def check(instance_type: str) -> str:
        known = _instance_types(*shapes)
        if instance_type not in known:
            close = difflib.get_close_matches(instance_type, known, n=1)
            likely = f"; did you mean {close[0]}?" if close else ", such as ml.m5.large"
            raise problem(f"give a SageMaker instance type that {what} run on{likely}")
        return instance_type

    return AfterValidator(check)


def _with_images(region: str) -> str:
    if region not in sagemaker_images.ACCOUNTS:
        raise problem(
            "choose an AWS region that has SageMaker's images for XGBoost and scikit-learn, without which no project can "
            f"be launched: {', '.join(sagemaker_images.ACCOUNTS)}"
        )
    return region


Login = Annotated[str, pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}", "give a login, without @")]
"""The login of an account at GitHub."""
ProfileName = Annotated[
    str, pattern(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}", "use letters, digits and single hyphens, at most 63")
]
"""The name of a user profile in Studio."""
Approver = Annotated[
    str,
    pattern(
        r"d-(-*[a-z0-9]){1,61}/[A-Za-z0-9](-*[A-Za-z0-9]){0,62}",
        "give the domain's id and the user profile, such as d-abcdefghijkl/grace: another domain may have a profile of the same name; "
        "pulumi stack output studioDomainId prints the id for development's stack",
    ),
]
"""A user profile in Studio, with its domain. Source: SageMaker API Reference, CreateUserProfile."""
RoleName = Annotated[
    str,
    pattern(
        r"([A-Za-z0-9_+=,.@-]{1,64}/)*[A-Za-z0-9_+=,.@-]{1,64}",
        "give the name of a role as its ARN has it after role/, such as orders or teams/orders",
    ),
]
"""The name of a role of the account, with its path."""
AccountId = Annotated[str, pattern(r"\d{12}", "an AWS account id is 12 digits; keep it in quotes, or YAML drops zeros")]
Email = Annotated[
    str,
    pattern(
        r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+",
        "give an address, such as mlops@example.com",
    ),
]
EnvironmentName = Annotated[
    str, pattern(r"[a-z][a-z0-9]{1,7}", "use 2 to 8 lower-case letters and digits, a letter first")
]
HttpsUrl = Annotated[
    str,
    pattern(
        r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?",
        "give a URL that starts with https:// and does not end with a slash",
    ),
]
AppInstanceType = Annotated[str, _runs("Studio's apps", "AppInstanceType")]
JobInstanceType = Annotated[
    str, _runs("jobs", "TrainingInstanceType", "ProcessingInstanceType", "TransformInstanceType")
]
BatchInstanceType = Annotated[str, _runs("batches", "ProcessingInstanceType")]
EndpointInstanceType = Annotated[str, _runs("endpoints", "ProductionVariantInstanceType")]
Number = Annotated[int, BeforeValidator(_not_a_flag)]
Region = Annotated[str, AfterValidator(_with_images)]
SecurityGroupId = Annotated[
    str, pattern(r"sg-[0-9a-f]{8,17}", "give the id of an existing security group, such as sg-0a1b2c3d4e5f60718")
]
SubnetId = Annotated[
    str, pattern(r"subnet-[0-9a-f]{8,17}", "give the id of an existing subnet, such as subnet-0a1b2c3d4e5f60718")
]
ZoneId = Annotated[
    str,
    pattern(
        r"[a-z]{2,5}\d-az\d",
        "give the id of an availability zone, such as euw1-az1; a name such as eu-west-1a is another zone in each account "
        "(aws ec2 describe-availability-zones shows both)",
    ),
]
VpcId = Annotated[str, pattern(r"vpc-[0-9a-f]{8,17}", "give the id of an existing VPC, such as vpc-0a1b2c3d4e5f60718")]


class Section(BaseModel):
    """A group of settings: immutable, in camelCase, closed to unknown keys."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_by_alias=True,
        validate_by_name=False,
        validate_default=True,
    )
