"""S3: condition keys of requests that write objects.

Source: Amazon S3 User Guide, "Enforce conditional writes on Amazon S3 buckets"; Service Authorization Reference,
"Condition keys for Amazon S3".
"""

from collections.abc import Iterator, Mapping, Sequence

Query = Mapping[str, str | Sequence[str]]


def context(action: str, query: Query, headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the condition keys of a request, by the names of its headers in lower case."""
    if action != "s3:PutObject":
        return
    for name in ("if-match", "if-none-match"):
        if name in headers:
            yield f"s3:{name}", headers[name]
    # An upload of parts creates the object when it is completed: not when it is begun, nor with a part.
    fills = "uploads" in query or ("uploadId" in query and "partNumber" in query)
    yield "s3:ObjectCreationOperation", "false" if fills else "true"
