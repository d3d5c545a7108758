"""Pages of a listing, in the order of names."""

from collections.abc import Sequence

from sandbox.aws.service import Members

MOST = 100
"""Records of a page, unless the request wants fewer."""


def page(members: Members, key: str, records: Sequence[Members]) -> Members:
    """Return one page under `key`."""
    ordered = sorted(records, key=lambda record: record["Name"])
    start = int(members.get("NextToken", "0"))
    end = start + members.get("MaxResults", MOST)
    return {key: ordered[start:end], **({"NextToken": str(end)} if end < len(ordered) else {})}
