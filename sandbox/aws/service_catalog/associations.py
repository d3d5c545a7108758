"""The products of portfolios, and the principals that may launch them."""

import re

from sandbox.aws.ministack import scope

products = scope.scoped_store()
"""By portfolio: its products."""
principals = scope.scoped_store()
"""By portfolio: the kind of each principal (IAM, or IAM_PATTERN), by its ARN."""


def paths(product_id: str, caller_arn: str) -> list[str]:
    """Return the portfolios through which the caller may launch the product."""
    return [portfolio_id for portfolio_id in holding(product_id) if _admits(portfolio_id, caller_arn)]


def holding(product_id: str) -> list[str]:
    """Return the portfolios that hold the product."""
    return [portfolio_id for portfolio_id, held in products.items() if product_id in held]


def _admits(portfolio_id: str, caller_arn: str) -> bool:
    arn = re.sub(r"^arn:aws:sts::(\d+):assumed-role/([^/]+)/.*$", r"arn:aws:iam::\1:role/\2", caller_arn)
    for principal, kind in principals.get(portfolio_id, {}).items():
        if kind == "IAM" and principal == arn:
            return True
        if kind == "IAM_PATTERN":
            pattern = re.escape(principal).replace(r"\*", ".*").replace(r"\?", ".")
            if re.fullmatch(pattern, re.sub(r"::\d+:", ":::", arn)):
                return True
    return False
