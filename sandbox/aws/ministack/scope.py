"""The account and region of the request that is being answered, and stores that are separate for each."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from sandbox.aws.ministack import modules


def account_id() -> str:
    """Return the account of the request that is being answered."""
    return modules.responses.get_account_id()


def region() -> str:
    """Return the region of the request that is being answered."""
    return modules.responses.get_region()


def request_scope(account: str, region_name: str) -> AbstractContextManager[None]:
    """Act in another account and region for a while."""
    return modules.responses.request_scope(account, region_name)


def scoped_store() -> Any:
    """Return a dictionary whose keys belong to the account and region of the request that is being answered."""
    return modules.responses.AccountRegionScopedDict()


def items_everywhere(store: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield the account, the region and the value of everything in such a dictionary."""
    for (account, region_name, _), value in list(store._data.items()):
        yield account, region_name, value


def arn(service: str, resource: str) -> str:
    """Return the ARN of a resource in the account and region of the request that is being answered."""
    return f"arn:aws:{service}:{region()}:{account_id()}:{resource}"
