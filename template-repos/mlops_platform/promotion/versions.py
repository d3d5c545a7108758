"""The versions of a pipeline. The alias `live` says which one runs, so another one runs as soon as the alias is moved.

SageMaker has no request that moves an alias: it is removed from one version, and then added to another. Between the two there is
no live version, and the pipeline does not start. Whatever was killed in between is finished by doing it again.
Source: SageMaker API Reference, "AliasOperations".
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.pipeline.evidence import definition_digest
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.remote import checked
from mlops_platform.project.aws import error_code
from mlops_platform.promotion import PromotionError

LIVE = "live"
"""Alias of the version that runs."""
PROVED_BY = "Proved by "
"""Beginning of the description of a version that was made live when an execution had succeeded. Later ones may fail."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of a pipeline: SageMaker makes one of each changed definition, and never changes it."""

    number: int
    is_live: bool
    name: str
    """Name that says which commit it was made from; empty when a run was killed before it gave one."""
    description: str
    made: datetime
    execution_arn: str
    """Its last execution; empty when there is none."""
    pipeline_arn: str


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A pipeline as a commit wants it."""

    definition: Json
    role_arn: str
    description: str
    tags: Mapping[str, str]
    commit: str

    @property
    def version_name(self) -> str:
        """Name of the version that is made from it."""
        return f"c-{self.commit[:12]}"


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A pipeline of one account."""

    name: str
    sagemaker: Any
    say: Callable[[str], None]

    def versions(self) -> list[Version]:
        """Return all versions, the newest first; none if there is no pipeline."""
        try:
            pages = list(self.sagemaker.get_paginator("list_pipeline_versions").paginate(PipelineName=self.name))
        except ClientError as error:
            if error_code(error) != "ResourceNotFound":
                raise
            return []
        found = [_version(entry) for page in pages for entry in page["PipelineVersionSummaries"]]
        return sorted(found, key=lambda version: version.number, reverse=True)

    def version(self, number: int) -> Version:
        """Return a version.

        Raises:
            PromotionError: there is no such version.
        """
        return self._among(self.versions(), number)

    def definition(self, number: int) -> Json:
        """Return the definition of a version."""
        answer = self.sagemaker.describe_pipeline(PipelineName=self.name, PipelineVersionId=number)
        return json.loads(answer["PipelineDefinition"])

    def live_definition(self) -> Json | None:
        """Return the definition of the live version; None if there is none."""
        try:
            answer = self.sagemaker.describe_pipeline(PipelineName=self.name, PipelineVersionAlias=LIVE)
        except ClientError as error:
            if error_code(error) != "ResourceNotFound":
                raise
            return None
        return json.loads(answer["PipelineDefinition"])

    def propose(self, proposal: Proposal) -> Version:
        """Make a version of a definition, unless it is that of the newest version, and return it. It does not run yet.

        Definitions that differ only in the commit that they name are the same.

        Raises:
            InvalidDefinitionError: nothing was changed, because SageMaker would refuse the definition.
        """
        text = checked(proposal.definition)
        described = {"PipelineDisplayName": self.name, "PipelineDescription": proposal.description}
        wanted = {**described, "RoleArn": proposal.role_arn}
        tags = [{"Key": key, "Value": value} for key, value in proposal.tags.items()]
        versions = self.versions()
        if not versions:
            # The SDK sends a token of its own: one that follows from the content would stand for a pipeline that was deleted since.
            self.sagemaker.create_pipeline(
                PipelineName=self.name,
                PipelineDefinition=text,
                Tags=tags,
                **wanted,
            )
            [newest] = self.versions()
            return self._named(newest, proposal.version_name)
        newest = versions[0]
        current = self.sagemaker.describe_pipeline(PipelineName=self.name, PipelineVersionId=newest.number)
        changed = definition_digest(json.loads(current["PipelineDefinition"])) != definition_digest(proposal.definition)
        if changed:
            answer = self.sagemaker.update_pipeline(PipelineName=self.name, PipelineDefinition=text, **wanted)
            newest = self.version(answer["PipelineVersionId"])
        elif any(current.get(key) != value for key, value in wanted.items()):
            self.sagemaker.update_pipeline(PipelineName=self.name, **wanted)
        return self._named(newest, proposal.version_name)

    def last_status(self, version: Version) -> str:
        """Return the status of the last execution of a version; empty when there is none."""
        if not version.execution_arn:
            return ""
        answer = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=version.execution_arn)
        return answer["PipelineExecutionStatus"]

    def converge(self, number: int, *, execution_arn: str = "") -> bool:
        """Make a version the live one; returns whether the alias was moved.

        Args:
            number: number of the version.
            execution_arn: the execution that has just proved it; by default one has to be known.

        Raises:
            PromotionError: there is no such version, or no execution is known that proved it; nothing was changed.
        """
        versions = self.versions()
        wanted = self._among(versions, number)
        if wanted.is_live:
            return False
        proof = {"PipelineVersionDescription": f"{PROVED_BY}{execution_arn}"} if execution_arn else {}
        if not proof and not wanted.description.startswith(PROVED_BY) and self.last_status(wanted) != "Succeeded":
            raise PromotionError(
                f"version {number} of {self.name} cannot be made live: no execution is known that proved it. Let main have its code "
                "again: Deploy proves it first"
            )
        for version in versions:
            if version.is_live:
                self._change_aliases(version, {"Remove": [LIVE]})
        self._change_aliases(wanted, {"Add": [LIVE]}, **proof)
        self.say(f"version {number} of {self.name} is live")
        return True

    def _among(self, versions: Sequence[Version], number: int) -> Version:
        known = {version.number: version for version in versions}
        if number not in known:
            raise PromotionError(
                f"the pipeline {self.name} has no version {number}; it has {', '.join(map(str, known)) or 'none'}"
            )
        return known[number]

    def _named(self, version: Version, name: str) -> Version:
        if not version.name:
            self.sagemaker.update_pipeline_version(
                PipelineArn=version.pipeline_arn, PipelineVersionId=version.number, PipelineVersionDisplayName=name
            )
            self.say(f"version {version.number} of {self.name} is {name}")
        return self.version(version.number)

    def _change_aliases(self, version: Version, operations: Mapping[str, list[str]], **changes: str) -> None:
        self.sagemaker.update_pipeline_version(
            PipelineArn=version.pipeline_arn,
            PipelineVersionId=version.number,
            PipelineVersionAliasOperations=operations,
            **changes,
        )


def _version(entry: Json) -> Version:
    return Version(
        number=entry["PipelineVersionId"],
        is_live=LIVE in entry.get("PipelineVersionAliases", []),
        name=entry.get("PipelineVersionDisplayName", ""),
        description=entry.get("PipelineVersionDescription", ""),
        made=entry["CreationTime"],
        execution_arn=entry.get("LastExecutionPipelineExecutionArn", ""),
        pipeline_arn=entry["PipelineArn"],
    )
