"""The reports of an evaluation, which a lead reads before an approval, as a version names them in its metrics.

SageMaker has no operation that changes a version's metrics.
Source: Amazon SageMaker API Reference, UpdateModelPackage and MetricsSource.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_ALGORITHM = "sha256:"


@dataclass(frozen=True, kw_only=True)
class Report:
    """A file that a version's metrics name."""

    name: str
    """Its place in the metrics, such as `ModelQuality.Statistics`."""
    uri: str
    sha256: str
    """Of what the evaluation wrote, in hexadecimal digits; empty when it was registered without."""


def reports_of(described: Mapping[str, Any]) -> Iterator[Report]:
    """Yield the reports of a model package, from its description."""
    for group, sources in (described.get("ModelMetrics") or {}).items():
        for kind, source in sources.items():
            digest = str(source.get("ContentDigest", "")).lower()
            yield Report(
                name=f"{group}.{kind}",
                uri=source["S3Uri"],
                sha256=digest.removeprefix(_ALGORITHM) if digest.startswith(_ALGORITHM) else "",
            )
