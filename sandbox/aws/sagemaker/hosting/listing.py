"""Lists of models, endpoint configurations and endpoints."""

from collections.abc import Sequence

from sandbox.aws.errors import ServiceError
from sandbox.aws.sagemaker import names
from sandbox.aws.service import Members

DEFAULT_PAGE = 10


def page(members: Members, key: str, noun: str, records: Sequence[Members]) -> Members:
    """Return one page of the `records` that a request selects, under `key`, in the order that it names."""
    name, status = f"{noun}Name", f"{noun}Status"
    sorts = {"Name": name, "CreationTime": "CreationTime", "Status": status}
    wanted = [record for record in records if _matches(members, name, status, record)]
    ascending = members.get("SortOrder") == "Ascending"
    sort = sorts[members.get("SortBy", "CreationTime")]
    wanted.sort(key=lambda record: record[sort], reverse=not ascending)
    token = members.get("NextToken", "0")
    if not token.isdigit():
        raise ServiceError("ValidationException", "Invalid NextToken.")
    start = int(token)
    end = start + members.get("MaxResults", DEFAULT_PAGE)
    summary = (name, f"{noun}Arn", status, "CreationTime", "LastModifiedTime")
    return {
        key: [names.pick(record, *summary) for record in wanted[start:end]],
        **({"NextToken": str(end)} if end < len(wanted) else {}),
    }


def _matches(members: Members, name: str, status: str, record: Members) -> bool:
    return (
        members.get("NameContains", "") in record[name]
        and members.get("StatusEquals") in (None, record.get(status))
        and all(
            record[moment] < members.get(f"{moment}Before", float("inf"))
            and record[moment] > members.get(f"{moment}After", float("-inf"))
            for moment in ("CreationTime", "LastModifiedTime")
            if moment in record
        )
    )
