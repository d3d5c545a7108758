"""How the resources reach AWS, and what every AWS resource shares: tags, regions, errors."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from typing import Any, ClassVar, TypeVar

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.plugins.properties import Kind, Property, Values
from sandbox.plugins.resource import RefusedError, Resource
from sandbox.plugins.values import UNKNOWN, is_list, is_mapping, mapping_of

_Result = TypeVar("_Result")


class AbsentError(Exception):
    """AWS's answer does not hold what was asked for."""


Client = Any
"""A botocore client: its methods are made at run time."""


class Aws:
    """One account and region, through whatever endpoint and credentials the environment gives."""

    partition = "aws"

    def __init__(self, region: str, default_tags: Mapping[str, str]) -> None:
        self.region = region
        self.default_tags = dict(default_tags)
        self._session = botocore.session.get_session()
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Client:
        """Return a service's client, made once: it is safe for threads, but slow to make."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.create_client(
                    service,
                    region_name=self.region,
                    config=Config(
                        retries={"mode": "standard", "max_attempts": 6}, max_pool_connections=64, read_timeout=120
                    ),
                )
            return self._clients[service]

    @cached_property
    def account(self) -> str:
        """The account that the credentials belong to."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


class AwsResource(Resource[Aws]):
    """What every AWS resource shares."""

    gone: ClassVar[frozenset[str]] = frozenset()
    """Error codes that say that the resource does not exist."""
    regional: ClassVar[bool] = True
    """Whether it lies in a region."""

    def is_gone(self, error: Exception) -> bool:
        """Tell whether AWS says that the resource does not exist."""
        return isinstance(error, AbsentError) or (isinstance(error, ClientError) and code_of(error) in self.gone)

    def compared(self) -> Mapping[str, Property]:
        """Return the properties, and with them all tags, the provider's default ones included."""
        return self._compared

    @cached_property
    def _compared(self) -> Mapping[str, Property]:
        if "tags" not in self.properties:
            return self.properties
        return {**self.properties, "tagsAll": replace(self.properties["tags"], computed=True)}

    def planned(self, cloud: Aws, wanted: Values) -> Values:
        """Add the provider's default tags, which the resource's own override."""
        if "tags" not in self.properties:
            return wanted
        own: Any = mapping_of(wanted.get("tags"))
        return {**wanted, "tagsAll": own if own == UNKNOWN else {**cloud.default_tags, **own}}

    def observed(self, cloud: Aws, state: Values, seen: Values) -> Values:
        """Tell the resource's own tags from the provider's default ones, and name the region."""
        if self.regional:
            seen = {**seen, "region": cloud.region}
        if "tagsAll" not in seen:
            return seen
        seen = dict(seen)
        everything = {key: value for key, value in seen["tagsAll"].items() if not key.startswith("aws:")}
        own: dict[str, str] = mapping_of(state.get("tags"))
        seen["tagsAll"] = everything
        seen["tags"] = {
            key: value for key, value in everything.items() if key in own or cloud.default_tags.get(key) != value
        }
        return seen

    def update(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Change tags and properties by a request each."""
        others = changed - {"tags", "tagsAll"}
        if others != changed:
            old: dict[str, str] = mapping_of(state.get("tagsAll"))
            new: dict[str, str] = wanted["tagsAll"]
            removed = sorted(key for key in old if key not in new)
            added = {key: value for key, value in new.items() if old.get(key) != value}
            self.retag(cloud, identifier, state, removed, added)
        if others:
            self.change(cloud, identifier, state, wanted, others)

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Remove some tags and set others."""
        raise NotImplementedError(f"{self.type_name} has tags but no way to change them")

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Change properties other than tags."""
        raise RefusedError(f"{self.type_name}: {', '.join(sorted(changed))} cannot be changed in place")


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def explain(error: Exception) -> str | None:
    """Return AWS's own words, with the operation that it refused."""
    if isinstance(error, ClientError):
        details: Any = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "?")
        return f"{error.operation_name} failed with status {status}, {details.get('Code')}: {details.get('Message')}"
    if isinstance(error, BotoCoreError):
        return str(error)
    return None


def only(found: Sequence[Any]) -> Any:
    """Return the one thing that was asked for by its id.

    Raises:
        AbsentError: it is not there; some calls answer with an empty list then, others with an error.
    """
    if not found:
        raise AbsentError
    return found[0]


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Return tags as most services take them."""
    return [{key: name, value: content} for name, content in sorted(tags.items())]


def tag_map(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Return tags by their names."""
    return {tag[key]: tag[value] for tag in tags or ()}


