"""Find the champion: the version that a new one has to beat before it is registered."""

from dataclasses import dataclass
from typing import Any

from mlops_platform.pipeline.evidence import registered_artifact
from mlops_platform.pipeline.expressions import Json

PRODUCTION = "Production"
"""Stage of the version that production serves. Source: SageMaker Developer Guide, "Staging construct for your model lifecycle"."""


@dataclass(frozen=True, kw_only=True)
class Champion:
    """A registered version, by what the evaluation needs of it."""

    version: int
    artifact_uri: str
    sha256: str
    """SHA-256 of the artifact, as it was registered."""


def find(sagemaker: Any, group: str) -> Champion | None:
    """Return the version that production serves by its life cycle or, if none says so, the newest that was approved.

    None if there is neither, or if it was registered without the digest of its artifact.
    """
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    versions: list[Json] = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    serving = [each for each in versions if each.get("ModelLifeCycle", {}).get("Stage") == PRODUCTION]
    approved = [each for each in versions if each["ModelApprovalStatus"] == "Approved"]
    found = next(iter(serving or approved), None)
    if found is None:
        return None
    described = sagemaker.describe_model_package(ModelPackageName=found["ModelPackageArn"])
    sha256 = registered_artifact(described)
    if sha256 is None:
        return None
    [container] = described["InferenceSpecification"]["Containers"]
    return Champion(version=described["ModelPackageVersion"], artifact_uri=container["ModelDataUrl"], sha256=sha256)
