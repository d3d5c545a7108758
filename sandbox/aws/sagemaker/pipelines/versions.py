"""Versions of a pipeline, and their aliases.

Source: SageMaker API Reference, CreatePipeline, UpdatePipeline, UpdatePipelineVersion and AliasOperations. An alias is never
moved: it is removed from its version first, and nothing has it until it is added to another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.service import Members, now

MOST_ALIASES = 10
"""Aliases that a version can have."""


@dataclass(kw_only=True)
class Version:
    """A version of a pipeline's definition."""

    identifier: int
    definition: str
    aliases: list[str]
    created: float = field(default_factory=now)
    display_name: str | None = None
    description: str | None = None
    last_execution: str | None = None

    def description_members(self) -> Members:
        """Return what DescribePipeline tells about the version; its number is not among it."""
        members = {
            "PipelineVersionDisplayName": self.display_name,
            "PipelineVersionDescription": self.description,
            "PipelineVersionAliases": list(self.aliases),
        }
        return {name: value for name, value in members.items() if value}

    def summary(self, pipeline_arn: str) -> Members:
        """Return the version as ListPipelineVersions answers it."""
        return {
            "PipelineArn": pipeline_arn,
            "PipelineVersionId": self.identifier,
            "CreationTime": self.created,
            **({"LastExecutionPipelineExecutionArn": self.last_execution} if self.last_execution else {}),
            **self.description_members(),
        }


class Versions:
    """The versions of one pipeline, the oldest first."""

    def __init__(self, definition: str, aliases: Sequence[str]) -> None:
        self._versions: list[Version] = []
        self.add(definition, aliases)

    def __iter__(self) -> Iterator[Version]:
        return iter(self._versions)

    @property
    def latest(self) -> Version:
        """The latest version, which is meant where a request names none."""
        return self._versions[-1]

    def add(self, definition: str, aliases: Sequence[str]) -> Version:
        """Add a version.

        Raises:
            ServiceError: another version has one of the aliases, or they break a rule.
        """
        self._check_aliases(aliases)
        added = Version(identifier=len(self._versions) + 1, definition=definition, aliases=list(aliases))
        self._versions.append(added)
        return added

    def named_by(self, members: Mapping[str, object]) -> Version:
        """Return the version that a request names by its number or by an alias; the latest if it names none.

        Raises:
            ServiceError: there is none, or the request names both.
        """
        identifier, alias = members.get("PipelineVersionId"), members.get("PipelineVersionAlias")
        if identifier is not None and alias is not None:
            raise _invalid("PipelineVersionId can't be specified with PipelineVersionAlias.")
        if identifier is None and alias is None:
            return self.latest
        for version in self._versions:
            if version.identifier == identifier or alias in version.aliases:
                return version
        shown = f"with the alias '{alias}'" if identifier is None else f"'{identifier}'"
        raise ServiceError("ResourceNotFound", f"Pipeline version {shown} does not exist.")

    def change_aliases(self, version: Version, *, add: Sequence[str], remove: Sequence[str]) -> None:
        """Remove aliases from a version and add others.

        Raises:
            ServiceError: another version has one of them, or they break a rule.
            NotEmulatedError: no document says how SageMaker answers.
        """
        both = sorted(set(add) & set(remove))
        if both:
            raise _invalid(f"An alias can't be both added and removed: {both}")
        if not set(remove) <= set(version.aliases) or set(add) & set(version.aliases):
            raise NotEmulatedError(
                "aliases that are removed from a version without them, or added to one that has them"
            )
        self._check_aliases(add)
        aliases = [alias for alias in version.aliases if alias not in remove] + list(add)
        _check_number(aliases)
        version.aliases = aliases

    def _check_aliases(self, wanted: Sequence[str]) -> None:
        for alias in wanted:
            if alias.isdigit():
                raise _invalid(f"The alias '{alias}' can't consist of numbers only.")
            if any(alias in version.aliases for version in self._versions) or wanted.count(alias) > 1:
                # No document names the code of this error.
                raise ServiceError("ConflictException", f"The alias '{alias}' must be unique within the pipeline.")
        _check_number(wanted)


def _check_number(aliases: Sequence[str]) -> None:
    if len(aliases) > MOST_ALIASES:
        raise _invalid(f"A pipeline version can have up to {MOST_ALIASES} aliases.")


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