def picked(source: Mapping[str, Any], names: Mapping[str, str]) -> Values:
    """Return parts of AWS's answer by the SDK's names; what the answer does not hold is left out."""
    return {name: source[there] for name, there in names.items() if there in source}


def given(wanted: Mapping[str, Any], names: Mapping[str, str]) -> Values:
    """Return the wanted properties by AWS's names, for a request; what is not wanted is left out."""
    return {there: wanted[name] for name, there in names.items() if wanted.get(name) is not None}


def pascal(value: Any) -> Any:
    """Return nested objects with AWS's spelling of their keys: `idleSettings` is `IdleSettings`."""
    if is_mapping(value):
        return {key[:1].upper() + key[1:]: pascal(element) for key, element in value.items()}
    if is_list(value):
        return [pascal(element) for element in value]
    return value


_NO_NAMES: Mapping[str, str] = {}


def to_aws(declared: Property, value: Any, names: Mapping[str, str] = _NO_NAMES) -> Any:
    """Return nested objects with AWS's spelling of their keys; the keys of maps are the program's own.

    Args:
        declared: what the value may be.
        value: it.
        names: AWS's names by the SDK's where they are not the same but for the first letter.
    """
    if declared.kind is Kind.OBJECT and is_mapping(value):
        fields = declared.fields or {}
        return {
            _aws_name(name, names): to_aws(fields[name], element, names)
            for name, element in value.items()
            if element is not None
        }
    if declared.element is not None and is_list(value):
        return [to_aws(declared.element, element, names) for element in value]
    return value


def from_aws(declared: Property, value: Any, names: Mapping[str, str] = _NO_NAMES) -> Any:
    """Return nested objects of AWS's answer with the SDK's spelling, and of their fields the declared ones.

    Args:
        declared: what the value may be.
        value: it.
        names: as for `to_aws`.
    """
    if declared.kind is Kind.OBJECT and is_mapping(value):
        return {
            name: from_aws(field, value[_aws_name(name, names)], names)
            for name, field in (declared.fields or {}).items()
            if value.get(_aws_name(name, names)) is not None
        }
    if declared.element is not None and is_list(value):
        return [from_aws(declared.element, element, names) for element in value]
    return value


def _aws_name(name: str, names: Mapping[str, str]) -> str:
    return names.get(name) or name[:1].upper() + name[1:]


_GENERATED = re.compile(r"(.*)\d{18}[0-9a-f]{8}")
_generated = count(1)


def generated_name(prefix: str | None = None) -> str:
    """Return a name as the official provider makes it at creation: a prefix, the time, and a number."""
    now = datetime.now(UTC)
    return f"{prefix or 'terraform-'}{now:%Y%m%d%H%M%S}{now.microsecond // 100:04d}{next(_generated):08x}"


def prefix_of(name: str) -> str | None:
    """Return the prefix of a generated name, as the official provider guesses it."""
    match = _GENERATED.fullmatch(name)
    return match[1] if match else None


def out_of_range(path: str, value: Any, lowest: int, highest: int) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a number that is known; in the official provider's words."""
    if isinstance(value, int) and not lowest <= value <= highest:
        yield path, f"expected {path} to be in the range ({lowest} - {highest}), got {value}"


def wait_until(
    question: Callable[[], _Result | None], *, what: str, seconds: float = 300, pause: float = 0.2, longest: float = 5
) -> _Result:
    """Ask until there is an answer, with pauses that grow from `pause` to `longest` seconds.

    Raises:
        RefusedError: there is none in time.
    """
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer is not None:
            return answer
        if time.monotonic() > end:
            raise RefusedError(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, longest)


def retry(operation: Callable[[], _Result], *, codes: Iterable[str], saying: str = "", seconds: float = 120) -> _Result:
    """Repeat an operation while AWS refuses it for a reason that passes, such as a role that is too new.

    Args:
        operation: what to do.
        codes: error codes that may pass.
        saying: what is found in a message that may pass, as a regular expression.
        seconds: how long to go on; as the official provider does.
    """
    end = time.monotonic() + seconds
    pause = 0.5
    while True:
        try:
            return operation()
        except ClientError as error:
            passing = code_of(error) in set(codes) and re.search(saying, str(error)) is not None
            if not passing or time.monotonic() > end:
                raise
        time.sleep(pause)
        pause = min(pause * 1.5, 10)
